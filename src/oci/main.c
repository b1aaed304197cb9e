/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coffer-runtime: an OCI runtime in front of the real one (crun, runc), whose command
 * line it has. Where a process is started (create, run, exec) it puts the secrets that
 * the process's variables refer to into that process's environment, and nowhere else; all
 * else is the real runtime's. It becomes the real runtime by exec.
 *
 * Where a container has files that are references, it writes them before, and stays: they
 * go when the real runtime didn't create the container, and after it has deleted it.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "oci/asking.h"
#include "oci/call.h"
#include "oci/child.h"
#include "oci/report.h"
#include "oci/state.h"
#include "json/json.h"

#define SETTINGS_VARIABLE "COFFER_RUNTIME_CONFIG"

struct runtime {
    struct arguments arguments;
    struct settings settings;
    struct report report;
    char *program; /* the real one */
    char **words;  /* for it */
    int status;    /* its exit status, when it was our child */
};

static void runtime_deinit(struct runtime *r)
{
    free(r->words);
    free(r->program);
    settings_deinit(&r->settings);
    arguments_deinit(&r->arguments);
}

/* ---- values ---- */

struct source {
    struct asking *asking;
    const struct report *report;
};

static int get(void *user, const char *pattern, struct secret_envelopes *out,
               struct err *e)
{
    struct source *s = user;
    return asking_get(s->asking, pattern, out, e);
}

static void warn(void *user, const char *name, const struct err *e)
{
    const struct source *s = user;
    struct err words = *e;
    err_wrap(&words, words.code, "variable %s stays empty", name);
    report_warning(s->report, &words);
}

static int resolve(const struct runtime *r, struct call *c, struct buf *block,
                   struct err *e)
{
    struct source s = {.report = &r->report};
    const struct secret_source source = {.get = get, .user = &s, .warn = warn};
    int code = asking_new(c->uid, r->settings.timeout, &s.asking, e);
    code = code ?: references_resolve(&c->references, &source, block, e);
    if (!code && c->mounts.n)
        code = call_write_files(c, &r->settings, &source, e);
    asking_free(s.asking);
    return code;
}

/* ---- the call ---- */

/* The helper is beside this program. */
static int find_helper(char **out, struct err *e)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
    if (n < 0)
        return err_errno(e, errno, "find coffer-env");
    path[n] = '\0';
    *strrchr(path, '/') = '\0';
    *out = str_format("%s/coffer-env", path);
    return *out ? 0 : err_no_memory(e);
}

static int rewrite(struct runtime *r, struct call *c, struct err *e)
{
    cleanup_buf struct buf block = BUF_INIT;
    cleanup_free char *helper = NULL;
    int code = find_helper(&helper, e);
    code = code ?: resolve(r, c, &block, e);
    if (code || (!block.len && !c->mounts.n))
        return code;
    return call_compose(c, r->program, helper, &block, &r->words, e);
}

static int load(struct runtime *r, int argc, char **argv, struct err *e)
{
    cleanup_free char *path = NULL;
    int code = arguments_parse(&r->arguments, argc, argv, e);
    r->report = (struct report){r->arguments.log, r->arguments.log_format};
    if (code)
        return code;
    const char *named = r->arguments.settings;
    named = named ? named : getenv(SETTINGS_VARIABLE);
    code = settings_path(named, argv[0], &path, e);
    code = code ?: settings_load(&r->settings, path, e);
    return code ?: settings_find_runtime(&r->settings, &r->program, e);
}

static int become(struct runtime *r, struct err *e)
{
    if (!r->words)
        r->words = arguments_compose(&r->arguments, r->program, NULL);
    if (!r->words)
        return err_no_memory(e);
    execv(r->program, r->words);
    return err_errno(e, errno, "run %s", r->program);
}

/* ---- with files ---- */

static void remove_files(const struct runtime *r)
{
    struct err why = {0};
    if (files_remove(r->settings.files, r->arguments.id, &why))
        report_warning(&r->report, &why);
}

/* Has the container an end that we don't see? */
static bool lives_on(const struct runtime *r)
{
    const struct arguments *a = &r->arguments;
    return !r->status && (a->command != COMMAND_RUN || a->is_detached);
}

static int start_with_files(struct runtime *r, struct call *c, struct err *e)
{
    int code = rewrite(r, c, e);
    code = code ?: child_run(r->program, r->words, &r->status, e);
    if (code || !lives_on(r))
        remove_files(r);
    return code;
}

static int delete (struct runtime *r, struct err *e)
{
    if (!record_id_is_valid(r->arguments.id) ||
        !files_are_there(r->settings.files, r->arguments.id))
        return become(r, e);
    r->words = arguments_compose(&r->arguments, r->program, NULL);
    int code =
        r->words ? child_run(r->program, r->words, &r->status, e) : err_no_memory(e);
    if (!code && (!r->status || state_is_gone(&r->arguments, r->program)))
        remove_files(r);
    return code;
}

static int run(struct runtime *r, int argc, char **argv, struct err *e)
{
    cleanup_call struct call c = {0};
    int code = load(r, argc, argv, e);
    if (!code && r->arguments.command == COMMAND_DELETE)
        return delete (r, e);
    code = code ?: call_read(&c, &r->arguments, &r->settings, e);
    if (!code && c.mounts.n)
        return start_with_files(r, &c, e);
    if (!code && c.references.n)
        code = rewrite(r, &c, e);
    return code ?: become(r, e);
}

int main(int argc, char **argv)
{
    struct runtime r = {0};
    struct err e = {0};
    /* Values are in our memory for a moment: no core, and nobody looks in. */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    json_setup();
    int code = run(&r, argc, argv, &e);
    if (code)
        report_error(&r.report, &e);
    runtime_deinit(&r);
    return code ? EXIT_FAILURE : r.status;
}
