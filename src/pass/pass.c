/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/pass.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/str.h"
#include "pass/plain_text.h"
#include "pass/private.h"
#include "json/json.h"

/*
 * From words to a verb. Errors are told as Docker's program tells them: one line, "Error:
 * ...", and 1 is the status of all of them.
 */
static int tell(const struct err *e)
{
    fflush(stdout);
    fputs("Error: ", stderr);
    plain_text_print(stderr, err_text(e));
    fputc('\n', stderr);
    return PASS_FAILED;
}

/* A reader of standard output that has gone away is no failure of ours, a full disk is.
 */
static int flush_output(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "Error: can't write to standard output\n");
    return PASS_FAILED;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc && !str_equal(argv[i], "--"); i++)
        if (str_equal(argv[i], "--help") || str_equal(argv[i], "-h"))
            return true;
    return false;
}

static int check_arguments(const struct pass *p, struct err *e)
{
    const struct verb *v = p->verb;
    if (p->argc < v->min && v->max < 0)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "requires at least %d arg(s), only received %d", v->min, p->argc);
    if (v->max > v->min && (p->argc < v->min || p->argc > v->max))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "accepts between %d and %d arg(s), received %d", v->min, v->max,
                       p->argc);
    if (v->max >= 0 && (p->argc < v->min || p->argc > v->max))
        return err_set(e, ERR_INVALID_ARGUMENT, "accepts %d arg(s), received %d", v->max,
                       p->argc);
    return 0;
}

static int run_verb(struct pass *p, struct err *e)
{
    int r = check_arguments(p, e);
    if (!r)
        r = engine_new(&p->secrets, e);
    if (!r)
        r = p->verb->run(p, e);
    engine_free(p->secrets);
    return r;
}

static int start_verb(struct pass *p, int argc, char **argv)
{
    static const struct flag none[] = {{0}};
    struct err e = {0};
    if (asks_for_help(p->verb->first_ends && argc ? 1 : argc, argv)) {
        verb_help(p->program, p->verb);
        return flush_output(0);
    }
    p->argc = argc;
    p->argv = argv;
    int r = flags_parse(&p->flags, p->verb->flags ? p->verb->flags : none,
                        p->verb->first_ends, &p->argc, argv, &e);
    if (!r) {
        argv[p->argc] = NULL;
        r = run_verb(p, &e);
    }
    flags_deinit(&p->flags);
    return flush_output(r ? tell(&e) : p->status);
}

static int unknown(const char *program, const char *group, const char *name)
{
    struct err e = {0};
    if (name[0] == '-')
        err_set(&e, ERR_INVALID_ARGUMENT, "unknown flag: %s", name);
    else
        err_set(&e, ERR_INVALID_ARGUMENT, "unknown command \"%s\" for \"%s%s%s\"", name,
                program, group ? " " : "", group ? group : "");
    return tell(&e);
}

static bool is_help(const char *word)
{
    return str_equal(word, "--help") || str_equal(word, "-h") || str_equal(word, "help");
}

static int find_verb(struct pass *p, int argc, char **argv)
{
    const char *next = argc > 1 ? argv[1] : NULL;
    const char *group = argc && verb_begins_group(argv[0], next) ? argv[0] : NULL;
    int at = group ? 1 : 0;
    if (group && argc == at && (p->verb = verb_find(group, "show")))
        return start_verb(p, 0, argv + at);
    if (argc == at || is_help(argv[at])) {
        verb_help_group(p->program, group);
        return flush_output(0);
    }
    p->verb = verb_find(group, argv[at]);
    if (!p->verb)
        return unknown(p->program, group, argv[at]);
    return start_verb(p, argc - at - 1, argv + at + 1);
}

/* Where a standard descriptor is closed, no file or connection of ours may take its
 * place: what is read or printed there fails as it did. */
static void hold_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int pass_run(struct pass *p, int argc, char **argv)
{
    hold_standard_descriptors();
    /* Secrets pass through our memory: no core of it, and no debugger's look. */
    prctl(PR_SET_DUMPABLE, 0);
    json_setup();
    return find_verb(p, argc, argv);
}

int pass_main(const char *program, int argc, char **argv)
{
    struct pass p = {.program = program};
    return pass_run(&p, argc, argv);
}

/* ---- completion ---- */

/* What cobra's scripts read behind the words: whether files may stand there too. */
enum {
    COMPLETE_FILES_TOO = 0,
    COMPLETE_NO_FILES = 4,
};

static bool complete(int argc, char **argv)
{
    struct secrets *secrets = NULL;
    prctl(PR_SET_DUMPABLE, 0);
    if (engine_find(&secrets, NULL))
        return false;
    bool files = verb_complete(secrets, argc, argv);
    engine_free(secrets);
    return files;
}

void pass_complete_words(int argc, char **argv)
{
    complete(argc, argv);
}

int pass_complete(int argc, char **argv)
{
    printf(":%d\n", complete(argc, argv) ? COMPLETE_FILES_TOO : COMPLETE_NO_FILES);
    return flush_output(0);
}
