/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/store_note.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/home.h"
#include "base/mem.h"
#include "base/str.h"

#define FILE_NAME "store-move"
#define FILE_MAX 64

static int path_of(char **out, struct err *e)
{
    cleanup_free char *folder = NULL;
    int r = home_config_folder(&folder, e);
    if (r)
        return r;
    *out = str_format("%s/" FILE_NAME, folder);
    return *out ? 0 : err_no_memory(e);
}

/* One word of the line, and the blank behind it. */
static bool take_word(const char **at, char out[STORE_NAME_SIZE])
{
    size_t n = strspn(*at, "abcdefghijklmnopqrstuvwxyz");
    if (n == 0 || n >= STORE_NAME_SIZE)
        return false;
    memcpy(out, *at, n);
    out[n] = '\0';
    *at += n + 1;
    return true;
}

int store_note_read(struct store_note *out, bool *is_there, struct err *e)
{
    cleanup_free char *path = NULL;
    cleanup_buf struct buf text = BUF_INIT;
    *is_there = false;
    int r = path_of(&path, e);
    if (!r)
        r = file_read(path, FILE_MAX, &text, e);
    if (r)
        return r == ERR_NOT_FOUND ? 0 : r;
    const char *at = buf_str(&text), *words = at;
    size_t blanks = strcspn(words, " ");
    if (!words[blanks] || !take_word(&at, out->from) || !take_word(&at, out->to))
        return err_set(e, ERR_DATA_LOSS, "%s doesn't say which move is under way", path);
    *is_there = true;
    return 0;
}

int store_note_write(const struct store_note *note, struct err *e)
{
    cleanup_free char *path = NULL;
    char line[2 * STORE_NAME_SIZE + 2];
    int r = path_of(&path, e);
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
    int r = path_of(&path, e);
    if (r)
        return r;
    if (unlink(path) && errno != ENOENT)
        return err_errno(e, errno, "remove %s", path);
    return file_sync_folder(path, e);
}
