/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypto/crypto.h"
#include "filestore/private.h"

#define AGE_MAGIC "age-encryption.org/"

/* The text of a key file, as age-keygen writes it. */
static int write_text(const struct age_identity *key, struct buf *out)
{
    int r = buf_append_str(out, "# public key: ");
    if (!r)
        r = age_recipient_write(age_identity_recipient(key), out);
    if (!r)
        r = buf_append_char(out, '\n');
    if (!r)
        r = age_identity_write(key, out);
    return r ? r : buf_append_char(out, '\n');
}

int filestore_key_write(const char *path, const struct age_identity *key,
                        enum filestore_protection protection,
                        const struct age_passphrase *pass, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT, file = BUF_INIT;
    int r = 0;
    if (write_text(key, &text))
        return err_no_memory(e);
    if (protection == FILESTORE_CLEAR)
        return file_replace(path, 0600, text.data, text.len, e);
    if (protection == FILESTORE_PASSPHRASE)
        r = age_encrypt_passphrase(pass, text.data, text.len, &file, e);
    else
        r = filestore_credential_seal(&text, &file, e);
    return r ? r : file_replace(path, 0600, file.data, file.len, e);
}

/* Gives a file the name `path`, unless there is one of that name. Never has it both
 * names, but where the file system knows no flags of rename. */
static int put_if_none(const char *file, const char *path, struct err *e)
{
    if (renameat2(AT_FDCWD, file, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
        return file_sync_folder(path, e);
    if ((errno == EINVAL || errno == ENOSYS) && link(file, path) == 0)
        return file_sync_folder(path, e);
    if (errno == EEXIST)
        return err_set(e, ERR_ALREADY_EXISTS, "there is a key already: %s", path);
    return err_errno(e, errno, "link %s to %s", file, path);
}

/* Two may do this at the same time: each writes a file of its own, and one of them gets
 * the name. */
static int write_new(const char *path, const struct age_identity *key,
                     enum filestore_protection protection,
                     const struct age_passphrase *pass, struct err *e)
{
    uint64_t number;
    crypto_random(&number, sizeof(number));
    cleanup_free char *own = str_format("%s.%016llx", path, (unsigned long long)number);
    if (!own)
        return err_no_memory(e);
    int r = filestore_key_write(own, key, protection, pass, e);
    if (r)
        return r;
    r = put_if_none(own, path, e);
    if (unlink(own) && errno != ENOENT && !r)
        r = err_errno(e, errno, "remove %s", own);
    return r;
}

int filestore_key_create(const char *path, enum filestore_protection protection,
                         const struct age_passphrase *pass, struct age_identity **out,
                         struct err *e)
{
    struct age_identity *key;
    if (age_identity_new(&key))
        return err_no_memory(e);
    int r = file_make_folders_above(path, e);
    if (!r)
        r = write_new(path, key, protection, pass, e);
    if (r)
        age_identity_free(key);
    else
        *out = key;
    return r;
}

/* A key in clear must be its owner's alone. */
static int check_mode(const char *path, struct err *e)
{
    struct stat st;
    if (stat(path, &st))
        return err_errno(e, errno, "stat %s", path);
    if (st.st_mode & 077)
        return err_set(e, ERR_PERMISSION_DENIED,
                       "%s holds a key in clear and may be read by others; chmod 600 it",
                       path);
    return 0;
}

/* The first line that is neither empty nor a comment. */
static const char *find_key(const char *text, size_t *n)
{
    for (const char *line = text; *line; line += *n + strspn(line + *n, "\r\n")) {
        *n = strcspn(line, "\r\n");
        if (*n && *line != '#')
            return line;
    }
    return NULL;
}

static int parse_text(const char *path, const struct buf *text, struct age_identity **out,
                      struct err *e)
{
    size_t n;
    const char *key = find_key(buf_str(text), &n);
    int r = key ? age_identity_parse(key, n, out, e) : ERR_INVALID_ARGUMENT;
    if (r != ERR_INVALID_ARGUMENT)
        return r;
    return err_set(e, ERR_DATA_LOSS, "%s holds no key of age", path);
}

static int open_file(const char *path, const struct buf *file,
                     const struct age_passphrase *pass, struct buf *text, struct err *e)
{
    struct age_keys keys = {.passphrase = pass};
    if (!pass)
        return err_set(e, ERR_FAILED_PRECONDITION,
                       "the store is locked: its key %s has a passphrase (unlock it "
                       "with: coffer pass store unlock)",
                       path);
    int r = age_decrypt(&keys, file->data, file->len, text, e);
    if (r == ERR_BAD_MESSAGE)
        r = ERR_DATA_LOSS;
    return r ? err_wrap(e, r, "open %s", path) : 0;
}

static enum filestore_protection protection_of(const struct buf *file)
{
    if (str_starts_with(buf_str(file), AGE_MAGIC))
        return FILESTORE_PASSPHRASE;
    return filestore_is_credential(file) ? FILESTORE_CREDENTIAL : FILESTORE_CLEAR;
}

int filestore_key_protection(const char *path, enum filestore_protection *out,
                             struct err *e)
{
    cleanup_buf struct buf file = BUF_INIT;
    int r = file_read(path, FILESTORE_KEY_FILE_MAX, &file, e);
    if (!r)
        *out = protection_of(&file);
    return r;
}

/* Appends the text of a file that isn't in clear. */
static int open_protected(const char *path, const struct buf *file,
                          const struct age_passphrase *pass, struct buf *text,
                          struct err *e)
{
    if (protection_of(file) == FILESTORE_PASSPHRASE)
        return open_file(path, file, pass, text, e);
    int r = filestore_credential_open(file, text, e);
    return r ? err_wrap(e, r, "open %s", path) : 0;
}

int filestore_key_read(const char *path, const struct age_passphrase *pass,
                       struct age_identity **out, struct err *e)
{
    cleanup_buf struct buf file = BUF_INIT, text = BUF_INIT;
    int r = file_read(path, FILESTORE_KEY_FILE_MAX, &file, e);
    if (r)
        return r;
    bool is_clear = protection_of(&file) == FILESTORE_CLEAR;
    r = is_clear ? check_mode(path, e) : open_protected(path, &file, pass, &text, e);
    return r ? r : parse_text(path, is_clear ? &file : &text, out, e);
}

int filestore_key_read_given(const char *path, struct age_identity **out, struct err *e)
{
    cleanup_buf struct buf file = BUF_INIT;
    int r = file_read(path, FILESTORE_KEY_FILE_MAX, &file, e);
    return r ? r : parse_text(path, &file, out, e);
}
