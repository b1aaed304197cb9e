/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/arguments.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "resolver/reference.h"

enum where {
    GLOBAL = 1,
    CREATE = 2,
    RUN = 4,
    EXEC = 8,
    DELETE = 16,
    RESTORE = 32,
    MAKE = CREATE | RUN,
    ANY = CREATE | RUN | EXEC,
};

/* What an option means to us, besides being passed on. */
enum meaning {
    NOTHING,
    SETTINGS,
    LOG,
    LOG_FORMAT,
    BUNDLE,
    CONFIG,
    PROCESS,
    PRESERVE,
    VARIABLE,
    DETACH,
};

struct option {
    const char *name;
    char letter;
    unsigned where;
    bool has_value;
    enum meaning meaning;
};

static const struct option options[] = {
    {"coffer-config", 0, GLOBAL, true, SETTINGS},
    {"log", 0, GLOBAL, true, LOG},
    {"log-format", 0, GLOBAL, true, LOG_FORMAT},
    {"log-level", 0, GLOBAL, true, NOTHING},
    {"root", 0, GLOBAL, true, NOTHING},
    {"rootless", 0, GLOBAL, true, NOTHING},
    {"criu", 0, GLOBAL, true, NOTHING},
    {"cgroup-manager", 0, GLOBAL, true, NOTHING},
    {"systemd-cgroup", 0, GLOBAL, false, NOTHING},
    {"debug", 0, GLOBAL, false, NOTHING},
    {"version", 'v', GLOBAL, false, NOTHING},
    {"", 'V', GLOBAL, false, NOTHING},
    {"help", 'h', GLOBAL | ANY | DELETE, false, NOTHING},
    {"usage", '?', GLOBAL | ANY | DELETE, false, NOTHING},

    {"bundle", 'b', MAKE | RESTORE, true, BUNDLE},
    {"config", 'f', MAKE, true, CONFIG},
    {"no-pivot", 0, GLOBAL | MAKE | RESTORE, false, NOTHING},
    {"no-new-keyring", 0, MAKE, false, NOTHING},
    {"no-subreaper", 0, MAKE | RESTORE, false, NOTHING},
    {"keep", 0, RUN, false, NOTHING},

    {"console-socket", 0, ANY | RESTORE, true, NOTHING},
    {"pid-file", 0, ANY | RESTORE, true, NOTHING},
    {"pidfd-socket", 0, ANY, true, NOTHING},
    {"preserve-fds", 0, ANY, true, PRESERVE},
    {"detach", 'd', RUN | EXEC | RESTORE, false, DETACH},

    {"process", 'p', EXEC, true, PROCESS},
    {"env", 'e', EXEC, true, VARIABLE},
    {"cwd", 0, EXEC, true, NOTHING},
    {"tty", 't', EXEC, false, NOTHING},
    {"user", 'u', EXEC, true, NOTHING},
    {"additional-gids", 'g', EXEC, true, NOTHING},
    {"process-label", 0, EXEC, true, NOTHING},
    {"apparmor", 0, EXEC, true, NOTHING},
    {"no-new-privs", 0, EXEC, false, NOTHING},
    {"cap", 'c', EXEC, true, NOTHING},
    {"cgroup", 0, EXEC, true, NOTHING},
    {"ignore-paused", 0, EXEC, false, NOTHING},

    {"force", 'f', DELETE, false, NOTHING},
    {"regex", 'r', DELETE, false, NOTHING},

    {"image-path", 0, RESTORE, true, NOTHING},
    {"work-path", 0, RESTORE, true, NOTHING},
    {"tcp-established", 0, RESTORE, false, NOTHING},
    {"ext-unix-sk", 0, RESTORE, false, NOTHING},
    {"shell-job", 0, RESTORE, false, NOTHING},
    {"file-locks", 0, RESTORE, false, NOTHING},
    {"manage-cgroups-mode", 0, RESTORE, true, NOTHING},
    {"empty-ns", 0, RESTORE, true, NOTHING},
    {"auto-dedup", 0, RESTORE, false, NOTHING},
    {"lazy-pages", 0, RESTORE, false, NOTHING},
    {"lsm-profile", 0, RESTORE, true, NOTHING},
    {"lsm-mount-context", 0, RESTORE, true, NOTHING},
};

/* An option as it stands on the line. */
struct found {
    const struct option *option; /* NULL: unknown */
    const char *value;           /* what is joined to it, or NULL */
    bool detaches;               /* it, or one that is joined to it */
};

static const struct option *find_name(const char *name, size_t n, unsigned where)
{
    for (size_t i = 0; n && i < ARRAY_SIZE(options); i++)
        if (options[i].where & where && strlen(options[i].name) == n &&
            !memcmp(options[i].name, name, n))
            return &options[i];
    return NULL;
}

static const struct option *find_letter(char letter, unsigned where)
{
    for (size_t i = 0; i < ARRAY_SIZE(options); i++)
        if (options[i].where & where && options[i].letter == letter)
            return &options[i];
    return NULL;
}

/* Letters may be joined: "-dt", "-bFOLDER". */
static struct found find_letters(const char *word, unsigned where)
{
    bool detaches = false;
    for (const char *at = word; *at; at++) {
        const struct option *o = find_letter(*at, where);
        detaches |= o && o->meaning == DETACH;
        if (!o || !at[1] || o->has_value)
            return (struct found){o, o && at[1] ? at + 1 : NULL, detaches};
    }
    return (struct found){0};
}

static struct found find(const char *word, unsigned where)
{
    bool is_long = word[1] == '-';
    const char *name = word + 1 + is_long;
    size_t n = strcspn(name, "=");
    const struct option *o = n > 1 || (is_long && n) ? find_name(name, n, where) : NULL;
    if (o || is_long)
        return (struct found){o, name[n] ? name + n + 1 : NULL,
                              o && o->meaning == DETACH};
    return find_letters(name, where);
}

static int take_count(struct arguments *a, const char *value, struct err *e)
{
    uint64_t n;
    if (!str_to_u64(value, &n) || n > PRESERVE_FDS_MAX)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "--preserve-fds must be a number up to %d", PRESERVE_FDS_MAX);
    a->preserve_fds = (unsigned)n;
    return 0;
}

static void take_variable(struct arguments *a, const char *text)
{
    const char *equals = strchr(text, '=');
    if (equals && reference_is(equals + 1) && !a->reference)
        a->reference = text;
}

static int take_value(struct arguments *a, enum meaning meaning, const char *value,
                      struct err *e)
{
    const char **const places[] = {
        [SETTINGS] = &a->settings, [LOG] = &a->log,       [LOG_FORMAT] = &a->log_format,
        [BUNDLE] = &a->bundle,     [CONFIG] = &a->config, [PROCESS] = &a->process,
    };
    const char **place = meaning < ARRAY_SIZE(places) ? places[meaning] : NULL;
    if (meaning == PRESERVE)
        return take_count(a, value, e);
    if (meaning == VARIABLE)
        take_variable(a, value);
    else if (place)
        *place = value;
    return 0;
}

static enum word_kind kind_of(enum meaning meaning)
{
    bool is_replaced = meaning == BUNDLE || meaning == CONFIG || meaning == PROCESS ||
                       meaning == PRESERVE;
    bool is_log = meaning == LOG || meaning == LOG_FORMAT;
    return meaning == SETTINGS ? WORD_OURS
           : is_replaced       ? WORD_REPLACED
           : is_log            ? WORD_LOG
                               : WORD_PASSED;
}

/* The option at *at, which moves behind it and its value. */
static int take_option(struct arguments *a, size_t *at, unsigned where, struct err *e)
{
    const char *word = a->argv[*at];
    struct found f = find(word, where);
    size_t first = (*at)++;
    if (!f.option) {
        a->unknown = a->unknown ? a->unknown : word;
        return 0;
    }
    a->is_detached |= f.detaches;
    if (!f.option->has_value)
        return 0;
    if (!f.value && *at >= (size_t)a->argc)
        return err_set(e, ERR_INVALID_ARGUMENT, "option %s needs a value", word);
    if (!f.value)
        f.value = a->argv[(*at)++];
    for (size_t i = first; i < *at; i++)
        a->kinds[i] = kind_of(f.option->meaning);
    return take_value(a, f.option->meaning, f.value, e);
}

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1];
}

static enum command command_of(const char *word)
{
    return str_equal(word, "create")    ? COMMAND_CREATE
           : str_equal(word, "run")     ? COMMAND_RUN
           : str_equal(word, "exec")    ? COMMAND_EXEC
           : str_equal(word, "delete")  ? COMMAND_DELETE
           : str_equal(word, "restore") ? COMMAND_RESTORE
                                        : COMMAND_OTHER;
}

static int parse_global(struct arguments *a, struct err *e)
{
    size_t at = 1, n = (size_t)a->argc;
    int r = 0;
    while (!r && at < n && is_option(a->argv[at]))
        r = take_option(a, &at, GLOBAL, e);
    a->command_at = at < n ? at : n;
    a->command = at < n ? command_of(a->argv[at]) : COMMAND_OTHER;
    return r;
}

/* crun takes options behind the container, too; but behind that of exec is the command of
 * the user. */
static int parse_command(struct arguments *a, struct err *e)
{
    static const unsigned where[] = {[COMMAND_CREATE] = CREATE,
                                     [COMMAND_RUN] = RUN,
                                     [COMMAND_EXEC] = EXEC,
                                     [COMMAND_DELETE] = DELETE,
                                     [COMMAND_RESTORE] = RESTORE};
    int r = 0;
    for (size_t at = a->command_at + 1; !r && at < (size_t)a->argc;) {
        const char *word = a->argv[at];
        if (is_option(word) && !str_equal(word, "--")) {
            r = take_option(a, &at, where[a->command], e);
            continue;
        }
        at++;
        if (!str_equal(word, "--"))
            a->id = a->id ? a->id : word;
        if (a->id && a->command == COMMAND_EXEC)
            break;
    }
    return r;
}

static bool starts_something(enum command c)
{
    return c == COMMAND_CREATE || c == COMMAND_RUN || c == COMMAND_EXEC ||
           c == COMMAND_RESTORE;
}

/* With an unknown option before it, the command may be another word than it seems. */
static int check_hidden(const struct arguments *a, struct err *e)
{
    if (!a->unknown || a->command != COMMAND_OTHER)
        return 0;
    for (int i = 1; i < a->argc; i++)
        if (starts_something(command_of(a->argv[i])))
            return err_set(e, ERR_INVALID_ARGUMENT, "option %s isn't known to coffer",
                           a->unknown);
    return 0;
}

int arguments_parse(struct arguments *a, int argc, char **argv, struct err *e)
{
    *a = (struct arguments){.argc = argc, .argv = argv};
    a->kinds = calloc((size_t)argc + 1, sizeof(*a->kinds));
    if (!a->kinds)
        return err_no_memory(e);
    int r = parse_global(a, e);
    if (!r && a->command != COMMAND_OTHER)
        r = parse_command(a, e);
    return r ? r : check_hidden(a, e);
}

void arguments_deinit(struct arguments *a)
{
    free(a->kinds);
    *a = (struct arguments){0};
}

static bool is_passed(const struct arguments *a, size_t i, bool is_rewritten)
{
    return a->kinds[i] == WORD_PASSED || a->kinds[i] == WORD_LOG ||
           (a->kinds[i] == WORD_REPLACED && !is_rewritten);
}

char **arguments_compose(const struct arguments *a, const char *runtime,
                         const char *const *extra)
{
    size_t n_extra = 0, m = 0;
    while (extra && extra[n_extra])
        n_extra++;
    const char **out = calloc((size_t)a->argc + n_extra + 2, sizeof(*out));
    if (!out)
        return NULL;
    out[m++] = runtime;
    for (size_t i = 1; i < (size_t)a->argc; i++) {
        if (is_passed(a, i, extra != NULL))
            out[m++] = a->argv[i];
        for (size_t k = 0; i == a->command_at && k < n_extra; k++)
            out[m++] = extra[k];
    }
    return (char **)(void *)out;
}

char **arguments_for_state(const struct arguments *a, const char *runtime)
{
    size_t m = 0;
    const char **out = calloc(a->command_at + 3, sizeof(*out));
    if (!out)
        return NULL;
    out[m++] = runtime;
    for (size_t i = 1; i < a->command_at; i++)
        if (a->kinds[i] == WORD_PASSED)
            out[m++] = a->argv[i];
    out[m++] = "state";
    out[m] = a->id;
    return (char **)(void *)out;
}
