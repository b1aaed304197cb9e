/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/set_input.h"

#include "json/json.h"

static const struct json_limits limits = {
    .bytes = SET_INPUT_MAX, .values = 4 * SECRET_METADATA_MAX, .depth = 8};

static bool is_text_map(const json_t *o)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)o, key,
                        value) if (!json_is_string(value)) return false;
    return !o || json_is_null(o) || json_is_object(o);
}

/* Is it the form that is meant? */
static bool is_form(const json_t *o)
{
    const json_t *secret = json_object_get(o, "secret");
    return json_string_length(secret) && is_text_map(json_object_get(o, "metadata"));
}

static int take_form(const json_t *o, struct buf *value, struct secret_envelope *secret,
                     struct err *e)
{
    const json_t *text = json_object_get(o, "secret");
    const char *key;
    json_t *pair;
    int r = 0;
    json_object_foreach(json_object_get(o, "metadata"), key, pair) if (!r) r =
        secret_envelope_put(secret, key, json_string_value(pair), e);
    if (r)
        return r;
    buf_reset(value);
    if (buf_append(value, json_string_value(text), json_string_length(text)))
        return err_no_memory(e);
    return 0;
}

int set_input_read(struct buf *value, struct secret_envelope *secret, struct err *e)
{
    cleanup_json json_t *o = NULL;
    int r = json_read(value->data, value->len, &limits, &o, NULL);
    if (r == ERR_NO_MEMORY)
        return err_no_memory(e);
    return r || !is_form(o) ? 0 : take_form(o, value, secret, e);
}
