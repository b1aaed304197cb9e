/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd-creds(1) seals a key for this host: with a secret in /var/lib/systemd, with the
 * TPM where there is one, or both. The key goes through its standard input and output.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "filestore/private.h"

#define PROGRAM "systemd-creds"

/* What is written to a pipe at once without anybody reading. */
#define INPUT_MAX 65536

/* Of what it says when it fails, so much is shown. */
#define WORDS_MAX 300

struct pipes {
    int in[2], out[2], error[2];
};

static void close_all(int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static void pipes_close(struct pipes *p)
{
    close_all(p->in, ARRAY_SIZE(p->in));
    close_all(p->out, ARRAY_SIZE(p->out));
    close_all(p->error, ARRAY_SIZE(p->error));
}

static int pipes_open(struct pipes *p, struct err *e)
{
    if (pipe2(p->in, O_CLOEXEC) || pipe2(p->out, O_CLOEXEC) || pipe2(p->error, O_CLOEXEC))
        return err_errno(e, errno, "pipe");
    return 0;
}

static void close_end(int *fd)
{
    close(*fd);
    *fd = -1;
}

/* ---- the program ---- */

static int spawn(const char *verb, const struct pipes *p, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    static const char name_flag[] = "--name=" FILESTORE_CREDENTIAL_NAME;
    const char *argv[] = {PROGRAM, verb, name_flag, "-", "-", NULL};
    union { /* exec takes its words for what they are: never changed */
        const char *const *in;
        char *const *out;
    } words = {argv};
    if (posix_spawn_file_actions_init(&actions))
        return ENOMEM;
    int r = posix_spawn_file_actions_adddup2(&actions, p->in[0], STDIN_FILENO);
    if (!r)
        r = posix_spawn_file_actions_adddup2(&actions, p->out[1], STDOUT_FILENO);
    if (!r)
        r = posix_spawn_file_actions_adddup2(&actions, p->error[1], STDERR_FILENO);
    if (!r)
        r = posix_spawnp(pid, PROGRAM, &actions, NULL, words.out, environ);
    posix_spawn_file_actions_destroy(&actions);
    return r;
}

static int read_all(int fd, struct buf *out, struct err *e)
{
    char part[4096];
    ssize_t n = 1;
    int r = 0;
    while (n && !r) {
        n = read(fd, part, sizeof(part));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            r = err_errno(e, errno, "read from " PROGRAM);
        else if (out->len + (size_t)n > INPUT_MAX)
            r = err_set(e, ERR_RESOURCE_EXHAUSTED, PROGRAM " writes too much");
        else if (buf_append(out, part, (size_t)n))
            r = err_no_memory(e);
    }
    mem_wipe(part, sizeof(part));
    return r;
}

/* The last line that isn't empty is the reason; those before it are remarks. */
static int failed(struct buf *said, struct err *e)
{
    while (said->len && said->data[said->len - 1] == '\n')
        said->data[--said->len] = '\0';
    for (size_t i = 0; i < said->len; i++)
        if (said->data[i] != '\n' && (said->data[i] < ' ' || said->data[i] == 0x7f))
            said->data[i] = '?';
    const char *text = buf_str(said), *line = strrchr(text, '\n');
    line = line ? line + 1 : text;
    const char *hint = strstr(line, "host secret")
                           ? " (only root has it; it is made by: systemd-creds setup)"
                           : "";
    return err_set(e, ERR_PERMISSION_DENIED, PROGRAM ": %.*s%s", WORDS_MAX,
                   *line ? line : "it failed", hint);
}

static int finish(pid_t pid, int code, struct buf *said, struct err *e)
{
    int status;
    pid_t ended;
    do
        ended = waitpid(pid, &status, 0);
    while (ended < 0 && errno == EINTR);
    if (code)
        return code;
    bool is_done = ended == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    return is_done ? 0 : failed(said, e);
}

/* Its own words are few, and fit a pipe that is read behind the other. */
static int talk(struct pipes *p, const struct buf *input, struct buf *out,
                struct buf *said, struct err *e)
{
    ssize_t n;
    do
        n = write(p->in[1], buf_str(input), input->len);
    while (n < 0 && errno == EINTR);
    close_end(&p->in[1]);
    int r = read_all(p->out[0], out, e);
    return r ? r : read_all(p->error[0], said, e);
}

static int run(const char *verb, const struct buf *input, struct buf *out, struct err *e)
{
    struct pipes p = {{-1, -1}, {-1, -1}, {-1, -1}};
    cleanup_buf struct buf said = BUF_INIT;
    pid_t pid = 0;
    int r = input->len > INPUT_MAX ? ERR_RESOURCE_EXHAUSTED : pipes_open(&p, e);
    if (r == ERR_RESOURCE_EXHAUSTED)
        err_set(e, r, "too long for " PROGRAM);
    int errnum = r ? 0 : spawn(verb, &p, &pid);
    if (errnum)
        r = err_errno(e, errnum, PROGRAM);
    if (errnum == ENOENT)
        r = err_set(e, ERR_UNIMPLEMENTED,
                    PROGRAM " isn't installed (it belongs to systemd, version 250 on)");
    if (r) {
        pipes_close(&p);
        return r;
    }
    close_end(&p.in[0]);
    close_end(&p.out[1]);
    close_end(&p.error[1]);
    r = talk(&p, input, out, &said, e);
    pipes_close(&p);
    return finish(pid, r, &said, e);
}

/* ---- what the key's file needs ---- */

/* Base64 in lines, which neither a key of age's nor one that is encrypted by age is. */
bool filestore_is_credential(const struct buf *file)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789+/=\n";
    return file->len && strspn(buf_str(file), alphabet) == file->len;
}

int filestore_credential_open(const struct buf *file, struct buf *out, struct err *e)
{
    return run("decrypt", file, out, e);
}

/* What can't be opened again must not take the key's place. */
int filestore_credential_seal(const struct buf *text, struct buf *out, struct err *e)
{
    cleanup_buf struct buf again = BUF_INIT;
    int r = run("encrypt", text, out, e);
    if (!r)
        r = run("decrypt", out, &again, e);
    if (r)
        return r;
    if (!filestore_is_credential(out) || again.len != text->len ||
        memcmp(buf_str(&again), buf_str(text), text->len) != 0)
        return err_set(e, ERR_IO, PROGRAM " doesn't give back what it was given");
    return 0;
}
