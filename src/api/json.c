/* SPDX-License-Identifier: Apache-2.0 */
#include "api/json.h"

#include "api/api.h"
#include "base/mem.h"
#include "base/str.h"

int api_json_parse(const char *text, size_t n, json_t **out, struct err *e)
{
    static const struct json_limits limits = {.bytes = API_BODY_MAX,
                                              .values = API_JSON_VALUES_MAX,
                                              .depth = API_JSON_DEPTH_MAX};
    struct err why = {0};
    int r = json_read(text, n, &limits, out, &why);
    if (r == ERR_RESOURCE_EXHAUSTED)
        r = ERR_INVALID_ARGUMENT;
    return r ? err_set(e, r, "%s", why.text) : 0;
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
