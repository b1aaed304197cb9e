/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "filestore/private.h"
#include "json/json.h"

/* What encryption adds to the largest value, generously. */
#define FILE_MAX ((size_t)SECRET_VALUE_MAX + 512 * 1024)

static int decrypt_file(const char *path, const struct age_keys *keys,
                        struct secret_envelope *out, struct err *e)
{
    cleanup_buf struct buf file = BUF_INIT, value = BUF_INIT;
    int r = file_read(path, FILE_MAX, &file, e);
    if (r)
        return r;
    r = age_decrypt(keys, file.data, file.len, &value, e);
    if (r == ERR_BAD_MESSAGE)
        r = ERR_DATA_LOSS;
    if (r)
        return err_wrap(e, r, "open %s", path);
    return secret_envelope_set_value(out, value.data, value.len, e);
}

/* When the value was saved: each time it gets a new file. */
static void take_time(const char *path, struct secret_envelope *out)
{
    struct stat st;
    if (stat(path, &st) == 0)
        out->created_at = (struct secret_time){.is_set = true,
                                               .seconds = st.st_mtim.tv_sec,
                                               .nanos = (int32_t)st.st_mtim.tv_nsec};
}

/* One of the two files; which one is there says how the secret is encrypted. */
static int read_value(const char *folder, const struct age_keys *keys,
                      struct secret_envelope *out, struct err *e)
{
    static const char *const names[] = {FILESTORE_X25519, FILESTORE_SCRYPT};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        cleanup_free char *path = str_format("%s/%s", folder, names[i]);
        if (!path)
            return err_no_memory(e);
        take_time(path, out);
        int r = keys ? decrypt_file(path, keys, out, e) : ERR_NOT_FOUND;
        if (r != ERR_NOT_FOUND)
            return r;
    }
    if (!keys)
        return 0;
    return err_set(e, ERR_DATA_LOSS,
                   "it has neither a file " FILESTORE_X25519 " nor " FILESTORE_SCRYPT
                   " (SSH keys aren't supported)");
}

static int read_parts(const char *folder, const char *id, const struct age_keys *keys,
                      struct secret_envelope *out, struct err *e)
{
    cleanup_free char *metadata = str_format("%s/" FILESTORE_METADATA, folder);
    if (!metadata)
        return err_no_memory(e);
    int r = secret_envelope_set_id(out, id, e);
    if (!r)
        r = filestore_metadata_read(metadata, out, e);
    if (r == ERR_NOT_FOUND) /* Docker's code writes none for a secret without metadata */
        r = 0;
    if (!r)
        r = read_value(folder, keys, out, e);
    return r ? err_wrap(e, r, "read secret %s", id) : 0;
}

/* What is known of one that can't be read: its id, and why. */
static int mark_damaged(const char *id, const struct err *why,
                        struct secret_envelope *out, struct err *e)
{
    const char *words = err_text(why);
    secret_envelope_deinit(out);
    int r = secret_envelope_set_id(out, id, e);
    return r ? r
             : secret_envelope_put(out, SECRET_METADATA_DAMAGED,
                                   json_is_text(words) ? words : "it can't be read", e);
}

/* The folder is there. Only damage is a secret's own: what fails for another reason may
 * succeed the next time, and nobody is to remove a secret for it. */
static int read_folder(const char *folder, const char *id, const struct age_keys *keys,
                       struct secret_envelope *out, struct err *e)
{
    struct err why;
    int r = read_parts(folder, id, keys, out, &why);
    if (r == ERR_DATA_LOSS && !keys)
        return mark_damaged(id, &why, out, e);
    if (r && e)
        *e = why;
    return r;
}

int filestore_get(struct filestore *fs, const char *id, const struct age_keys *keys,
                  struct secret_envelope *out, struct err *e)
{
    cleanup_fd int lock = -1;
    cleanup_free char *folder = NULL;
    cleanup_pattern struct pattern only = PATTERN_INIT;
    int r = filestore_check_id(id, e);
    r = r ?: pattern_parse(&only, id, strlen(id), e);
    r = r ?: filestore_lock_shared(fs, &only, &lock, e);
    if (r)
        return r;
    folder = filestore_path(fs, id);
    if (!folder)
        return err_no_memory(e);
    if (access(folder, F_OK) && errno == ENOENT)
        return err_set(e, ERR_NOT_FOUND, "secret %s not found", id);
    return read_folder(folder, id, keys, out, e);
}

static int append_one(const struct filestore *fs, const char *id,
                      const struct age_keys *keys, struct secret_envelopes *out,
                      struct err *e)
{
    cleanup_secret_envelope struct secret_envelope secret = {0};
    cleanup_free char *folder = filestore_path(fs, id);
    if (!folder)
        return err_no_memory(e);
    int r = read_folder(folder, id, keys, &secret, e);
    return r ? r : secret_envelopes_append(out, &secret, e);
}

static int append_matching(const struct filestore *fs, DIR *folder,
                           const struct pattern *pattern, const struct age_keys *keys,
                           struct secret_envelopes *out, struct err *e)
{
    const struct dirent *entry;
    char id[FILESTORE_ID_MAX + 1];
    while ((errno = 0, entry = readdir(folder))) {
        if (!filestore_name_to_id(entry->d_name, id) || !pattern_match(pattern, id))
            continue;
        int r = append_one(fs, id, keys, out, e);
        if (r)
            return r;
    }
    return errno ? err_errno(e, errno, "read %s", fs->folder) : 0;
}

static int by_id(const void *a, const void *b)
{
    const struct secret_envelope *x = a, *y = b;
    return strcmp(x->id, y->id);
}

/* Straight from its place: how many others there are doesn't matter. An id that can't be
 * a file's name is no secret of ours. */
static int list_one(struct filestore *fs, const char *id, const struct age_keys *keys,
                    struct secret_envelopes *out, struct err *e)
{
    cleanup_secret_envelope struct secret_envelope secret = {0};
    int r = filestore_check_id(id, NULL) ? ERR_NOT_FOUND
                                         : filestore_get(fs, id, keys, &secret, e);
    if (r == ERR_NOT_FOUND)
        return 0;
    return r ? r : secret_envelopes_append(out, &secret, e);
}

int filestore_list(struct filestore *fs, const struct pattern *pattern,
                   const struct age_keys *keys, struct secret_envelopes *out,
                   struct err *e)
{
    cleanup_fd int lock = -1;
    size_t before = out->len;
    if (pattern_is_id(pattern))
        return list_one(fs, pattern->text, keys, out, e);
    int r = filestore_lock_shared(fs, pattern, &lock, e);
    if (r)
        return r;
    DIR *folder = opendir(fs->folder);
    if (!folder)
        return err_errno(e, errno, "open %s", fs->folder);
    r = append_matching(fs, folder, pattern, keys, out, e);
    closedir(folder);
    if (!r && out->len > before)
        qsort(out->items + before, out->len - before, sizeof(*out->items), by_id);
    return r;
}
