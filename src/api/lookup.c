/* SPDX-License-Identifier: Apache-2.0 */
#include "api/lookup.h"

#include "base/str.h"

int api_lookup(const struct store_view *v, enum object_kind kind, const char *text,
               const struct object **out, struct err *e)
{
    cleanup_object_list struct object_list list = OBJECT_LIST_INIT;
    const struct object *o = store_get(v, kind, text);
    if (o) {
        *out = o;
        return 0;
    }
    int r = *text ? store_find(v, kind, STORE_BY_NAME, text, &list) : 0;
    if (!r && !list.len && *text)
        r = store_find(v, kind, STORE_BY_ID_PREFIX, text, &list);
    if (r)
        return err_no_memory(e);
    if (list.len > 1)
        return err_set(e, ERR_INVALID_ARGUMENT, "%s %s is ambiguous (%zu matches found)",
                       object_kind_name(kind), text, list.len);
    if (list.len == 0)
        return err_set(e, ERR_NOT_FOUND, "%s %s not found", object_kind_name(kind), text);
    *out = store_get(v, kind, object_id(list.objects[0]));
    return 0;
}
