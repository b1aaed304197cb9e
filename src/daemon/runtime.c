/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/runtime.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#define PROGRAM "coffer-runtime"

static int look(const char *folder, char **out, struct err *e)
{
    cleanup_free char *path = str_format("%s/" PROGRAM, folder);
    if (!path)
        return err_no_memory(e);
    if (!*out && !access(path, X_OK))
        *out = TAKE(path);
    return 0;
}

static int find_program(char **out, struct err *e)
{
    char own[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);
    int r = 0;
    if (n > 0) {
        own[n] = '\0';
        *strrchr(own, '/') = '\0';
        r = look(own, out, e);
    }
    return r ? r : look(COFFER_LIBEXEC_FOLDER, out, e);
}

int runtime_find(struct runtime *out, const struct config *c, struct err *e)
{
    struct runtime found = {
        .references = str_format("%s/references", c->state_dir),
        .files = str_format("%s/files", c->run_dir),
        .folder = str_format("%s/runtime", c->state_dir),
        .link = str_format("%s/runtime/" PROGRAM, c->state_dir),
    };
    bool is_made = found.references && found.files && found.folder && found.link;
    int r = is_made ? find_program(&found.program, e) : err_no_memory(e);
    if (r)
        runtime_deinit(&found);
    else
        *out = found;
    return r;
}

void runtime_deinit(struct runtime *r)
{
    free(r->references);
    free(r->files);
    free(r->program);
    free(r->folder);
    free(r->link);
    *r = (struct runtime){0};
}

/* ---- its place ---- */

static int write_settings(const struct runtime *r, const char *real, struct err *e)
{
    cleanup_free char *path = str_format("%s/runtime.conf", r->folder);
    cleanup_buf struct buf text = BUF_INIT;
    int failed = !path || buf_printf(&text,
                                     "# written by cofferd for its own Podman\n"
                                     "references = %s\n"
                                     "files = %s\n",
                                     r->references, r->files);
    if (!failed && real)
        failed = buf_printf(&text, "runtime = %s\n", real);
    if (failed)
        return err_no_memory(e);
    return file_replace(path, 0600, text.data, text.len, e);
}

/* There is a link at any time: containers of an earlier cofferd may be starting. */
static int replace_link(const struct runtime *r, struct err *e)
{
    cleanup_free char *fresh = str_format("%s.new", r->link);
    if (!fresh)
        return err_no_memory(e);
    if (unlink(fresh) && errno != ENOENT)
        return err_errno(e, errno, "remove %s", fresh);
    if (symlink(r->program, fresh))
        return err_errno(e, errno, "make the link %s", fresh);
    if (rename(fresh, r->link))
        return err_errno(e, errno, "rename %s", fresh);
    return 0;
}

int runtime_place(const struct runtime *r, const char *real, struct err *e)
{
    if (mkdir(r->folder, 0700) && errno != EEXIST)
        return err_errno(e, errno, "make the folder %s", r->folder);
    int code = write_settings(r, real, e);
    return code ?: replace_link(r, e);
}
