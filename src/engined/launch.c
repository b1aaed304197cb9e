/* SPDX-License-Identifier: Apache-2.0 */
#include "engined/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macro.h"
#include "base/mem.h"
#include "base/str.h"
#include "engined/confine.h"
#include "engined/keeper.h"
#include "engined/leftovers.h"

#define LAUNCH_VARIABLE "DOCKER_SECRETS_ENGINE_PLUGIN_LAUNCH_CFG"
#define LAUNCH_FD 3

/* Its keeper has so much longer than itself. */
#define KEEPER_GRACE ((KEEPER_GRACE_SECONDS + 1) * CLOCK_SECOND)

/* A log that is longer is begun anew at the next start. */
#define LOG_SIZE_MAX (256 * 1024)

/* What a plugin may need of our environment: where things are, not what they are. */
static const char *const passed_variables[] = {
    "COFFER_HOME",
    "CREDENTIALS_DIRECTORY",
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "GNUPGHOME",
    "GPG_TTY",
    "HOME",
    "HTTPS_PROXY",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LOGNAME",
    "NO_PROXY",
    "PASSWORD_STORE_DIR",
    "PATH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "USER",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "https_proxy",
    "no_proxy",
};

struct launch {
    struct process process;
    struct loop_close closing;
    struct loop_close *parent;
    char *mark; /* leftovers.h */
    void (*cb)(const struct err *how, void *user);
    void *user;
};

/* ---- the environment ---- */

struct environment {
    char *items[ARRAY_SIZE(passed_variables) + 3];
    size_t n;
};

static void environment_deinit(struct environment *env)
{
    for (size_t i = 0; i < env->n; i++)
        free(env->items[i]);
}

static int add(struct environment *env, char *item)
{
    if (!item)
        return ERR_NO_MEMORY;
    env->items[env->n++] = item;
    return 0;
}

/* Its temporary files are its own, where it has a folder for them. */
static const char *value_of(const char *variable, const struct launch_options *o)
{
    const char *own = o->allowance->own_folder;
    return own && str_equal(variable, "TMPDIR") ? own : getenv(variable);
}

/* The name has no character that JSON would escape: see plugin_name_is_plain. */
static int fill(struct environment *env, const struct launch_options *o, const char *mark)
{
    int r = add(env, strdup(mark));
    if (!r)
        r = add(env, str_format(LAUNCH_VARIABLE
                                "={\"name\":\"%s\",\"timeout\":%lld,\"fd\":%d}",
                                o->name, (long long)o->register_timeout, LAUNCH_FD));
    for (size_t i = 0; i < ARRAY_SIZE(passed_variables) && !r; i++) {
        const char *value = value_of(passed_variables[i], o);
        if (value)
            r = add(env, str_format("%s=%s", passed_variables[i], value));
    }
    return r;
}

/* ---- life ---- */

/* Of a keeper that was killed something may be left; another end says that all is over.
 */
static void on_end(struct process *p, int status, int number, void *user)
{
    struct launch *l = user;
    struct err how;
    if (number)
        leftovers_end(l->mark);
    if (number)
        err_set(&how, ERR_UNAVAILABLE, "it was ended by signal %d (%s)", number,
                strsignal(number));
    else
        err_set(&how, ERR_UNAVAILABLE, "it ended with status %d", status);
    l->cb(&how, l->user);
}

/* PROCESS_NULL when there is no log: that is no reason not to start. */
static int open_log(const char *path)
{
    struct stat st;
    if (!path)
        return PROCESS_NULL;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > LOG_SIZE_MAX &&
        ftruncate(fd, 0) < 0) {
        close(fd);
        return PROCESS_NULL;
    }
    return fd;
}

/* ---- its words ---- */

struct words {
    char engine[24], how[4], memory[24];
    const char *argv[CONFINE_WORDS + ALLOWANCE_PATHS_MAX + 1];
};

static void fill_words(struct words *w, const struct launch_options *o)
{
    const struct allowance *a = o->allowance;
    const char *const first[CONFINE_WORDS] = {CONFINE_PROGRAM, CONFINE_FLAG, w->engine,
                                              w->how,          w->memory,    o->file};
    size_t n = 0;
    if (a->degree == CONFINEMENT_FULL)
        w->how[n++] = CONFINE_FOLDERS;
    if (a->degree != CONFINEMENT_NONE)
        w->how[n++] = CONFINE_CALLS;
    else
        w->how[n++] = '-';
    if (a->is_offline)
        w->how[n++] = CONFINE_OFFLINE;
    w->how[n] = '\0';
    snprintf(w->engine, sizeof(w->engine), "%d", (int)getpid());
    snprintf(w->memory, sizeof(w->memory), "%llu", (unsigned long long)a->memory);
    memcpy(w->argv, first, sizeof(first));
    for (n = 0; n < a->n; n++)
        w->argv[CONFINE_WORDS + n] = a->paths[n];
    w->argv[CONFINE_WORDS + n] = NULL;
}

static int start(struct launch *l, uv_loop_t *loop, const struct launch_options *o,
                 int theirs, struct err *e)
{
    struct environment env = {.n = 0};
    struct words words;
    union { /* a char *const * isn't taken for a const char *const *, though it is one */
        char **in;
        const char *const *out;
    } items = {.in = env.items};
    cleanup_fd int log = open_log(o->log);
    struct process_options options = {.argv = words.argv,
                                      .env = items.out,
                                      .in = PROCESS_NULL,
                                      .out = log,
                                      .error = log,
                                      .handed = &theirs,
                                      .n_handed = 1};
    fill_words(&words, o);
    int r = fill(&env, o, l->mark);
    if (r)
        err_no_memory(e);
    else
        r = process_start(&l->process, loop, &options, on_end, l, e);
    environment_deinit(&env);
    return r;
}

static void launch_free(void *user)
{
    struct launch *l = user;
    struct loop_close *parent = l->parent;
    free(l->mark);
    free(l);
    if (parent)
        loop_close_release(parent);
}

int launch_new(uv_loop_t *loop, const struct launch_options *o,
               void (*cb)(const struct err *how, void *user), void *user, int *fd,
               struct launch **out, struct err *e)
{
    int pair[2];
    cleanup_free char *mark = leftovers_mark();
    struct launch *l = mark ? calloc(1, sizeof(*l)) : NULL;
    if (!l)
        return err_no_memory(e);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
        free(l);
        return err_errno(e, errno, "make a socket for %s", o->name);
    }
    *l = (struct launch){.mark = TAKE(mark), .cb = cb, .user = user};
    int r = start(l, loop, o, pair[1], e);
    close(pair[1]);
    if (r) {
        close(pair[0]);
        launch_close(l, NULL);
        return r;
    }
    *fd = pair[0];
    *out = l;
    return 0;
}

void launch_stop(struct launch *l)
{
    process_stop(&l->process, KEEPER_GRACE);
}

void launch_close(struct launch *l, struct loop_close *c)
{
    if (!l)
        return;
    l->parent = c;
    if (c)
        loop_close_hold(c);
    loop_close_init(&l->closing, launch_free, l);
    process_close(&l->process, &l->closing);
    loop_close_end(&l->closing);
}
