/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "pass/prompt.h"
#include "pass/verb.h"
#include "resolver/pattern.h"
#include "resolver/secret_id.h"

const struct flag remove_flags[] = {
    {"all", 0, &flag_switch, "Remove all secrets", NULL, NULL},
    {"force", 'f', &flag_switch, "Don't ask before removing what patterns match", NULL,
     NULL},
    {0},
};

/* What is to go: ids, and whether each is there. The order is that of the ids. */
struct removal {
    struct map ids;     /* -> &is_there or NULL */
    struct buf reasons; /* what became of those that aren't removed, a line each */
    bool by_pattern;
};

static const char is_there; /* its address is the mark */

static int mark(struct removal *m, const char *id, bool there)
{
    return map_put(&m->ids, id, there ? (char *)(uintptr_t)&is_there : NULL, NULL);
}

/* ---- what is meant ---- */

static int add_matching(struct pass *p, struct removal *m, const char *pattern,
                        struct err *e)
{
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    int r = p->secrets->ops->list(p->secrets, pattern, &found, e);
    for (size_t i = 0; i < found.len && !r; i++)
        r = mark(m, found.items[i].id, true) ? err_no_memory(e) : 0;
    return r;
}

static bool is_pattern(const char *word)
{
    return strchr(word, '*');
}

static int check_word(const char *word, struct err *e)
{
    if (!is_pattern(word))
        return secret_id_check(word, strlen(word), e);
    cleanup_pattern struct pattern pattern = PATTERN_INIT;
    return pattern_parse(&pattern, word, strlen(word), e);
}

static int add_word(struct pass *p, struct removal *m, const char *word, struct err *e)
{
    m->by_pattern |= is_pattern(word);
    if (!is_pattern(word) && mark(m, word, false))
        return err_no_memory(e);
    return add_matching(p, m, word, e);
}

/* All words are looked at before anything is removed. */
static int collect(struct pass *p, struct removal *m, struct err *e)
{
    bool all = flags_switch(&p->flags, "all");
    if (all == (p->argc > 0))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "either provide a secret name or use --all to remove all secrets");
    int r = 0;
    for (int i = 0; i < p->argc && !r; i++)
        r = check_word(p->argv[i], e);
    for (int i = 0; i < p->argc && !r; i++)
        r = add_word(p, m, p->argv[i], e);
    return !r && all ? add_matching(p, m, "**", e) : r;
}

/* ---- leave to do it ---- */

static int confirm(struct pass *p, const struct removal *m, struct err *e)
{
    if (!m->by_pattern || !m->ids.len || flags_switch(&p->flags, "force"))
        return 0;
    if (!prompt_is_possible())
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "a pattern removes secrets without a terminal only with --force");
    for (size_t i = 0; i < m->ids.len; i++)
        fprintf(stderr, "%s\n", m->ids.entries[i].key);
    cleanup_free char *question = str_format("Remove these %zu secrets?", m->ids.len);
    if (!question)
        return err_no_memory(e);
    return prompt_yes(question) ? 0 : err_set(e, ERR_CANCELED, "nothing is removed");
}

/* ---- doing it ---- */

static int tell_failure(struct removal *m, const char *id, const struct err *why)
{
    printf("ERR: %s: %s\n", id, err_text(why));
    return buf_printf(&m->reasons, "%s%s: %s", m->reasons.len ? "\n" : "", id,
                      err_text(why));
}

static int remove_one(struct pass *p, struct removal *m, const struct map_entry *entry,
                      struct err *e)
{
    struct err why = {0};
    int r = entry->value ? p->secrets->ops->remove(p->secrets, entry->key, &why)
                         : err_set(&why, ERR_NOT_FOUND, "secret not found");
    if (r)
        return tell_failure(m, entry->key, &why) ? err_no_memory(e) : 0;
    printf("RM: %s\n", entry->key);
    return 0;
}

static int remove_all(struct pass *p, struct removal *m, struct err *e)
{
    int r = 0;
    for (size_t i = 0; i < m->ids.len && !r; i++)
        r = remove_one(p, m, &m->ids.entries[i], e);
    if (r || !m->reasons.len)
        return r;
    fflush(stdout);
    fprintf(stderr, "Error: %s\n", buf_str(&m->reasons));
    p->status = PASS_FAILED;
    return 0;
}

int remove_run(struct pass *p, struct err *e)
{
    struct removal m = {.ids = MAP_INIT};
    int r = collect(p, &m, e);
    if (!r)
        r = confirm(p, &m, e);
    if (!r)
        r = remove_all(p, &m, e);
    map_deinit(&m.ids);
    buf_deinit(&m.reasons);
    return r;
}
