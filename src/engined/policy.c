/* SPDX-License-Identifier: Apache-2.0 */
#include "engined/policy.h"

#include <string.h>

#include "base/clock.h"
#include "base/macro.h"
#include "base/str.h"

/* A line's words. */
#define WORDS_MAX 3
#define LINE_MAX_BYTES 2048

static const struct {
    const char *word;
    enum verdict verdict;
} verdicts[] = {
    {"allow", VERDICT_ALLOW},
    {"deny", VERDICT_DENY},
    {"ask", VERDICT_ASK},
};

static enum verdict verdict_of(const char *word)
{
    for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++)
        if (str_equal(verdicts[i].word, word))
            return verdicts[i].verdict;
    return VERDICT_NONE;
}

/* Splits a line in place; WORDS_MAX + 1 when there are more. */
static size_t split(char *line, char *words[WORDS_MAX])
{
    char *save = NULL;
    size_t n = 0;
    for (char *word = strtok_r(line, " \t\r", &save); word;
         word = strtok_r(NULL, " \t\r", &save)) {
        if (n == WORDS_MAX)
            return n + 1;
        words[n++] = word;
    }
    return n;
}

static int take_time(struct rule *rule, const char *text, struct err *e)
{
    bool is_time = clock_parse_duration(text, &rule->time) && rule->time > 0;
    if (!is_time || rule->verdict != VERDICT_ASK)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "behind a pattern only 'ask' has a time, such as 15m");
    return 0;
}

static int take_line(struct policy *p, char *line, struct err *e)
{
    char *words[WORDS_MAX];
    size_t n = split(line, words);
    if (!n || *words[0] == '#')
        return 0;
    if (p->n == POLICY_RULES_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "more than %d rules", POLICY_RULES_MAX);
    struct rule *rule = &p->rules[p->n];
    rule->verdict = verdict_of(words[0]);
    rule->time = POLICY_TIME;
    if (rule->verdict == VERDICT_NONE || n < 2 || n > WORDS_MAX)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "it is not of the form 'allow|deny|ask PATTERN [TIME]'");
    int r = n == WORDS_MAX ? take_time(rule, words[2], e) : 0;
    if (!r)
        r = pattern_parse(&rule->pattern, words[1], strlen(words[1]), e);
    p->n += r ? 0 : 1;
    return r;
}

int policy_parse(struct policy *p, const char *text, struct err *e)
{
    char line[LINE_MAX_BYTES];
    int r = 0;
    p->n = 0;
    for (int number = 1; *text && !r; number++) {
        size_t n = strcspn(text, "\n");
        strcpy_cut(line, n < sizeof(line) ? n + 1 : sizeof(line), text);
        r = n < sizeof(line) ? take_line(p, line, e)
                             : err_set(e, ERR_INVALID_ARGUMENT, "it is too long");
        if (r)
            err_wrap(e, r, "line %d", number);
        text += text[n] ? n + 1 : n;
    }
    if (r)
        policy_deinit(p);
    return r;
}

void policy_deinit(struct policy *p)
{
    for (size_t i = 0; i < p->n; i++)
        pattern_deinit(&p->rules[i].pattern);
    p->n = 0;
}

static bool decides(const struct rule *rule, const struct pattern *wanted)
{
    return rule->verdict == VERDICT_ALLOW ? pattern_includes(&rule->pattern, wanted)
                                          : pattern_intersects(&rule->pattern, wanted);
}

enum verdict policy_judge(const struct policy *p, const struct pattern *wanted,
                          const struct rule **rule)
{
    *rule = NULL;
    for (size_t i = 0; i < p->n && !*rule; i++)
        if (decides(&p->rules[i], wanted))
            *rule = &p->rules[i];
    return *rule ? (*rule)->verdict : VERDICT_NONE;
}
