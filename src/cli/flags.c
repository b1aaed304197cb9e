/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/flags.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/values.h"

const struct flag *flag_find(const struct flag *table, const char *name, size_t n)
{
    for (; table && table->name; table++)
        if (strlen(table->name) == n && memcmp(table->name, name, n) == 0)
            return table;
    return NULL;
}

static const struct flag *find_letter(const struct flag *table, char letter)
{
    for (; table && table->name; table++)
        if (table->letter && table->letter == letter)
            return table;
    return NULL;
}

static bool is_switch(const struct flag *flag)
{
    return flag->type == &flag_switch;
}

/* Says which flag, in both its forms when it has two. */
static int refuse_value(const struct flag *flag, const char *value, struct err *e)
{
    char why[ERR_TEXT_SIZE];
    strcpy_cut(why, sizeof(why), err_text(e));
    if (flag->letter)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "invalid argument \"%s\" for \"-%c, --%s\" flag: %s", value,
                       flag->letter, flag->name, why);
    return err_set(e, ERR_INVALID_ARGUMENT,
                   "invalid argument \"%s\" for \"--%s\" flag: %s", value, flag->name,
                   why);
}

static int add(struct flags *f, const struct flag *flag, const char *value, struct err *e)
{
    struct err local = {0};
    if (flag->refused)
        return err_set(e, ERR_INVALID_ARGUMENT, "--%s: %s", flag->name, flag->refused);
    if (flag->type->check) {
        int r = flag->type->check(value, &local);
        if (r == ERR_NO_MEMORY)
            return err_no_memory(e);
        if (r) {
            refuse_value(flag, value, &local);
            return err_set(e, ERR_INVALID_ARGUMENT, "%s", local.text);
        }
    }
    f->values[f->len++] = (struct flag_value){flag, value};
    return 0;
}

/* What is left of a command line while it is read. */
struct line {
    char **argv;
    int argc;
    int at;   /* the next to look at */
    int kept; /* arguments found so far, at the front of argv */
};

static const char *next_value(struct line *l)
{
    return l->at < l->argc ? l->argv[l->at++] : NULL;
}

static int parse_long(struct flags *f, const struct flag *table, struct line *l,
                      const char *arg, struct err *e)
{
    size_t n = strcspn(arg, "=");
    const struct flag *flag = flag_find(table, arg, n);
    if (!flag)
        return err_set(e, ERR_INVALID_ARGUMENT, "unknown flag: --%.*s", (int)n, arg);
    const char *value = arg[n] == '=' ? arg + n + 1 : is_switch(flag) ? "true" : NULL;
    if (!value)
        value = next_value(l);
    if (!value)
        return err_set(e, ERR_INVALID_ARGUMENT, "flag needs an argument: --%s",
                       flag->name);
    return add(f, flag, value, e);
}

/* A cluster: switches, the last one may take a value. */
static int parse_short(struct flags *f, const struct flag *table, struct line *l,
                       const char *cluster, struct err *e)
{
    for (const char *p = cluster; *p;) {
        const struct flag *flag = find_letter(table, *p);
        if (!flag)
            return err_set(e, ERR_INVALID_ARGUMENT, "unknown shorthand flag: '%c' in -%s",
                           *p, cluster);
        p++;
        const char *value = *p == '=' ? p + 1 : NULL;
        if (!value && is_switch(flag)) {
            int r = add(f, flag, "true", e);
            if (r)
                return r;
            continue;
        }
        if (!value)
            value = *p ? p : next_value(l);
        if (!value)
            return err_set(e, ERR_INVALID_ARGUMENT, "flag needs an argument: '%c' in -%s",
                           flag->letter, cluster);
        return add(f, flag, value, e);
    }
    return 0;
}

static void keep_rest(struct line *l)
{
    while (l->at < l->argc)
        l->argv[l->kept++] = l->argv[l->at++];
}

static int parse_line(struct flags *f, const struct flag *table, bool first_ends,
                      struct line *l, struct err *e)
{
    while (l->at < l->argc) {
        char *arg = l->argv[l->at++];
        int r = 0;
        if (str_equal(arg, "--")) {
            keep_rest(l);
        } else if (str_starts_with(arg, "--")) {
            r = parse_long(f, table, l, arg + 2, e);
        } else if (arg[0] == '-' && arg[1]) {
            r = parse_short(f, table, l, arg + 1, e);
        } else {
            l->argv[l->kept++] = arg;
            if (first_ends)
                keep_rest(l);
        }
        if (r)
            return r;
    }
    return 0;
}

/* No more values than characters can say flags: one for each letter of a cluster. */
static size_t most_values(int argc, char **argv)
{
    size_t n = 1;
    for (int i = 0; i < argc; i++)
        n += argv[i][0] == '-' && argv[i][1] != '-' ? strlen(argv[i]) : 1;
    return n;
}

int flags_parse(struct flags *f, const struct flag *table, bool first_ends, int *argc,
                char **argv, struct err *e)
{
    size_t most = most_values(*argc, argv);
    if (most > FLAGS_MAX)
        return err_set(e, ERR_INVALID_ARGUMENT, "more than %d arguments", FLAGS_MAX);
    struct flags parsed = {.values = calloc(most, sizeof(*parsed.values))};
    if (!parsed.values)
        return err_no_memory(e);
    struct line l = {.argv = argv, .argc = *argc};
    int r = parse_line(&parsed, table, first_ends, &l, e);
    if (r) {
        flags_deinit(&parsed);
        return r;
    }
    *f = parsed;
    *argc = l.kept;
    return 0;
}

void flags_deinit(struct flags *f)
{
    free(f->values);
    *f = (struct flags)FLAGS_INIT;
}

const char *flags_string(const struct flags *f, const char *name)
{
    for (size_t i = f->len; i-- > 0;)
        if (str_equal(f->values[i].flag->name, name))
            return f->values[i].value;
    return NULL;
}

bool flags_has(const struct flags *f, const char *name)
{
    return flags_string(f, name);
}

bool flags_switch(const struct flags *f, const char *name)
{
    const char *value = flags_string(f, name);
    bool on = false;
    return value && value_bool(value, &on, NULL) == 0 && on;
}

const char *flags_next(const struct flags *f, const char *name, size_t *i)
{
    while (*i < f->len) {
        const struct flag_value *v = &f->values[(*i)++];
        if (str_equal(v->flag->name, name))
            return v->value;
    }
    return NULL;
}

bool flags_has_prefix(const struct flags *f, const char *prefix)
{
    for (size_t i = 0; i < f->len; i++)
        if (str_starts_with(f->values[i].flag->name, prefix))
            return true;
    return false;
}
