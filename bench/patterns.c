/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times patterns and, on the same texts, the C library's fnmatch() and regexec():
 *
 *   bench-patterns CASE SUBJECT COUNT
 *
 * prints the microseconds that COUNT matches took. Subjects: "parsed" (the pattern was
 * read before, as the engine has it), "text" (both are read each time), "fnmatch",
 * "regexec" (compiled before).
 */
#include <coffer/coffer.h>
#include <fnmatch.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "resolver/pattern.h"

/* The same as a regular expression; "**" with its slashes is any number of components. */
struct sample {
    const char *name, *pattern, *expression;
    const char *id; /* NULL: "a/a/a/..." of `components` */
    int components;
    bool is_match;
};

static const struct sample samples[] = {
    {"id", "team/openai/api-key", "^team/openai/api-key$", "team/openai/api-key", 0,
     true},
    {"wildcards", "team/*/prod/**", "^team/[^/]+/prod(/.*)?$",
     "team/payments/prod/database/password", 0, true},
    {"worst", "**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/b",
     "^(.*/)?a/(.*/)?a/(.*/)?a/(.*/)?a/(.*/)?a/(.*/)?a/(.*/)?a/(.*/)?b$", NULL,
     SECRET_ID_COMPONENTS_MAX, false},
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static _Noreturn void fail(const char *why)
{
    fprintf(stderr, "bench-patterns: %s\n", why);
    exit(EXIT_FAILURE);
}

static void make_id(const struct sample *s, char id[SECRET_ID_MAX + 1])
{
    snprintf(id, SECRET_ID_MAX + 1, "%s", s->id ? s->id : "a");
    for (int i = 1; i < s->components && 2 * i + 1 <= SECRET_ID_MAX; i++)
        memcpy(id + 2 * i - 1, "/a", 3);
}

/* ---- the subjects: do all of the sample's matches agree with what is right? ---- */

static bool match_parsed(const struct sample *s, const char *id, long n)
{
    struct pattern p;
    bool all = true;
    if (pattern_parse(&p, s->pattern, strlen(s->pattern), NULL))
        fail("a pattern is invalid");
    for (long i = 0; i < n; i++)
        all = pattern_match(&p, id) == s->is_match && all;
    pattern_deinit(&p);
    return all;
}

static bool match_text(const struct sample *s, const char *id, long n)
{
    bool all = true;
    for (long i = 0; i < n; i++)
        all = coffer_pattern_match(s->pattern, id) == s->is_match && all;
    return all;
}

/* It knows no "**": without FNM_PATHNAME a star takes slashes, too. */
static bool match_fnmatch(const struct sample *s, const char *id, long n)
{
    bool all = true;
    for (long i = 0; i < n; i++)
        all = (fnmatch(s->pattern, id, 0) == 0) == s->is_match && all;
    return all;
}

static bool match_regexec(const struct sample *s, const char *id, long n)
{
    regex_t r;
    bool all = true;
    if (regcomp(&r, s->expression, REG_EXTENDED | REG_NOSUB))
        fail("an expression is invalid");
    for (long i = 0; i < n; i++)
        all = (regexec(&r, id, 0, NULL, 0) == 0) == s->is_match && all;
    regfree(&r);
    return all;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        bool (*match)(const struct sample *s, const char *id, long n);
    } subjects[] = {{"parsed", match_parsed},
                    {"text", match_text},
                    {"fnmatch", match_fnmatch},
                    {"regexec", match_regexec}};
    char id[SECRET_ID_MAX + 1];
    if (argc != 4)
        fail("CASE SUBJECT COUNT");
    for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
        for (size_t k = 0; k < sizeof(subjects) / sizeof(*subjects); k++) {
            if (strcmp(argv[1], samples[i].name) || strcmp(argv[2], subjects[k].name))
                continue;
            make_id(&samples[i], id);
            double start = now();
            if (!subjects[k].match(&samples[i], id, strtol(argv[3], NULL, 10)))
                fail("a match came out wrong");
            printf("%.1f\n", now() - start);
            return EXIT_SUCCESS;
        }
    }
    fail("no such case or subject");
}
