/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "oci/spec_text.h"
#include "secretfs/secret_tree.h"
#include "json/json.h"

/* ---- whose they are ---- */

static int host_id(const struct spec *s, struct span linux_part, const char *key,
                   uint32_t *out, struct err *e)
{
    struct span at;
    cleanup_json json_t *list = NULL;
    if (!spec_find(&s->text, linux_part, key, &at))
        return 0;
    int r = spec_value(&s->text, at, &list, e);
    for (size_t i = 0; i < json_array_size(list) && !r; i++) {
        const json_t *one = json_array_get(list, i);
        int64_t inside, outside;
        r = json_get_int(one, "containerID", 0, UINT32_MAX, &inside, e);
        r = r ?: json_get_int(one, "hostID", 0, UINT32_MAX - 1, &outside, e);
        if (!r && inside == 0)
            *out = (uint32_t)outside;
    }
    return r ? err_wrap(e, r, "linux.%s", key) : 0;
}

int files_owner_of(const struct spec *s, struct files_owner *out, struct err *e)
{
    struct span at;
    *out = (struct files_owner){0, 0};
    if (!spec_find(&s->text, spec_whole(s), "linux", &at))
        return 0;
    int r = host_id(s, at, "uidMappings", &out->uid, e);
    return r ?: host_id(s, at, "gidMappings", &out->gid, e);
}

/* ---- writing ---- */

/* What is to be written; the values are wiped with it. */
struct plan {
    size_t n;
    struct buf *values;
    struct secret_file *files;
    char uid[16], gid[16];
};

static void plan_deinit(void *p)
{
    struct plan *plan = p;
    for (size_t i = 0; i < plan->n; i++)
        buf_deinit(&plan->values[i]);
    free(plan->values);
    free(plan->files);
}

static int plan_init(struct plan *p, size_t n, const struct files_owner *owner,
                     struct err *e)
{
    p->values = calloc(n, sizeof(*p->values));
    p->files = calloc(n, sizeof(*p->files));
    if (!p->values || !p->files)
        return err_no_memory(e);
    snprintf(p->uid, sizeof(p->uid), "%u", (unsigned)owner->uid);
    snprintf(p->gid, sizeof(p->gid), "%u", (unsigned)owner->gid);
    return 0;
}

static int plan_add(struct plan *p, const struct record_file *file,
                    const struct secret_source *source, struct err *e)
{
    const struct variable v = {.name = file->target, .reference = file->reference};
    struct buf *value = &p->values[p->n];
    *value = (struct buf)BUF_INIT;
    int r = references_value(&v, source, value, e);
    if (r) {
        buf_deinit(value);
        return r;
    }
    p->files[p->n++] = (struct secret_file){.target = file->target,
                                            .uid = p->uid,
                                            .gid = p->gid,
                                            .mode = FILES_MODE,
                                            .data = value->data,
                                            .n = value->len};
    return 0;
}

int files_write(const char *folder, const char *container, const struct mounts *m,
                const struct files_owner *owner, const struct secret_source *source,
                struct secret_files *out, struct err *e)
{
    CLEANUP(plan_deinit) struct plan plan = {0};
    struct secret_fs fs;
    int r = plan_init(&plan, m->n, owner, e);
    for (size_t i = 0; i < m->n && !r; i++)
        r = plan_add(&plan, m->items[i].file, source, e);
    r = r ?: secret_fs_open(&fs, folder, e);
    if (r)
        return r;
    r = secret_files_write(&fs, container, plan.files, plan.n, m->is_dir_taken, out, e);
    secret_fs_close(&fs);
    return r;
}

/* ---- removing ---- */

static int open_folder(const char *folder)
{
    return open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int files_remove(const char *folder, const char *container, struct err *e)
{
    if (!secret_files_owner_is_valid(container))
        return 0;
    cleanup_fd int fd = open_folder(folder);
    if (fd < 0)
        return errno == ENOENT ? 0 : err_errno(e, errno, "open %s", folder);
    return secret_tree_remove(fd, container, NULL, NULL, e);
}

bool files_are_there(const char *folder, const char *container)
{
    struct stat st;
    if (!secret_files_owner_is_valid(container))
        return false;
    cleanup_fd int fd = open_folder(folder);
    return fd >= 0 && !fstatat(fd, container, &st, AT_SYMLINK_NOFOLLOW);
}
