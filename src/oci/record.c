/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "json/json.h"

void record_deinit(struct record *r)
{
    for (size_t i = 0; i < r->n_keys; i++)
        free(r->keys[i]);
    free(r->keys);
    *r = (struct record){0};
}

static bool is_id_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '+' || c == '-' || c == '.';
}

bool record_id_is_valid(const char *id)
{
    size_t n = 0;
    if (!id || *id == '.' || *id == '-')
        return false;
    while (id[n] && is_id_character(id[n]))
        n++;
    return n && !id[n] && n <= CONTAINER_ID_MAX;
}

static int path_of(const char *folder, const char *id, char **out, struct err *e)
{
    if (!record_id_is_valid(id))
        return err_set(e, ERR_INVALID_ARGUMENT, "the container's id isn't one");
    *out = str_format("%s/%s", folder, id);
    return *out ? 0 : err_no_memory(e);
}

/* ---- reading ---- */

static int check_folder(const char *folder, struct err *e)
{
    struct stat st;
    if (lstat(folder, &st))
        return err_errno(e, errno, "%s", folder);
    if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 022)
        return err_set(e, ERR_PERMISSION_DENIED,
                       "%s must be a folder that only its owner, user %u, can write to",
                       folder, (unsigned)geteuid());
    return 0;
}

static int take_keys(const json_t *keys, struct record *out, struct err *e)
{
    size_t n = json_array_size(keys);
    if (n > RECORD_KEYS_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "more than %d keys", RECORD_KEYS_MAX);
    out->keys = calloc(n + 1, sizeof(*out->keys));
    if (!out->keys)
        return err_no_memory(e);
    for (; out->n_keys < n; out->n_keys++) {
        const char *key = json_string_value(json_array_get(keys, out->n_keys));
        if (!key)
            return err_set(e, ERR_DATA_LOSS, "keys: must be texts");
        out->keys[out->n_keys] = mem_dup(key, strlen(key));
        if (!out->keys[out->n_keys])
            return err_no_memory(e);
    }
    return 0;
}

static int parse(const struct buf *text, struct record *out, struct err *e)
{
    static const struct json_limits limits = {
        .bytes = RECORD_SIZE_MAX, .values = RECORD_KEYS_MAX + 8, .depth = 4};
    cleanup_json json_t *j = NULL;
    int64_t uid;
    int r = json_read(text->data, text->len, &limits, &j, e);
    r = r ?: json_get_int(j, "uid", 0, UINT32_MAX - 1, &uid, e);
    if (r)
        return r;
    out->uid = (uid_t)uid;
    return take_keys(json_object_get(j, "keys"), out, e);
}

int record_read(const char *folder, const char *id, struct record *out, struct err *e)
{
    cleanup_free char *path = NULL;
    cleanup_buf struct buf text = BUF_INIT;
    cleanup_record struct record found = {0};
    int r = path_of(folder, id, &path, e);
    r = r ?: check_folder(folder, e);
    r = r ?: file_read(path, RECORD_SIZE_MAX, &text, e);
    if (r)
        return r;
    r = parse(&text, &found, e);
    if (r)
        return err_wrap(e, r == ERR_NO_MEMORY ? r : ERR_DATA_LOSS, "%s", path);
    *out = found;
    found = (struct record){0};
    return 0;
}

/* ---- writing ---- */

static int compose(uid_t uid, const char *const *keys, size_t n, struct buf *out,
                   struct err *e)
{
    cleanup_json json_t *j = json_object();
    json_t *list = json_array();
    int r = json_object_set_new(j, "uid", json_integer(uid)) |
            json_object_set_new(j, "keys", list);
    for (size_t i = 0; i < n && !r; i++)
        r = json_array_append_new(list, json_string(keys[i]));
    return r || json_write(j, out) ? err_no_memory(e) : 0;
}

int record_write(const char *folder, const char *id, uid_t uid, const char *const *keys,
                 size_t n_keys, struct err *e)
{
    cleanup_free char *path = NULL;
    cleanup_buf struct buf text = BUF_INIT;
    int r = path_of(folder, id, &path, e);
    r = r ?: compose(uid, keys, n_keys, &text, e);
    if (!r && mkdir(folder, 0700) && errno != EEXIST)
        r = err_errno(e, errno, "make %s", folder);
    r = r ?: check_folder(folder, e);
    return r ?: file_replace(path, 0600, text.data, text.len, e);
}

int record_remove(const char *folder, const char *id, struct err *e)
{
    cleanup_free char *path = NULL;
    int r = path_of(folder, id, &path, e);
    if (!r && unlink(path) && errno != ENOENT)
        r = err_errno(e, errno, "remove %s", path);
    return r;
}
