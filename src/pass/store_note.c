/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/store_note.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/home.h"
#include "base/mem.h"
#include "base/str.h"

#define FILE_NAME "store-move"
#define FILE_MAX 64
#define LOCK_NAME "store.lock"

static int path_of(const char *name, char **out, struct err *e)
{
    cleanup_free char *folder = NULL;
    int r = home_config_folder(&folder, e);
    if (r)
        return r;
    *out = str_format("%s/%s", folder, name);
    return *out ? 0 : err_no_memory(e);
}

/* ---- the lock ---- */

int store_note_lock(int *fd, struct err *e)
{
    cleanup_free char *path = NULL;
    int r = path_of(LOCK_NAME, &path, e);
    r = r ?: file_make_folders_above(path, e);
    if (r)
        return r;
    cleanup_fd int lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (lock < 0)
        return err_errno(e, errno, "open %s", path);
    if (flock(lock, LOCK_EX | LOCK_NB))
        return errno == EWOULDBLOCK
                   ? err_set(e, ERR_FAILED_PRECONDITION,
                             "another command changes the local store right now: wait "
                             "for its end")
                   : err_errno(e, errno, "lock %s", path);
    *fd = TAKE_FD(lock);
    return 0;
}

/* ---- the note ---- */

/* A name of a store with secrets, and what ends it. */
static bool take_name(const char **at, char end, char out[STORE_NAME_SIZE])
{
    static const char *const names[] = {"file", "keychain"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        size_t n = strlen(names[i]);
        if (!str_starts_with(*at, names[i]) || (*at)[n] != end)
            continue;
        strcpy_cut(out, STORE_NAME_SIZE, names[i]);
        *at += n + 1;
        return true;
    }
    return false;
}

int store_note_parse(const char *text, struct store_note *out, struct err *e)
{
    if (!take_name(&text, ' ', out->from) || !take_name(&text, '\n', out->to) || *text ||
        str_equal(out->from, out->to))
        return err_set(e, ERR_DATA_LOSS, "it doesn't say which move is under way");
    return 0;
}

int store_note_read(struct store_note *out, bool *is_there, struct err *e)
{
    cleanup_free char *path = NULL;
    cleanup_buf struct buf text = BUF_INIT;
    *is_there = false;
    int r = path_of(FILE_NAME, &path, e);
    if (!r)
        r = file_read(path, FILE_MAX, &text, e);
    if (r)
        return r == ERR_NOT_FOUND ? 0 : r;
    r = store_note_parse(buf_str(&text), out, e);
    *is_there = !r;
    return r ? err_wrap(e, r, "%s", path) : 0;
}

int store_note_write(const struct store_note *note, struct err *e)
{
    cleanup_free char *path = NULL;
    char line[2 * STORE_NAME_SIZE + 2];
    int r = path_of(FILE_NAME, &path, e);
    if (!r)
        r = file_make_folders_above(path, e);
    if (r)
        return r;
    int n = snprintf(line, sizeof(line), "%s %s\n", note->from, note->to);
    return file_replace(path, 0600, line, (size_t)n, e);
}

int store_note_remove(struct err *e)
{
    cleanup_free char *path = NULL;
    int r = path_of(FILE_NAME, &path, e);
    if (r)
        return r;
    if (unlink(path) && errno != ENOENT)
        return err_errno(e, errno, "remove %s", path);
    return file_sync_folder(path, e);
}
