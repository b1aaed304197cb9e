/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "filestore/private.h"
#include "json/json.h"

static const struct json_limits limits = {.bytes = 2 * SECRET_METADATA_BYTES_MAX,
                                          .values = SECRET_METADATA_MAX + 1,
                                          .depth = 1};

int filestore_metadata_write(const struct secret_envelope *secret, const char *path,
                             struct err *e)
{
    cleanup_json json_t *map = json_object();
    cleanup_buf struct buf text = BUF_INIT;
    if (!map)
        return err_no_memory(e);
    for (size_t i = 0; i < secret->n_metadata; i++) {
        const struct secret_metadata *m = &secret->metadata[i];
        if (!json_is_text(m->key) || !json_is_text(m->value))
            return err_set(e, ERR_INVALID_ARGUMENT, "metadata %zu is not UTF-8", i + 1);
        if (json_object_set_new(map, m->key, json_string(m->value)))
            return err_no_memory(e);
    }
    if (json_write(map, &text))
        return err_no_memory(e);
    return file_write(path, 0600, text.data, text.len, e);
}

static int damaged(const char *path, struct err *e)
{
    return err_set(e, ERR_DATA_LOSS, "%s is not a map of strings", path);
}

static int read_map(const char *path, json_t *map, struct secret_envelope *out,
                    struct err *e)
{
    const char *key;
    json_t *value;
    if (!json_is_object(map))
        return damaged(path, e);
    json_object_foreach(map, key, value)
    {
        if (!json_is_string(value))
            return damaged(path, e);
        int r = secret_envelope_put(out, key, json_string_value(value), e);
        if (r)
            return r == ERR_NO_MEMORY ? r : err_wrap(e, ERR_DATA_LOSS, "%s", path);
    }
    return 0;
}

int filestore_metadata_read(const char *path, struct secret_envelope *out, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    cleanup_json json_t *map = NULL;
    int r = file_read(path, limits.bytes, &text, e);
    if (r)
        return r;
    r = json_read(buf_str(&text), text.len, &limits, &map, e);
    if (r == ERR_NO_MEMORY)
        return r;
    return r ? damaged(path, e) : read_map(path, map, out, e);
}
