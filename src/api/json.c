/* SPDX-License-Identifier: Apache-2.0 */
#include "api/json.h"

#include "base/mem.h"
#include "base/str.h"

void api_json_setup(void)
{
    json_set_alloc_funcs(malloc, mem_wipe_free);
}

void api_json_cleanup(json_t **j)
{
    json_decref(*j);
}

int api_json_parse_body(const struct buf *body, json_t **out, struct err *e)
{
    struct err why = {0};
    cleanup_json json_t *j = NULL;
    int r = api_json_parse(buf_str(body), body->len, &j, &why);
    if (r)
        return err_set(e, r, "%s",
                       str_equal(why.text, "EOF") ? "got EOF while reading request body"
                                                  : err_text(&why));
    if (!json_is_object(j))
        return err_set(e, ERR_INVALID_ARGUMENT, "the request body must be a JSON object");
    *out = TAKE(j);
    return 0;
}

json_t *api_json_get(json_t *object, const char *key)
{
    json_t *found = json_object_get(object, key), *value;
    const char *at;
    if (found)
        return found;
    /* jansson's loop wants an object that could be changed, and changes nothing. */
    json_t *o = (json_t *)(uintptr_t)object;
    json_object_foreach(o, at, value) if (str_equal_nocase(at, key)) found = value;
    return found;
}

static int append(const char *data, size_t n, void *out)
{
    return buf_append(out, data, n) ? -1 : 0;
}

int api_json_dump(const json_t *j, struct buf *out)
{
    return json_dump_callback(j, append, out, JSON_COMPACT | JSON_ENCODE_ANY)
               ? ERR_NO_MEMORY
               : 0;
}
