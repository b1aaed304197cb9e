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
#include "oci/record_private.h"
#include "json/json.h"

static void free_texts(char **list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(list[i]);
    free(list);
}

void record_deinit(struct record *r)
{
    free_texts(r->keys, r->n_keys);
    free_texts(r->references, r->n_references);
    free_texts(r->exec, r->n_exec);
    record_files_deinit(r);
    record_given_deinit(r);
    *r = (struct record){0};
}

int record_add_text(char ***list, size_t *n, const char *text, size_t length,
                    struct err *e)
{
    if (*n == RECORD_KEYS_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "more than %d variables that may be secrets", RECORD_KEYS_MAX);
    cleanup_free char *copy = mem_dup(text, length);
    char **longer = copy ? reallocarray(*list, *n + 1, sizeof(*longer)) : NULL;
    if (!longer)
        return err_no_memory(e);
    longer[(*n)++] = TAKE(copy);
    *list = longer;
    return 0;
}

int record_add_key(struct record *r, const char *key, size_t n, struct err *e)
{
    return record_add_text(&r->keys, &r->n_keys, key, n, e);
}

int record_add_reference(struct record *r, const char *variable, struct err *e)
{
    return record_add_text(&r->references, &r->n_references, variable, strlen(variable),
                           e);
}

bool record_is_among(char *const *variables, size_t n, const char *name,
                     const char *reference)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < n; i++)
        if (!strncmp(variables[i], name, length) && variables[i][length] == '=' &&
            str_equal(variables[i] + length + 1, reference))
            return true;
    return false;
}

bool record_has_reference(const struct record *r, const char *name, const char *reference)
{
    return record_is_among(r->references, r->n_references, name, reference);
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

static int check_id(const char *id, struct err *e)
{
    return record_id_is_valid(id)
               ? 0
               : err_set(e, ERR_INVALID_ARGUMENT, "the container's id isn't one");
}

static int path_of(const char *folder, const char *id, char **out, struct err *e)
{
    int r = check_id(id, e);
    if (r)
        return r;
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

static int take_texts(const json_t *texts, char ***list, size_t *n, struct err *e)
{
    int r = 0;
    for (size_t i = 0; i < json_array_size(texts) && !r; i++) {
        const char *text = json_string_value(json_array_get(texts, i));
        r = text ? record_add_text(list, n, text, strlen(text), e)
                 : err_set(e, ERR_DATA_LOSS, "keys and references must be texts");
    }
    return r;
}

static int parse(const struct buf *text, struct record *out, struct err *e)
{
    static const struct json_limits limits = {.bytes = RECORD_SIZE_MAX,
                                              .values = 4 * RECORD_KEYS_MAX +
                                                        3 * RECORD_FILES_MAX + 11,
                                              .depth = 4};
    cleanup_json json_t *j = NULL;
    int64_t uid;
    int r = json_read(text->data, text->len, &limits, &j, e);
    r = r ?: json_get_int(j, "uid", 0, UINT32_MAX - 1, &uid, e);
    if (r)
        return r;
    out->uid = (uid_t)uid;
    r = take_texts(json_object_get(j, "keys"), &out->keys, &out->n_keys, e);
    if (!r)
        r = take_texts(json_object_get(j, "references"), &out->references,
                       &out->n_references, e);
    if (!r)
        r = take_texts(json_object_get(j, "exec"), &out->exec, &out->n_exec, e);
    r = r ?: record_given_read(out, json_object_get(j, "given"), e);
    return r ?: record_files_read(out, json_object_get(j, "files"), e);
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

static int put_texts(json_t *j, const char *name, char *const *texts, size_t n)
{
    json_t *list = json_array();
    int r = json_object_set_new(j, name, list);
    for (size_t i = 0; i < n && !r; i++)
        r = json_array_append_new(list, json_string(texts[i]));
    return r;
}

static int compose(const struct record *record, struct buf *out, struct err *e)
{
    cleanup_json json_t *j = json_object();
    if (json_object_set_new(j, "uid", json_integer(record->uid)) ||
        put_texts(j, "keys", record->keys, record->n_keys) ||
        put_texts(j, "references", record->references, record->n_references) ||
        put_texts(j, "exec", record->exec, record->n_exec) ||
        record_given_write(record, j) || record_files_write(record, j) ||
        json_write(j, out))
        return err_no_memory(e);
    return out->len <= RECORD_SIZE_MAX
               ? 0
               : err_set(e, ERR_RESOURCE_EXHAUSTED,
                         "the container's references have more than %u bytes",
                         RECORD_SIZE_MAX);
}

int record_write(const char *folder, const char *id, const struct record *record,
                 struct err *e)
{
    cleanup_free char *path = NULL;
    cleanup_buf struct buf text = BUF_INIT;
    int r = path_of(folder, id, &path, e);
    r = r ?: compose(record, &text, e);
    if (!r && mkdir(folder, 0700) && errno != EEXIST)
        r = err_errno(e, errno, "make %s", folder);
    r = r ?: check_folder(folder, e);
    return r ?: file_replace(path, 0600, text.data, text.len, e);
}

static int remove_file(const char *folder, const char *id, const char *ending,
                       struct err *e)
{
    cleanup_free char *path = str_format("%s/%s%s", folder, id, ending);
    if (!path)
        return err_no_memory(e);
    return unlink(path) && errno != ENOENT ? err_errno(e, errno, "remove %s", path) : 0;
}

int record_remove(const char *folder, const char *id, struct err *e)
{
    int r = check_id(id, e);
    r = r ?: remove_file(folder, id, ".tmp", e);
    return r ?: remove_file(folder, id, "", e);
}
