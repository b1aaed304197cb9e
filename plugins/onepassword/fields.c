/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of an item, under all ids that they may be asked by. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "onepassword/name.h"
#include "onepassword/search.h"

/* Ranks of a hit: how far its id is from the plainest one. */
#define BY_FIELD_ID 1u
#define WITHOUT_SECTION 2u
#define BY_ITEM_ID 4u
#define BY_VAULT_ID 8u

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void names_deinit(struct names *n)
{
    buf_deinit(&n->as[0]);
    buf_deinit(&n->as[1]);
}
#define cleanup_names CLEANUP(names_deinit)

static int read_names(const json_t *object, struct names *out)
{
    int r = onepassword_name(&out->as[0], text_of(object, "label"));
    return r ? r : onepassword_name(&out->as[1], text_of(object, "id"));
}

/* ---- an item's parts ---- */

static bool is_text(const json_t *field, const char *key, const char *wanted)
{
    return str_equal(text_of(field, key), wanted);
}

static bool has_value(const json_t *field)
{
    return json_is_string(json_object_get(field, "value"));
}

/* The only field with a value of which `key` is `wanted`; NULL for none or several. */
static const json_t *only(const json_t *fields, const char *key, const char *wanted)
{
    const json_t *found = NULL;
    json_t *field;
    size_t i;
    json_array_foreach(fields, i, field)
    {
        if (!has_value(field) || !is_text(field, key, wanted))
            continue;
        if (found)
            return NULL;
        found = field;
    }
    return found;
}

static const json_t *main_field(const json_t *item)
{
    static const struct {
        const char *key, *wanted;
    } ways[] = {{"purpose", "PASSWORD"}, {"id", "password"},   {"id", "credential"},
                {"type", "CONCEALED"},   {"purpose", "NOTES"}, {"id", "notesPlain"}};
    const json_t *fields = json_object_get(item, "fields"), *found = NULL;
    for (size_t i = 0; !found && i < ARRAY_SIZE(ways); i++)
        found = only(fields, ways[i].key, ways[i].wanted);
    return found;
}

/* A field names its section by id; op says the label there, too, Connect only in the
 * item's list of sections. */
static const json_t *section_of(const json_t *item, const json_t *field)
{
    const json_t *section = json_object_get(field, "section");
    json_t *listed;
    size_t i;
    if (!section || json_is_string(json_object_get(section, "label")))
        return section;
    json_array_foreach(json_object_get(item, "sections"), i, listed)
    {
        if (is_text(listed, "id", text_of(section, "id")))
            return listed;
    }
    return section;
}

/* ---- to envelopes ---- */

static void set_created(struct secret_envelope *to, const json_t *item)
{
    const char *created = text_of(item, "createdAt"); /* Connect's */
    int64_t at;
    if (!*created)
        created = text_of(item, "created_at"); /* op's */
    if (clock_parse_rfc3339(created, &at))
        to->created_at = secret_time_from_clock(at);
}

static int describe(struct secret_envelope *to, const struct place *place,
                    const json_t *item, struct err *e)
{
    const json_t *version = json_object_get(item, "version");
    char text[24] = "";
    if (json_is_integer(version))
        snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(version));
    set_created(to, item);
    int r = secret_envelope_set_version(to, text, e);
    if (!r)
        r = secret_envelope_put(to, "vault", place->vault_name, e);
    if (!r)
        r = secret_envelope_put(to, "title", text_of(item, "title"), e);
    if (!r)
        r = secret_envelope_put(to, "category", text_of(item, "category"), e);
    return r;
}

struct found {
    const struct place *place;
    const json_t *item, *field;
};

static int put(struct search *s, const struct found *f, const char *id, unsigned rank,
               struct err *e)
{
    cleanup_secret_envelope struct secret_envelope envelope = {0};
    const json_t *value = json_object_get(f->field, "value");
    int r = secret_envelope_set_id(&envelope, id, e);
    if (!r)
        r = secret_envelope_set_value(&envelope, json_string_value(value),
                                      json_string_length(value), e);
    if (!r)
        r = describe(&envelope, f->place, f->item, e);
    return r ? r : hits_put(&s->hits, &envelope, rank, e);
}

/* ---- under ids ---- */

/* An id is answered with the letters it was asked with, as far as there is no wildcard.
 */
static void spell_as_asked(const struct pattern *asked, struct buf *id)
{
    size_t n = strcspn(asked->text, "*");
    memcpy(id->data, asked->text, n < id->len ? n : id->len);
}

/* Puts the field under this id, if that is one and was asked for. */
static int try(struct search *s, const struct found *f,
               const char *const parts[PARTS_MAX], unsigned rank, bool *is_hit,
               struct err *e)
{
    cleanup_buf struct buf id = BUF_INIT;
    if (search_join(s, parts, &id))
        return err_no_memory(e);
    if (!secret_id_is_valid(buf_str(&id)) || !pattern_match(&s->lowered, buf_str(&id)))
        return 0;
    spell_as_asked(s->pattern, &id);
    *is_hit = pattern_match(s->pattern, buf_str(&id));
    return *is_hit ? put(s, f, buf_str(&id), rank, e) : 0;
}

static int try_main(struct search *s, const struct place *p, const json_t *item,
                    struct err *e)
{
    const struct found f = {p, item, main_field(item)};
    const char *const ways[][PARTS_MAX] = {
        {buf_str(&p->vault.as[0]), buf_str(&p->item.as[0])},
        {buf_str(&p->vault.as[1]), buf_str(&p->item.as[0])},
        {buf_str(&p->item.as[1])}};
    static const unsigned ranks[] = {0, BY_VAULT_ID, 0};
    bool is_hit = false;
    int r = 0;
    for (size_t i = 0; f.field && !r && !is_hit && i < ARRAY_SIZE(ways); i++)
        r = try(s, &f, ways[i], ranks[i], &is_hit, e);
    return r;
}

/* Below one name of the vault and one of the item. */
static int try_below(struct search *s, const struct found *f, const char *vault,
                     const char *item, const struct names *section,
                     const struct names *field, unsigned rank, bool *is_hit,
                     struct err *e)
{
    int r = 0;
    for (unsigned by = 0; !r && !*is_hit && by < 2; by++) {
        const char *name = buf_str(&field->as[by]);
        const char *const with[PARTS_MAX] = {vault, item, buf_str(&section->as[0]), name};
        const char *const by_id[PARTS_MAX] = {vault, item, buf_str(&section->as[1]),
                                              name};
        const char *const without[PARTS_MAX] = {vault, item, name};
        unsigned of_field = rank + (by ? BY_FIELD_ID : 0);
        bool has_section = section->as[0].len || section->as[1].len;
        r = try(s, f, with, of_field, is_hit, e);
        if (!r && !*is_hit)
            r = try(s, f, by_id, of_field, is_hit, e);
        if (!r && !*is_hit)
            r = try(s, f, without, of_field + (has_section ? WITHOUT_SECTION : 0), is_hit,
                    e);
    }
    return r;
}

static int try_field(struct search *s, const struct found *f, struct err *e)
{
    const struct place *p = f->place;
    cleanup_names struct names section = {0}, field = {0};
    bool is_hit = false;
    int r = 0;
    if (read_names(section_of(f->item, f->field), &section) ||
        read_names(f->field, &field))
        return err_no_memory(e);
    for (unsigned way = 0; !r && !is_hit && way < 4; way++) {
        unsigned vault = way / 2, item = way % 2;
        unsigned rank = (vault ? BY_VAULT_ID : 0) + (item ? BY_ITEM_ID : 0);
        r = try_below(s, f, buf_str(&p->vault.as[vault]), buf_str(&p->item.as[item]),
                      &section, &field, rank, &is_hit, e);
    }
    return r;
}

int search_fields(struct search *s, const struct place *place, const json_t *item,
                  struct err *e)
{
    json_t *field;
    size_t i;
    int r = try_main(s, place, item, e);
    json_array_foreach(json_object_get(item, "fields"), i, field)
    {
        const struct found f = {place, item, field};
        if (!r && has_value(field))
            r = try_field(s, &f, e);
    }
    return r;
}
