/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/podman.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "daemon/crun.h"
#include "engine/docker_limits.h"
#include "loop/loop.h"

/* How long Podman may take to end the requests that it is at. */
#define PODMAN_STOP_GRACE (10 * CLOCK_SECOND)

struct podman {
    struct supervisor *supervisor;
    uv_fs_event_t folder; /* in which the socket appears */
    struct loop_close closing;
    void (*ready)(void *user); /* NULL once it was called */
    void *ready_user;
    char *socket;
    char *url;
    char *conf; /* its containers.conf */
    char *conf_variable;
    const struct runtime *runtime;
    const char *argv[16];
    const char *env[4];
    void (*closed)(void *user);
    void *closed_user;
};

/* ---- what this host can't do ---- */

static bool has_systemd(void)
{
    return access("/run/systemd/system", F_OK) == 0;
}

/* Podman looks for catatonit when a container wants an init. */
static bool lacks_init(void)
{
    return access("/usr/libexec/podman/catatonit", X_OK) &&
           !access("/usr/bin/tini", X_OK);
}

static uint64_t hard_limit(int resource, uint64_t ceiling)
{
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)resource, &limit) || limit.rlim_max > ceiling)
        return ceiling;
    return limit.rlim_max;
}

/* Whoever can't raise a hard limit: Podman's defaults are above the usual ones. And it
 * fills in a limit that isn't named with its own default: so both are named. The
 * ceilings are its defaults. */
static int write_ulimits(struct buf *out)
{
    unsigned long long files = hard_limit(RLIMIT_NOFILE, 1048576);
    unsigned long long processes = hard_limit(RLIMIT_NPROC, engine_limits_pid_max());
    return buf_printf(out,
                      "default_ulimits = [\"nofile=%llu:%llu\", \"nproc=%llu:%llu\"]\n",
                      files, files, processes, processes);
}

static int write_engine(struct buf *out)
{
    int r = buf_append_str(out, "[engine]\n");
    if (!r && crun_substitute())
        r = buf_append_str(out, "runtime = \"runc\"\n");
    if (!r && !has_systemd())
        r = buf_append_str(out,
                           "cgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"\n");
    return r;
}

static int compose_conf(struct buf *out)
{
    int r =
        buf_append_str(out, "# written by cofferd for its own `podman system service`\n"
                            "[containers]\n");
    if (!r && !engine_limits_can_raise())
        r = write_ulimits(out);
    if (!r && !has_systemd())
        r = buf_append_str(out, "log_driver = \"k8s-file\"\n");
    if (!r && lacks_init())
        r = buf_append_str(out, "init_path = \"/usr/bin/tini\"\n");
    return r ? r : write_engine(out);
}

static bool needs_conf(void)
{
    return !engine_limits_can_raise() || crun_substitute() || !has_systemd() ||
           lacks_init();
}

static int write_conf(struct podman *p, const char *run_dir, struct err *e)
{
    crun_warn();
    if (!needs_conf())
        return 0;
    cleanup_buf struct buf text = BUF_INIT;
    p->conf = str_format("%s/containers.conf", run_dir);
    p->conf_variable = str_format("CONTAINERS_CONF=%s", p->conf);
    if (!p->conf || !p->conf_variable || compose_conf(&text))
        return err_no_memory(e);
    return file_replace(p->conf, 0644, text.data, text.len, e);
}

/* ---- the process ---- */

static void append_words(struct podman *p, size_t *n, const char *const *words, size_t m)
{
    memcpy(p->argv + *n, words, m * sizeof(*words));
    *n += m;
}

/*
 * setpriv lets the service end with cofferd however that ends, so that the next one
 * always starts its own. A socket that was left behind is in the way.
 */
static void prepare(struct process_options *o, void *user)
{
    struct podman *p = user;
    static const char *const first[] = {"setpriv", "--pdeathsig", "TERM", "podman"};
    static const char *const last[] = {"system", "service", "--time=0"};
    size_t n = 0, m = 0;
    append_words(p, &n, first, ARRAY_SIZE(first));
    if (p->runtime->program) {
        const char *const words[] = {"--runtime", p->runtime->link};
        append_words(p, &n, words, ARRAY_SIZE(words));
    }
    append_words(p, &n, last, ARRAY_SIZE(last));
    p->argv[n] = p->url;
    p->env[m++] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    p->env[m++] = "HOME=/root";
    if (p->conf_variable)
        p->env[m++] = p->conf_variable;
    unlink(p->socket);
    *o = (struct process_options){
        .argv = p->argv,
        .env = p->env,
        .in = PROCESS_NULL,
        .out = STDERR_FILENO,
        .error = STDERR_FILENO,
    };
}

static void on_start(pid_t pid, void *user)
{
    (void)user;
    log_debug("podman system service runs as process %d", (int)pid);
}

/* Whoever waits is told once, whatever came first. */
static void tell_ready(struct podman *p)
{
    void (*ready)(void *) = TAKE(p->ready);
    uv_fs_event_stop(&p->folder);
    if (ready)
        ready(p->ready_user);
}

static void on_exit_of_service(const struct err *e, void *user)
{
    log_warn("podman system service: %s; starting it again", err_text(e));
    tell_ready(user);
}

static void on_folder_changed(uv_fs_event_t *folder, const char *name, int events,
                              int status)
{
    (void)name;
    (void)events;
    struct podman *p = folder->data;
    if (status || access(p->socket, F_OK) == 0)
        tell_ready(p);
}

static const struct supervisor_events events = {prepare, on_start, on_exit_of_service};

static void podman_free(struct podman *p)
{
    free(p->socket);
    free(p->url);
    free(p->conf);
    free(p->conf_variable);
    free(p);
}

const char *podman_socket(const struct podman *p)
{
    return p->socket;
}

/* Where crun can't work, the runtime behind coffer-runtime is runc, as in the settings of
 * Podman's above. */
static int use_runtime(const struct podman *p, struct err *e)
{
    if (!p->runtime->program)
        return 0;
    return runtime_place(p->runtime, crun_substitute(), e);
}

static int start(uv_loop_t *loop, struct podman *p, const char *run_dir, struct err *e)
{
    p->socket = str_format("%s/podman.sock", run_dir);
    p->url = str_format("unix://%s/podman.sock", run_dir);
    if (!p->socket || !p->url)
        return err_no_memory(e);
    int r = write_conf(p, run_dir, e);
    r = r ? r : use_runtime(p, e);
    return r ? r : supervisor_new(loop, &events, p, &p->supervisor, e);
}

/* Without a watch the node would wait for ever: then it doesn't wait. */
static void watch_folder(uv_loop_t *loop, struct podman *p, const char *run_dir)
{
    uv_fs_event_init(loop, &p->folder);
    p->folder.data = p;
    if (uv_fs_event_start(&p->folder, on_folder_changed, run_dir, 0))
        tell_ready(p);
}

int podman_start(uv_loop_t *loop, const char *run_dir, const struct runtime *runtime,
                 void (*ready)(void *user), void *user, struct podman **out,
                 struct err *e)
{
    struct podman *p = calloc(1, sizeof(*p));
    if (!p)
        return err_no_memory(e);
    p->runtime = runtime;
    int r = start(loop, p, run_dir, e);
    if (r) {
        podman_free(p);
        return r;
    }
    p->ready = ready;
    p->ready_user = user;
    *out = p;
    unlink(p->socket);
    watch_folder(loop, p, run_dir);
    supervisor_start(p->supervisor);
    return 0;
}

static void on_all_closed(void *user)
{
    struct podman *p = user;
    void (*closed)(void *) = p->closed;
    void *closed_user = p->closed_user;
    unlink(p->socket);
    podman_free(p);
    closed(closed_user);
}

static void on_service_closed(void *user)
{
    struct podman *p = user;
    loop_close_init(&p->closing, on_all_closed, p);
    loop_close_handle(&p->closing, (uv_handle_t *)&p->folder);
    loop_close_end(&p->closing);
}

void podman_close(struct podman *p, void (*closed)(void *user), void *user)
{
    p->closed = closed;
    p->closed_user = user;
    p->ready = NULL;
    supervisor_close(p->supervisor, PODMAN_STOP_GRACE, on_service_closed, p);
}
