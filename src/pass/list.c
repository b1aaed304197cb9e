/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "cli/output.h"
#include "pass/plain_text.h"
#include "pass/verb.h"
#include "resolver/pattern.h"

const struct flag list_flags[] = {
    {"format", 0, &flag_string, FLAG_FORMAT_TEXT, NULL, NULL},
    {"quiet", 'q', &flag_switch, "Only display IDs (the default)", NULL, NULL},
    {0},
};

static const char *const headers[] = {"ID",       "ID",        "Provider",
                                      "PROVIDER", "CreatedAt", "CREATED AT",
                                      "Metadata", "METADATA",  NULL};

static const struct listing listing = {
    "{{.ID}}\t{{.Provider}}\t{{.CreatedAt}}\t{{.Metadata}}", headers};

/* ---- finding ---- */

static int by_id(const void *a, const void *b)
{
    const struct secret_envelope *x = a, *y = b;
    return strcmp(x->id, y->id);
}

/* Several patterns may name one secret. */
static void drop_doubles(struct secret_envelopes *list)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->len; i++) {
        if (kept && str_equal(list->items[kept - 1].id, list->items[i].id)) {
            secret_envelope_deinit(&list->items[i]);
            continue;
        }
        list->items[kept++] = list->items[i];
    }
    list->len = kept;
}

static int find_pattern(struct pass *p, const char *text, struct secret_envelopes *out,
                        struct err *e)
{
    cleanup_pattern struct pattern pattern = PATTERN_INIT;
    int r = pattern_parse(&pattern, text, strlen(text), e);
    return r ? r : p->secrets->ops->list(p->secrets, text, out, e);
}

static int find(struct pass *p, struct secret_envelopes *out, struct err *e)
{
    int r = p->argc ? 0 : find_pattern(p, "**", out, e);
    for (int i = 0; i < p->argc && !r; i++)
        r = find_pattern(p, p->argv[i], out, e);
    if (!r && out->len) {
        qsort(out->items, out->len, sizeof(*out->items), by_id);
        drop_doubles(out);
    }
    return r;
}

/* ---- showing ---- */

static json_t *metadata_object(const struct secret_envelope *s)
{
    json_t *o = json_object();
    for (size_t i = 0; i < s->n_metadata; i++)
        if (json_object_set_new(o, s->metadata[i].key,
                                json_string(s->metadata[i].value))) {
            json_decref(o);
            return NULL;
        }
    return o;
}

static json_t *created_at(const struct secret_envelope *s)
{
    char text[CLOCK_TEXT_SIZE] = "";
    if (s->created_at.is_set)
        clock_format_rfc3339(s->created_at.seconds * CLOCK_SECOND, text);
    return json_string(text);
}

/* For people it is "a=b,c=d". It may have any characters. */
static json_t *metadata_words(const json_t *metadata)
{
    cleanup_json json_t *words = output_labels(metadata);
    cleanup_buf struct buf plain = BUF_INIT;
    const char *text = json_string_value(words);
    if (!text || plain_text_append(&plain, text, json_string_length(words), ""))
        return NULL;
    return json_string(buf_str(&plain));
}

/* In JSON metadata stays an object. */
static json_t *row_of(const struct secret_envelope *s, bool for_json)
{
    cleanup_json json_t *metadata = metadata_object(s);
    json_t *shown = for_json ? json_incref(metadata) : metadata_words(metadata);
    return json_pack("{s:s, s:s, s:o, s:o}", "ID", s->id, "Provider",
                     str_is_empty(s->provider) ? SECRETS_STORE : s->provider, "CreatedAt",
                     created_at(s), "Metadata", shown);
}

static int show_rows(struct pass *p, const struct secret_envelopes *found, struct err *e)
{
    struct cli c = {.flags = p->flags};
    bool for_json = str_equal(flags_string(&p->flags, "format"), "json");
    cleanup_json json_t *rows = json_array();
    int r = rows ? 0 : err_no_memory(e);
    for (size_t i = 0; i < found->len && !r; i++)
        r = output_add_row(rows, row_of(&found->items[i], for_json), e);
    return r ? r : output_list(&c, &listing, rows, e);
}

static int show(struct pass *p, const struct secret_envelopes *found, struct err *e)
{
    if (flags_has(&p->flags, "format") && !flags_switch(&p->flags, "quiet"))
        return show_rows(p, found, e);
    for (size_t i = 0; i < found->len; i++)
        puts(found->items[i].id);
    return 0;
}

/* As the ls of files does: all are shown, and what is wrong with some is said, too. */
static void tell_damaged(struct pass *p, const struct secret_envelopes *found)
{
    fflush(stdout);
    for (size_t i = 0; i < found->len; i++) {
        const char *why = secret_envelope_get(&found->items[i], SECRET_METADATA_DAMAGED);
        if (!why)
            continue;
        fputs("Error: ", stderr);
        plain_text_print(stderr, why);
        fputc('\n', stderr);
        p->status = PASS_FAILED;
    }
}

int list_run(struct pass *p, struct err *e)
{
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    int r = find(p, &found, e);
    r = r ?: show(p, &found, e);
    if (!r)
        tell_damaged(p, &found);
    return r;
}
