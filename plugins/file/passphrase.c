/* SPDX-License-Identifier: Apache-2.0 */
#include "file/passphrase.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "filestore/filestore.h"

#define INPUT_MAX (2 * (PASSPHRASE_MAX + 1))

static int read_input(int fd, struct buf *out, struct err *e)
{
    char part[256];
    ssize_t n = 1;
    int r = 0;
    while (!r && n && out->len <= INPUT_MAX) {
        n = read(fd, part, sizeof(part));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            r = err_errno(e, errno, "read the passphrases");
        else if (buf_append(out, part, (size_t)n))
            r = err_no_memory(e);
    }
    mem_wipe(part, sizeof(part));
    return r;
}

/* Takes one line from *at; the work is what a new file has. */
static int take_line(const char **at, const char *end, struct age_passphrase *out,
                     struct err *e)
{
    const char *newline = memchr(*at, '\n', (size_t)(end - *at));
    if (!newline || newline - *at > PASSPHRASE_MAX)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "two lines are needed, the old passphrase and the new one, of at "
                       "most %d bytes",
                       PASSPHRASE_MAX);
    *out = (struct age_passphrase){*at, (size_t)(newline - *at), AGE_WORK_DEFAULT};
    *at = newline + 1;
    return 0;
}

static int change(const char *path, struct age_passphrase *old,
                  const struct age_passphrase *new, struct err *e)
{
    struct age_identity *key = NULL;
    const struct age_passphrase *to = new->n ? new : NULL;
    old->work = AGE_WORK_MAX;
    int r = filestore_key_read(path, old->n ? old : NULL, &key, e);
    if (r == ERR_NOT_FOUND)
        r = filestore_key_create(path, to, &key, e);
    else if (!r)
        r = filestore_key_write(path, key, to, e);
    age_identity_free(key);
    return r;
}

int passphrase_change(const char *key_path, int fd, struct err *e)
{
    cleanup_buf struct buf input = BUF_INIT;
    struct age_passphrase old, new;
    int r = read_input(fd, &input, e);
    if (r)
        return r;
    const char *at = buf_str(&input), *end = at + input.len;
    r = take_line(&at, end, &old, e);
    if (!r)
        r = take_line(&at, end, &new, e);
    return r ? r : change(key_path, &old, &new, e);
}
