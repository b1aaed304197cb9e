/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names in ids are not those of 1Password (see name.h), so it can't be asked for one:
 * vaults and items are listed and compared, and only items that may be meant are read.
 */
#include "onepassword/search.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "onepassword/name.h"
#include "json/json.h"

static void place_deinit(struct place *p)
{
    for (int i = 0; i < 2; i++) {
        buf_deinit(&p->vault.as[i]);
        buf_deinit(&p->item.as[i]);
    }
}
#define cleanup_place CLEANUP(place_deinit)

/* The prefix has any letters. */
static void make_small(char *text)
{
    for (; *text; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text = (char)(*text - 'A' + 'a');
}

int search_join(const struct search *s, const char *const parts[PARTS_MAX],
                struct buf *out)
{
    int r = *s->of->prefix ? buf_append_str(out, s->of->prefix) : 0;
    for (size_t i = 0; !r && i < PARTS_MAX && parts[i]; i++) {
        if (i || *s->of->prefix)
            r = buf_append_char(out, '/');
        if (!r)
            r = buf_append_str(out, parts[i]);
    }
    if (!r && out->len)
        make_small(out->data);
    return r;
}

/* May something with this name be asked for? */
static int may_match(const struct search *s, const char *const parts[PARTS_MAX],
                     bool *may, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    cleanup_pattern struct pattern named = PATTERN_INIT;
    if (search_join(s, parts, &text))
        return err_no_memory(e);
    int r = pattern_parse(&named, buf_str(&text), text.len, NULL);
    if (r == ERR_NO_MEMORY)
        return err_no_memory(e);
    *may = *may || (!r && pattern_intersects(&s->lowered, &named));
    return 0;
}

static int may_be_in_vault(const struct search *s, const struct place *p, bool *may,
                           struct err *e)
{
    const char *const item[PARTS_MAX] = {"*"};
    const char *const name[PARTS_MAX] = {buf_str(&p->vault.as[0]), "**"};
    const char *const id[PARTS_MAX] = {buf_str(&p->vault.as[1]), "**"};
    int r = may_match(s, item, may, e);
    if (!r)
        r = may_match(s, name, may, e);
    return r ? r : may_match(s, id, may, e);
}

static int may_be_item(const struct search *s, const struct place *p, bool *may,
                       struct err *e)
{
    const char *const id[PARTS_MAX] = {buf_str(&p->item.as[1])};
    int r = may_match(s, id, may, e);
    for (unsigned way = 0; !r && !*may && way < 4; way++) {
        const char *const below[PARTS_MAX] = {buf_str(&p->vault.as[way / 2]),
                                              buf_str(&p->item.as[way % 2]), "**"};
        r = may_match(s, below, may, e);
    }
    return r;
}

static int count_request(struct search *s, struct err *e)
{
    if (s->requests++ < ONEPASSWORD_REQUESTS_MAX)
        return 0;
    return err_set(e, ERR_RESOURCE_EXHAUSTED,
                   "%s needs more than %d requests of 1Password; narrow it",
                   s->pattern->text, ONEPASSWORD_REQUESTS_MAX);
}

/* Reads id and name of a vault or an item. False for what has none that can be used. */
static int read_names(const json_t *of, const char *key, struct names *out, bool *has,
                      struct err *e)
{
    const char *id = json_string_value(json_object_get(of, "id"));
    const char *name = json_string_value(json_object_get(of, key));
    *has = onepassword_is_id(id);
    buf_reset(&out->as[0]);
    buf_reset(&out->as[1]);
    if (*has && (onepassword_name(&out->as[0], name ? name : "") ||
                 onepassword_name(&out->as[1], id)))
        return err_no_memory(e);
    return 0;
}

static int visit_item(struct search *s, struct place *p, const char *vault,
                      const json_t *summary, struct err *e)
{
    struct source *source = s->of->source;
    const char *id = json_string_value(json_object_get(summary, "id"));
    cleanup_json json_t *item = NULL;
    bool has, may = false;
    int r = read_names(summary, "title", &p->item, &has, e);
    if (!r && has)
        r = may_be_item(s, p, &may, e);
    if (r || !may)
        return r;
    r = count_request(s, e);
    if (!r)
        r = source->calls->item(source, vault, id, s->w, &item, e);
    if (r == ERR_NOT_FOUND) /* removed meanwhile */
        return 0;
    return r ? r : search_fields(s, p, item, e);
}

static int visit_vault(struct search *s, const json_t *vault, struct err *e)
{
    struct source *source = s->of->source;
    const char *id = json_string_value(json_object_get(vault, "id"));
    const char *name = json_string_value(json_object_get(vault, "name"));
    cleanup_place struct place p = {.vault_name = name ? name : ""};
    cleanup_json json_t *items = NULL;
    json_t *item;
    size_t i;
    bool has, may = false;
    int r = read_names(vault, "name", &p.vault, &has, e);
    if (!r && has)
        r = may_be_in_vault(s, &p, &may, e);
    if (r || !may)
        return r;
    r = count_request(s, e);
    if (!r)
        r = source->calls->items(source, id, s->w, &items, e);
    json_array_foreach(items, i, item)
    {
        if (!r)
            r = visit_item(s, &p, id, item, e);
    }
    return r == ERR_NOT_FOUND ? 0 : r;
}

static int visit_all(struct search *s, struct err *e)
{
    struct source *source = s->of->source;
    cleanup_json json_t *vaults = NULL;
    json_t *vault;
    size_t i;
    int r = source->calls->vaults(source, s->w, &vaults, e);
    if (r == ERR_NOT_FOUND)
        return err_wrap(e, ERR_UNAVAILABLE, "there is no list of vaults");
    json_array_foreach(vaults, i, vault)
    {
        if (!r)
            r = visit_vault(s, vault, e);
    }
    return r;
}

static int lower(const struct pattern *pattern, struct pattern *out, struct err *e)
{
    cleanup_free char *text = mem_dup(pattern->text, strlen(pattern->text));
    if (!text)
        return err_no_memory(e);
    make_small(text);
    return pattern_parse(out, text, strlen(text), e);
}

static int answer(struct search *s, struct secret_envelopes *out, struct err *e)
{
    if (pattern_is_id(s->pattern) && !s->hits.len)
        return err_set(e, ERR_NOT_FOUND, "secret not found");
    if (pattern_is_id(s->pattern) && s->hits.items[0].is_ambiguous)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "%s is the name of several things in 1Password; name the item by "
                       "its id, or the section",
                       s->pattern->text);
    return hits_move(&s->hits, out, e);
}

int onepassword_get(const struct onepassword *of, const struct pattern *pattern,
                    const struct waiter *w, struct secret_envelopes *out, struct err *e)
{
    struct search s = {.of = of, .pattern = pattern, .w = w};
    int r = lower(pattern, &s.lowered, e);
    if (r)
        return r;
    const char *const all[PARTS_MAX] = {"**"};
    bool may = false;
    r = may_match(&s, all, &may, e);
    if (!r && may)
        r = visit_all(&s, e);
    if (!r)
        r = answer(&s, out, e);
    hits_deinit(&s.hits);
    pattern_deinit(&s.lowered);
    return r;
}
