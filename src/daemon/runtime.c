/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/runtime.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
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
        .settings = str_format("%s/runtime.conf", c->run_dir),
    };
    int r = found.references && found.settings ? find_program(&found.program, e)
                                               : err_no_memory(e);
    if (r)
        runtime_deinit(&found);
    else
        *out = found;
    return r;
}

void runtime_deinit(struct runtime *r)
{
    free(r->references);
    free(r->program);
    free(r->settings);
    *r = (struct runtime){0};
}

int runtime_write_settings(const struct runtime *r, const char *real, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    int failed = buf_printf(&text,
                            "# written by cofferd for its own Podman\n"
                            "references = %s\n",
                            r->references);
    if (!failed && real)
        failed = buf_printf(&text, "runtime = %s\n", real);
    if (failed)
        return err_no_memory(e);
    return file_replace(r->settings, 0600, text.data, text.len, e);
}
