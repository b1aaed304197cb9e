/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "cli/service_spec.h"

#define CAPABILITY_MAX 64

/* "net_admin" and "CAP_NET_ADMIN" are the same; ALL and RESET have no prefix. */
static void normalize(const char *text, char out[CAPABILITY_MAX])
{
    char upper[CAPABILITY_MAX - 4];
    size_t i = 0;
    for (; text[i] && i + 1 < sizeof(upper); i++)
        upper[i] = (char)toupper((unsigned char)text[i]);
    upper[i] = '\0';
    bool whole = str_equal(upper, "ALL") || str_equal(upper, "RESET") ||
                 str_starts_with(upper, "CAP_");
    snprintf(out, CAPABILITY_MAX, "%s%s", whole ? "" : "CAP_", upper);
}

static void remove_from(json_t *list, const char *name)
{
    for (size_t i = json_array_size(list); i-- > 0;)
        if (str_equal(json_string_value(json_array_get(list, i)), name))
            json_array_remove(list, i);
}

/* Puts a capability where it belongs in the order of names. */
static int insert(json_t *list, const char *name)
{
    size_t i = 0;
    for (; i < json_array_size(list); i++) {
        const char *other = json_string_value(json_array_get(list, i));
        if (other && strcmp(other, name) > 0)
            break;
    }
    return json_array_insert_new(list, i, json_string(name)) ? ERR_NO_MEMORY : 0;
}

static bool contains(const json_t *list, const char *name)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (str_equal(json_string_value(json_array_get(list, i)), name))
            return true;
    return false;
}

/* One of the two lists, and how both were before. */
struct side {
    const char *flag, *path, *opposite;
    const json_t *opposite_before;
};

/* What the service had been told the opposite of goes back to the default. */
static int apply_one(json_t *spec, const struct side *s, const char *name)
{
    json_t *other = field_get(spec, s->opposite);
    remove_from(other, name);
    if (other && !json_array_size(other))
        field_remove(spec, s->opposite);
    if (contains(s->opposite_before, name))
        return 0;
    json_t *list = field_array(spec, s->path);
    remove_from(list, name);
    return list ? insert(list, name) : ERR_NO_MEMORY;
}

static int apply(json_t *spec, const struct flags *f, const struct side *s, struct err *e)
{
    const char *text;
    for (size_t i = 0; (text = flags_next(f, s->flag, &i));) {
        char name[CAPABILITY_MAX];
        normalize(text, name);
        if (str_equal(name, "RESET"))
            field_remove(spec, s->path);
        else if (apply_one(spec, s, name))
            return err_no_memory(e);
    }
    return 0;
}

/* A capability that is both added and dropped is dropped. */
int spec_apply_capabilities(json_t *spec, const struct flags *f, struct err *e)
{
    static const char added[] = SPEC_CONTAINER ".CapabilityAdd";
    static const char dropped[] = SPEC_CONTAINER ".CapabilityDrop";
    cleanup_json json_t *added_before = json_copy(field_get(spec, added));
    cleanup_json json_t *dropped_before = json_copy(field_get(spec, dropped));
    const struct side add = {"cap-add", added, dropped, dropped_before};
    const struct side drop = {"cap-drop", dropped, added, added_before};
    int r = apply(spec, f, &add, e);
    return r ? r : apply(spec, f, &drop, e);
}
