/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/store_move.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

/* The engine answers for one store at a time, and is started anew for each. */

/* Fills each of the listed secrets with its value. */
static int fetch(struct secrets *s, struct secret_envelopes *list, struct err *e)
{
    size_t total = 0;
    int r = 0;
    for (size_t i = 0; i < list->len && !r; i++) {
        cleanup_secret_envelopes struct secret_envelopes found = {0};
        const char *id = list->items[i].id;
        size_t failed;
        r = s->ops->get(s, &id, 1, &found, &failed, e);
        if (!r && found.len != 1)
            r = err_set(e, ERR_NOT_FOUND,
                        "%s can't be read alone: %zu secrets have this id", id,
                        found.len);
        if (r)
            return err_wrap(e, r, "nothing is moved");
        total += found.items[0].value.len;
        if (total > STORE_MOVE_MAX)
            return err_set(e, ERR_RESOURCE_EXHAUSTED,
                           "the store is too large to be moved at once");
        r = secret_envelope_set_value(&list->items[i], found.items[0].value.data,
                                      found.items[0].value.len, e);
    }
    return r;
}

static int save_all(struct secrets *s, const struct secret_envelopes *list, size_t *taken,
                    struct err *e)
{
    int r = 0;
    for (size_t i = 0; i < list->len && !r; i++) {
        r = s->ops->save(s, &list->items[i], false, e);
        if (r == ERR_ALREADY_EXISTS) {
            (*taken)++;
            r = 0;
        } else if (r) {
            err_wrap(e, r, "copying %s", list->items[i].id);
        }
    }
    return r;
}

/* Is it in the new store as it was in the old one? */
static int is_same(struct secrets *s, const struct secret_envelope *old, bool *same,
                   struct err *e)
{
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    const char *id = old->id;
    size_t failed;
    int r = s->ops->get(s, &id, 1, &found, &failed, e);
    if (r)
        return r;
    const struct buf *value = found.len ? &found.items[0].value : NULL;
    *same = found.len == 1 && value->len == old->value.len &&
            memcmp(buf_str(value), buf_str(&old->value), value->len) == 0;
    return 0;
}

/* Those that aren't the same there lose their id here, so that they stay. */
static int verify(struct secrets *s, struct secret_envelopes *list, size_t *differ,
                  struct err *e)
{
    int r = 0;
    for (size_t i = 0; i < list->len && !r; i++) {
        bool same = false;
        r = is_same(s, &list->items[i], &same, e);
        if (!r && !same) {
            (*differ)++;
            free(TAKE(list->items[i].id));
        }
    }
    return r;
}

static int remove_all(struct secrets *s, const struct secret_envelopes *list,
                      struct err *e)
{
    int r = 0;
    for (size_t i = 0; i < list->len && !r; i++)
        if (list->items[i].id)
            r = s->ops->remove(s, list->items[i].id, e);
    return r;
}

/* The first word: the name of a store. */
static void cut_name(char words[STORE_WORDS_SIZE])
{
    words[strspn(words, "abcdefghijklmnopqrstuvwxyz")] = '\0';
}

static int move(struct secrets *s, const char *from, const char *to,
                struct secret_envelopes *list, struct err *e)
{
    size_t taken = 0, differ = 0;
    int r = s->ops->list(s, "**", list, e);
    if (!r)
        r = fetch(s, list, e);
    if (!r)
        r = store_switch(s, to, e);
    if (!r)
        r = save_all(s, list, &taken, e);
    if (!r)
        r = verify(s, list, &differ, e);
    if (!r)
        r = store_switch(s, from, e);
    if (!r)
        r = remove_all(s, list, e);
    if (!r)
        r = store_switch(s, to, e);
    if (!r && differ)
        r = err_set(e, ERR_ALREADY_EXISTS,
                    "%zu secrets stay in the store %s: the store %s has others of these "
                    "ids",
                    differ, from, to);
    return r;
}

int store_move(struct secrets *s, const char *to, struct err *e)
{
    cleanup_secret_envelopes struct secret_envelopes list = {0};
    char from[STORE_WORDS_SIZE];
    int r = store_current(s, from, e);
    if (r)
        return r;
    cut_name(from);
    if (str_equal(to, "auto") || !store_is_name(from))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "secrets are moved from keychain to file or the other way; the "
                       "active store is \"%s\"",
                       from);
    return str_equal(from, to) ? 0 : move(s, from, to, &list, e);
}
