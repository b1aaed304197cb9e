/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file is written in its owner's own directory, which no container sees, and moved to
 * its place when it has its contents, owner and mode. Nothing is ever followed through a
 * link, and nothing is replaced: two references with one target are an error.
 */
#include "secretfs/secret_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "secretfs/secret_tree.h"

#define TMP_NAME "tmp"
#define OPEN_DIR (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* The directories of an owner while they are filled. */
struct writer {
    bool binds_each; /* there is no secrets/ */
    struct secret_fs *fs;
    const char *owner;
    int owner_fd, secrets_fd, files_fd;
    unsigned n_files; /* in files/ */
    struct secret_files *out;
};

static void writer_deinit(struct writer *w)
{
    mem_cleanup_fd(&w->owner_fd);
    mem_cleanup_fd(&w->secrets_fd);
    mem_cleanup_fd(&w->files_fd);
}

static int make_dir(int dirfd, const char *name, mode_t mode, int *out, struct err *e)
{
    if (mkdirat(dirfd, name, 0700) && errno != EEXIST)
        return err_errno(e, errno, "make %s", name);
    cleanup_fd int fd = openat(dirfd, name, OPEN_DIR);
    if (fd < 0 && errno == ENOTDIR)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "references have a conflicting target: '%s'", name);
    if (fd < 0 || fchmod(fd, mode))
        return err_errno(e, errno, "make %s", name);
    *out = TAKE_FD(fd);
    return 0;
}

static int refuse_conflict(const struct secret_file *f, struct err *e)
{
    return err_set(e, ERR_INVALID_ARGUMENT, "references have a conflicting target: '%s'",
                   f->target);
}

/* ---- binds ---- */

static int add_bind(struct writer *w, const char *below, const char *target,
                    struct err *e)
{
    struct secret_bind *b = &w->out->binds[w->out->n_binds];
    cleanup_free char *source = str_format("%s/%s/%s", w->fs->path, w->owner, below);
    cleanup_free char *copy = strdup(target);
    if (!source || !copy)
        return err_no_memory(e);
    *b = (struct secret_bind){.source = TAKE(source), .target = TAKE(copy)};
    w->out->n_binds++;
    return 0;
}

static int add_path(struct writer *w, const char *folder, const char *name, struct err *e)
{
    char *path = str_format("%s/%s/%s/%s", w->fs->path, w->owner, folder, name);
    if (!path)
        return err_no_memory(e);
    w->out->paths[w->out->n_paths++] = path;
    return 0;
}

/* What is bound already is neither above it nor below. */
static bool is_free(const struct writer *w, const char *target)
{
    const char *place = target_place(target);
    for (size_t i = 0; i < w->out->n_binds; i++) {
        const char *other = target_place(w->out->binds[i].target);
        if (path_is_within(place, other) || path_is_within(other, place))
            return false;
    }
    return true;
}

static int need_secrets(struct writer *w, const struct secret_file *f, struct err *e)
{
    if (w->secrets_fd >= 0)
        return 0;
    if (!is_free(w, "/run/secrets"))
        return refuse_conflict(f, e);
    int r = make_dir(w->owner_fd, "secrets", 0755, &w->secrets_fd, e);
    return r ?: add_bind(w, "secrets", "/run/secrets", e);
}

static int need_files(struct writer *w, struct err *e)
{
    if (w->files_fd >= 0)
        return 0;
    return make_dir(w->owner_fd, "files", 0700, &w->files_fd, e);
}

/* ---- one file ---- */

/* The highest number is no id: it means "none" to the kernel. */
static int parse_id(const char *text, const char *what, const char *target, uid_t *out,
                    struct err *e)
{
    uint64_t id = 0;
    if (!str_is_empty(text) && (!str_to_u64(text, &id) || id >= UINT32_MAX))
        return err_set(e, ERR_INVALID_ARGUMENT, "%s: %s \"%s\" is not a number", target,
                       what, text);
    *out = (uid_t)id;
    return 0;
}

/* *written is what came to lie in the file, also when this fails. */
static int write_all(int fd, const void *data, size_t n, size_t *written)
{
    const char *from = data;
    *written = 0;
    while (*written < n) {
        ssize_t done = write(fd, from + *written, n - *written);
        if (done < 0)
            return errno;
        *written += (size_t)done;
    }
    return 0;
}

static int write_tmp(struct writer *w, const struct secret_file *f, const void *data,
                     size_t n, struct err *e)
{
    uid_t uid = 0, gid = 0;
    int r = parse_id(f->uid, "uid", f->target, &uid, e);
    r = r ?: parse_id(f->gid, "gid", f->target, &gid, e);
    r = r ?: secret_fs_reserve(w->fs, (int64_t)n, e);
    if (r)
        return r;
    cleanup_fd int fd =
        openat(w->owner_fd, TMP_NAME,
               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        r = err_errno(e, errno, "write %s", f->target);
        secret_fs_release(w->fs, (int64_t)n, 1);
        return r;
    }
    size_t written;
    int failed = write_all(fd, data, n, &written);
    secret_fs_release(w->fs, (int64_t)(n - written), 0);
    if (!failed && fchown(fd, uid, gid))
        failed = errno;
    if (!failed && fchmod(fd, f->mode & 0777))
        failed = errno;
    return failed ? err_errno(e, failed, "write %s", f->target) : 0;
}

/* What is sealed is plain only here. */
static int write_payload(struct writer *w, const struct secret_file *f, struct err *e)
{
    cleanup_buf struct buf plain = BUF_INIT;
    if (!f->open)
        return write_tmp(w, f, f->data, f->n, e);
    int r = f->open(f, &plain, e);
    return r ?: write_tmp(w, f, plain.data, plain.len, e);
}

static int move_tmp(struct writer *w, int dirfd, const char *name,
                    const struct secret_file *f, struct err *e)
{
    if (renameat2(w->owner_fd, TMP_NAME, dirfd, name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno == EEXIST || errno == ENOTDIR)
        return refuse_conflict(f, e);
    return err_errno(e, errno, "write %s", f->target);
}

/* Makes the directories of a path below secrets/ and opens the last; *name is what
 * remains of the path. */
static int open_parent(struct writer *w, char *path, int *out, char **name, struct err *e)
{
    cleanup_fd int dir = dup(w->secrets_fd);
    if (dir < 0)
        return err_errno(e, errno, "write %s", path);
    char *slash;
    while ((slash = strchr(path, '/'))) {
        *slash = '\0';
        int below = -1;
        int r = make_dir(dir, path, 0755, &below, e);
        if (r)
            return r;
        close(dir);
        dir = below;
        path = slash + 1;
    }
    *name = path;
    *out = TAKE_FD(dir);
    return 0;
}

static int place_in_dir(struct writer *w, const struct secret_file *f, char *path,
                        struct err *e)
{
    int r = need_secrets(w, f, e);
    r = r ?: add_path(w, "secrets", path, e);
    if (r)
        return r;
    cleanup_fd int dir = -1;
    char *name = NULL;
    r = open_parent(w, path, &dir, &name, e);
    return r ?: move_tmp(w, dir, name, f, e);
}

static int place_alone(struct writer *w, const struct secret_file *f, const char *path,
                       struct err *e)
{
    if (!is_free(w, path))
        return refuse_conflict(f, e);
    int r = need_files(w, e);
    if (r)
        return r;
    char name[16], below[24];
    snprintf(name, sizeof(name), "%u", w->n_files++);
    snprintf(below, sizeof(below), "files/%s", name);
    r = add_path(w, "files", name, e);
    r = r ?: move_tmp(w, w->files_fd, name, f, e);
    return r ?: add_bind(w, below, path, e);
}

/* A place in /run/secrets, as that of a file by itself. */
static int place_in_dir_alone(struct writer *w, const struct secret_file *f,
                              const char *below, struct err *e)
{
    cleanup_free char *path = str_format("/run/secrets/%s", below);
    return path ? place_alone(w, f, path, e) : err_no_memory(e);
}

static int write_file(struct writer *w, const struct secret_file *f, struct err *e)
{
    struct secret_place place;
    int r = secret_place_of(f->target, f->is_config, &place, e);
    r = r ?: write_payload(w, f, e);
    if (r)
        return r;
    if (!place.is_in_dir)
        return place_alone(w, f, place.path, e);
    return w->binds_each ? place_in_dir_alone(w, f, place.path, e)
                         : place_in_dir(w, f, place.path, e);
}

/* ---- an owner ---- */

/* A folder at /run/secrets is read-only: no place for the mount of another. */
static int choose_binds(struct writer *w, const struct secret_file *files, size_t n,
                        struct err *e)
{
    struct secret_place place;
    int r = 0;
    for (size_t i = 0; i < n && !r; i++) {
        r = secret_place_of(files[i].target, files[i].is_config, &place, e);
        if (!r && !place.is_in_dir)
            w->binds_each |= secret_place_is_taken_by(place.path);
    }
    return r;
}

static int write_files(struct writer *w, const struct secret_file *files, size_t n,
                       struct err *e)
{
    int r = choose_binds(w, files, n, e);
    r = r ?: make_dir(w->fs->fd, w->owner, 0700, &w->owner_fd, e);
    for (size_t i = 0; i < n && !r; i++)
        r = write_file(w, &files[i], e);
    return r;
}

int secret_files_write(struct secret_fs *fs, const char *owner,
                       const struct secret_file *files, size_t n, bool is_dir_taken,
                       struct secret_files *out, struct err *e)
{
    int r = secret_files_remove(fs, owner, e);
    if (r)
        return r;
    *out = (struct secret_files){0};
    if (n == 0)
        return 0;
    if (n > SECRET_FILES_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "more than %d secrets and configs",
                       SECRET_FILES_MAX);
    /* A file has a bind of its own, or the first in secrets/ brings that one's. */
    struct secret_files made = {.binds = calloc(n, sizeof(*made.binds)),
                                .paths = calloc(n, sizeof(*made.paths))};
    if (!made.binds || !made.paths) {
        secret_files_deinit(&made);
        return err_no_memory(e);
    }
    struct writer w = {is_dir_taken, fs, owner, -1, -1, -1, 0, &made};
    r = write_files(&w, files, n, e);
    writer_deinit(&w);
    if (!r) {
        *out = made;
        return 0;
    }
    secret_files_deinit(&made);
    struct err ignored;
    if (secret_files_remove(fs, owner, &ignored))
        return err_wrap(e, ERR_IO, "its files could not be removed (%s)",
                        err_text(&ignored));
    return r;
}

bool secret_files_owner_is_valid(const char *owner)
{
    size_t n =
        strspn(owner, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
    return n && !owner[n] && n <= SECRET_OWNER_MAX;
}

int secret_files_remove(struct secret_fs *fs, const char *owner, struct err *e)
{
    int64_t bytes = 0, files = 0;
    if (!secret_files_owner_is_valid(owner))
        return err_set(e, ERR_INVALID_ARGUMENT, "invalid id of a task or container");
    int r = secret_tree_remove(fs->fd, owner, &bytes, &files, e);
    secret_fs_release(fs, bytes, files);
    return r;
}

void secret_files_deinit(struct secret_files *f)
{
    for (size_t i = 0; i < f->n_binds; i++) {
        free(f->binds[i].source);
        free(f->binds[i].target);
    }
    free(f->binds);
    for (size_t i = 0; i < f->n_paths; i++)
        free(f->paths[i]);
    free(f->paths);
    *f = (struct secret_files){0};
}
