/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/input.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

static int cant(const char *what, const char *path, int errnum, struct err *e)
{
    char why[128];
    strcpy_cut(why, sizeof(why), strerror(errnum));
    why[0] = (char)tolower((unsigned char)why[0]);
    return err_set(e, ERR_IO, "%s %s: %s", what, path, why);
}

/* One read; *end when there is no more. */
static int read_some(int fd, const char *path, size_t room, struct buf *out, bool *end,
                     struct err *e)
{
    ssize_t n = read(fd, out->data + out->len, room);
    if (n < 0 && errno != EINTR)
        return cant("read", path, errno, e);
    *end = n == 0;
    out->len += n > 0 ? (size_t)n : 0;
    out->data[out->len] = '\0';
    return 0;
}

int input_read(const char *path, bool standard, size_t max, struct buf *out,
               struct err *e)
{
    bool from_standard = standard && str_equal(path, "-"), end = false;
    cleanup_fd int opened = from_standard ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    int fd = from_standard ? STDIN_FILENO : opened;
    if (fd < 0)
        return cant("open", path, errno, e);
    /* Room for all from the start: nothing is copied while it grows. */
    if (buf_reserve(out, max + 1))
        return err_no_memory(e);
    int r = 0;
    while (!r && !end && out->len <= max)
        r = read_some(fd, path, max + 1 - out->len, out, &end, e);
    if (!r && out->len > max)
        r = err_set(e, ERR_INVALID_ARGUMENT, "data is larger than %zu bytes", max);
    return r;
}
