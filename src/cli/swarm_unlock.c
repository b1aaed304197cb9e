/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/swarm_private.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/output.h"

/* A key has about 60 characters. */
#define KEY_MAX 4096
/* What Control-C is while a terminal makes no signal of it. */
#define INTERRUPT 3

/* ---- the key that is told ---- */

int swarm_print_unlock_key(struct cli *c, bool quiet, struct err *e)
{
    cleanup_json json_t *answer = NULL;
    int r = client_get(c->client, "/swarm/unlockkey", &answer, e);
    if (r)
        return err_wrap(e, r, "could not fetch unlock key");
    const char *key = field_string(answer, "UnlockKey");
    if (!*key)
        return err_set(e, ERR_FAILED_PRECONDITION, "no unlock key is set");
    if (quiet)
        printf("%s\n", key);
    else
        printf(
            "To unlock a swarm manager after it restarts, run the `coffer swarm unlock`\n"
            "command and provide the following key:\n\n    %s\n\n"
            "Remember to store this key in a password manager, since without it you\n"
            "will not be able to restart the manager.\n",
            key);
    return 0;
}

static int rotate(struct cli *c, struct err *e)
{
    cleanup_json json_t *cluster = NULL;
    int r = client_get(c->client, "/swarm", &cluster, e);
    if (r)
        return r;
    if (!field_bool(cluster, "Spec.EncryptionConfig.AutoLockManagers"))
        return err_set(e, ERR_FAILED_PRECONDITION,
                       "cannot rotate because autolock is not turned on");
    return swarm_post_update(c, cluster, "&rotateManagerUnlockKey=true", e);
}

int swarm_run_unlock_key(struct cli *c, struct err *e)
{
    bool quiet = flags_switch(&c->flags, "quiet");
    if (flags_switch(&c->flags, "rotate")) {
        int r = rotate(c, e);
        if (r)
            return r;
        if (!quiet)
            puts("Successfully rotated manager unlock key.\n");
    }
    return swarm_print_unlock_key(c, quiet, e);
}

/* ---- the key that is asked for ---- */

/* Waits for a byte or a signal (signals: where they are told, -1: nowhere). */
static int wait_for_byte(int signals, struct err *e)
{
    struct pollfd fds[] = {{.fd = signals, .events = POLLIN},
                           {.fd = STDIN_FILENO, .events = POLLIN}};
    while (signals >= 0 && poll(fds, ARRAY_SIZE(fds), -1) < 0) {
        if (errno != EINTR)
            return err_errno(e, errno, "wait for the unlock key");
    }
    return fds[0].revents ? err_set(e, ERR_CANCELED, "interrupted") : 0;
}

/* Reads a line of standard input, without its end (that of the input counts too); byte by
 * byte, since what is behind it is not ours. */
static int read_line(int signals, struct buf *line, struct err *e)
{
    if (buf_reserve(line, KEY_MAX))
        return err_no_memory(e);
    while (line->len < KEY_MAX) {
        char byte = '\n';
        int r = wait_for_byte(signals, e);
        if (r)
            return r;
        ssize_t n = read(STDIN_FILENO, &byte, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(e, errno, "read the unlock key");
        if (byte == INTERRUPT)
            return err_set(e, ERR_CANCELED, "interrupted");
        if (byte == '\n')
            return 0;
        if (buf_append_char(line, byte))
            return err_no_memory(e);
    }
    return err_set(e, ERR_INVALID_ARGUMENT, "the unlock key is longer than %d characters",
                   KEY_MAX - 1);
}

/* A terminal doesn't show the key, and makes no signals meanwhile. */
static int read_hidden(const struct termios *before, int signals, struct buf *key,
                       struct err *e)
{
    struct termios hidden = *before;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden))
        return err_errno(e, errno, "hide the unlock key");
    fputs("Enter unlock key: ", stdout);
    fflush(stdout);
    int r = read_line(signals, key, e);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, before);
    puts("");
    return r;
}

/* A signal that comes from elsewhere is held back until the terminal is as it was; then
 * it ends us. */
static int ask_terminal(const struct termios *terminal, struct buf *key, struct err *e)
{
    static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    sigset_t set, before;
    sigemptyset(&set);
    for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
        sigaddset(&set, ending[i]);
    cleanup_fd int signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (signals < 0 || sigprocmask(SIG_BLOCK, &set, &before))
        return err_errno(e, errno, "hold signals back");
    int r = read_hidden(terminal, signals, key, e);
    fflush(stdout);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return r;
}

static int read_key(struct buf *key, struct err *e)
{
    struct termios terminal;
    if (tcgetattr(STDIN_FILENO, &terminal) == 0)
        return ask_terminal(&terminal, key, e);
    return read_line(-1, key, e);
}

static int post_key(struct cli *c, const struct buf *key, struct err *e)
{
    cleanup_json json_t *body = json_pack("{s:s}", "UnlockKey", buf_str(key));
    if (!body)
        return err_set(e, ERR_INVALID_ARGUMENT, "invalid key string");
    return client_post(c->client, "/swarm/unlock", body, NULL, e);
}

int swarm_run_unlock(struct cli *c, struct err *e)
{
    cleanup_buf struct buf key = BUF_INIT;
    cleanup_json json_t *info = NULL;
    int r = client_get(c->client, "/info", &info, e);
    if (r)
        return r;
    const char *state = field_string(info, "Swarm.LocalNodeState");
    if (str_equal(state, "inactive"))
        return err_set(e, ERR_FAILED_PRECONDITION,
                       "Error: This node is not part of a swarm");
    if (!str_equal(state, "locked"))
        return err_set(e, ERR_FAILED_PRECONDITION, "Error: swarm is not locked");
    r = read_key(&key, e);
    return r ? r : post_key(c, &key, e);
}
