/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/call.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/bundle.h"
#include "oci/stand_in.h"

void call_deinit(struct call *c)
{
    references_deinit(&c->references);
    spec_deinit(&c->spec);
    record_deinit(&c->record);
    secret_files_deinit(&c->files);
    json_decref(c->mount_list);
    free(c->stand_in);
    free(c->bundle);
    free(c->new_bundle);
    *c = (struct call){0};
}

/* ---- what is to be started ---- */

/* Not by file_read: it may be a link or a descriptor's name, as the caller likes. */
static int read_file(const char *path, struct buf *out, struct err *e)
{
    char part[16384];
    ssize_t n;
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, errno, "open %s", path);
    while ((n = read(fd, part, sizeof(part))) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(e, errno, "read %s", path);
        if (out->len > SPEC_SIZE_MAX)
            break; /* the reader of specifications says it */
        if (buf_append(out, part, (size_t)n))
            return err_no_memory(e);
    }
    return 0;
}

static int read_spec(struct call *c, const char *path, enum spec_kind kind, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    int r = read_file(path, &text, e);
    if (r)
        return r;
    r = spec_read(&c->spec, kind, &text, e);
    return r ? err_wrap(e, r, "%s", path) : 0;
}

static int read_bundle(struct call *c, struct err *e)
{
    const struct arguments *a = c->arguments;
    const char *name = a->config ? a->config : "config.json";
    int r = bundle_path(a->bundle ? a->bundle : ".", &c->bundle, e);
    if (r)
        return r;
    cleanup_free char *path =
        *name == '/' ? mem_dup(name, strlen(name)) : str_format("%s/%s", c->bundle, name);
    return path ? read_spec(c, path, SPEC_CONFIG, e) : err_no_memory(e);
}

static int read_process(struct call *c, struct err *e)
{
    const struct arguments *a = c->arguments;
    if (a->reference)
        return err_set(e, ERR_UNIMPLEMENTED,
                       "--env %s: references of exec are resolved in the file of "
                       "--process only",
                       a->reference);
    return a->process ? read_spec(c, a->process, SPEC_PROCESS, e) : 0;
}

static int read_mounts(struct call *c, const struct settings *s, struct err *e)
{
    if (!c->spec.mounts.start)
        return 0;
    int r = spec_mounts(&c->spec, &c->mount_list, e);
    return r ?: stand_in_path(s->references, &c->stand_in, e);
}

/* ---- who is asked ---- */

/* Most containers have nothing of ours: whatever is wrong with the records, they start.
 */
static bool may_need_record(const struct call *c)
{
    return references_are_possible(c->spec.env) ||
           mounts_has_stand_in(c->mount_list, c->stand_in);
}

static int find_record(struct call *c, const struct settings *s, struct err *e)
{
    struct err why = {0};
    const char *id = c->arguments->id;
    int r = record_id_is_valid(id) ? record_read(s->references, id, &c->record, &why)
                                   : ERR_NOT_FOUND;
    if (r && r != ERR_NOT_FOUND) {
        if (e)
            *e = why;
        return err_wrap(e, r,
                        "the record of who created the container (runtime.conf "
                        "says where it is, by references)");
    }
    c->has_record = !r;
    c->has_uid = !r || s->has_uid;
    c->uid = r ? s->uid : c->record.uid;
    return 0;
}

static int refuse_unknown(const struct call *c, struct err *e)
{
    const struct variable *v = &c->references.items[0];
    const char *option = c->arguments->unknown;
    if (option)
        return err_set(
            e, ERR_INVALID_ARGUMENT,
            "option %s isn't known to coffer, and the container has references", option);
    return err_set(
        e, ERR_FAILED_PRECONDITION,
        "resolving %s: %s: it isn't known whose secrets are meant: who created the "
        "container did not ask for it, which an image can't do alone (give it with -e), "
        "or not through cofferd, and runtime.conf has no uid",
        v->name, v->reference);
}

static bool was_asked_for(const struct call *c, const struct variable *v)
{
    return record_has_reference(&c->record, v->name, v->reference) ||
           (!c->bundle && record_has_exec(&c->record, v->name, v->reference));
}

/* An image that names a secret of its user's gets none, nor does anybody by `exec` who
 * isn't that user: cofferd adds what is given to `exec` to the record. */
static int check_references(const struct call *c, struct err *e)
{
    for (size_t i = 0; c->has_record && i < c->references.n; i++) {
        const struct variable *v = &c->references.items[i];
        if (v->reference && !was_asked_for(c, v))
            return err_set(e, ERR_PERMISSION_DENIED, "resolving %s: %s: %s", v->name,
                           v->reference,
                           c->bundle ? "the image has this reference, who created the "
                                       "container did not ask for it: give the variable "
                                       "a value, or this reference, with -e"
                                     : "it was not given to exec through cofferd");
    }
    return 0;
}

static int find_references(struct call *c, const struct settings *s, struct err *e)
{
    const struct fallback fallback = {
        .for_all = c->has_uid && !c->has_record && s->fallback,
        .names = (const char *const *)(void *)c->record.keys,
        .n = c->record.n_keys,
    };
    int r = references_find(&c->references, c->spec.env, &fallback, e);
    if (r || !c->references.n)
        return r;
    return c->arguments->unknown || !c->has_uid ? refuse_unknown(c, e)
                                                : check_references(c, e);
}

/* What a task has of the swarm's secrets nobody is asked for. */
static void find_given(struct call *c)
{
    for (size_t i = 0; i < c->references.n; i++) {
        struct variable *v = &c->references.items[i];
        v->path = v->reference ? record_given_path(&c->record, v->reference) : NULL;
    }
}

static int find_files(struct call *c, struct err *e)
{
    int r = mounts_find(c->mount_list, c->stand_in, &c->record, &c->mounts, e);
    if (!r && c->mounts.n && c->arguments->unknown)
        r = err_set(e, ERR_INVALID_ARGUMENT,
                    "option %s isn't known to coffer, and the container has files of "
                    "secrets",
                    c->arguments->unknown);
    return r;
}

static bool starts_something(const struct arguments *a)
{
    return a->command == COMMAND_CREATE || a->command == COMMAND_RUN ||
           a->command == COMMAND_EXEC || a->command == COMMAND_RESTORE;
}

/* A process that is restored has its variables; the files it had open aren't there. */
static int find_for_restore(const struct call *c, struct err *e)
{
    if (!mounts_has_stand_in(c->mount_list, c->stand_in))
        return 0;
    return err_set(
        e, ERR_UNIMPLEMENTED,
        "a container with files of secrets can't be restored from a checkpoint");
}

static int find_for_start(struct call *c, const struct settings *s, struct err *e)
{
    int r = find_record(c, s, e);
    r = r ?: find_references(c, s, e);
    if (r)
        return r;
    find_given(c);
    return find_files(c, e);
}

int call_read(struct call *c, const struct arguments *a, const struct settings *s,
              struct err *e)
{
    c->arguments = a;
    if (!starts_something(a) || !a->id)
        return 0; /* without a container the real runtime says what is wrong */
    int r = a->command == COMMAND_EXEC ? read_process(c, e) : read_bundle(c, e);
    r = r ?: read_mounts(c, s, e);
    if (r || !may_need_record(c))
        return r;
    return a->command == COMMAND_RESTORE ? find_for_restore(c, e)
                                         : find_for_start(c, s, e);
}

/* ---- files ---- */

int call_write_files(struct call *c, const struct settings *s,
                     const struct secret_source *source, struct err *e)
{
    struct files_owner owner;
    struct err unused;
    const char *id = c->arguments->id;
    int r = files_owner_of(&c->spec, &owner, e);
    r = r ?: files_write(s->files, id, &c->mounts, &owner, source, &c->files, e);
    if (r)
        return r;
    r = mounts_replace(c->mount_list, &c->mounts, &c->files, e);
    if (r && files_remove(s->files, id, &unused))
        r = err_wrap(e, r, "its files could not be removed (%s)", err_text(&unused));
    return r;
}

/* ---- the words ---- */

static int write_spec(struct call *c, bool has_block, struct buf *out, struct err *e)
{
    char helper[40], block[16];
    const char *const arguments[2] = {helper, block};
    const struct spec_changes changes = {.arguments = has_block ? arguments : NULL,
                                         .mounts = c->mounts.n ? c->mount_list : NULL,
                                         .bundle = c->bundle};
    snprintf(helper, sizeof(helper), "/proc/self/fd/%d", c->handover.helper);
    snprintf(block, sizeof(block), "%d", c->handover.block);
    int r = spec_write(&c->spec, &changes, out, e);
    return r || !c->bundle ? r : bundle_make(c->bundle, out, &c->new_bundle, e);
}

int call_compose(struct call *c, const char *runtime, const char *helper,
                 const struct buf *block, char ***words, struct err *e)
{
    const char *extra[] = {"--preserve-fds", c->preserve, "--bundle", NULL, NULL};
    cleanup_buf struct buf text = BUF_INIT;
    if (block->len)
        handover_plan(&c->handover, handover_listen_fds(), c->arguments->preserve_fds);
    else
        c->handover.preserve_fds = c->arguments->preserve_fds;
    int r = write_spec(c, block->len, &text, e);
    if (!r && block->len)
        r = handover_open(&c->handover, helper, block, c->bundle ? NULL : &text, e);
    if (r)
        return r;
    snprintf(c->preserve, sizeof(c->preserve), "%u", c->handover.preserve_fds);
    snprintf(c->process, sizeof(c->process), "/proc/self/fd/%d", c->handover.process);
    extra[2] = c->bundle ? "--bundle" : "--process";
    extra[3] = c->bundle ? c->new_bundle : c->process;
    *words = arguments_compose(c->arguments, runtime, extra);
    return *words ? 0 : err_no_memory(e);
}
