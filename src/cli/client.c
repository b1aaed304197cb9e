/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/client.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/client_private.h"
#include "cli/connection.h"
#include "wire/unary.h"

/* ---- the client ---- */

#define VERSION_SIZE 16

struct client {
    char *host;
    int fd;                     /* kept open between calls; -1: none */
    char version[VERSION_SIZE]; /* of the API, as it is asked for */
};

int client_new(const char *host, struct client **out, struct err *e)
{
    if (!str_starts_with(host, CLIENT_SCHEME) || host[strlen(CLIENT_SCHEME)] != '/')
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "the daemon's address '%s' is not of the form unix:///path", host);
    struct client *c = calloc(1, sizeof(*c));
    if (!c)
        return err_no_memory(e);
    strcpy_cut(c->version, sizeof(c->version), CLIENT_API_VERSION);
    c->fd = -1;
    c->host = strdup(host);
    if (!c->host) {
        client_free(c);
        return err_no_memory(e);
    }
    *out = c;
    return 0;
}

static void disconnect(struct client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

void client_free(struct client *c)
{
    if (!c)
        return;
    disconnect(c);
    free(c->host);
    free(c);
}

const char *client_host(const struct client *c)
{
    return c->host;
}

const char *client_socket(const struct client *c)
{
    return c->host + strlen(CLIENT_SCHEME);
}

int client_decode(const struct buf *text, json_t **out, struct err *e)
{
    static const struct json_limits limits = {
        .bytes = CLIENT_ANSWER_MAX, .values = CLIENT_VALUES_MAX, .depth = JSON_DEPTH_MAX};
    struct err why = {0};
    int r = json_read(text->data, text->len, &limits, out, &why);
    if (r == ERR_NO_MEMORY)
        return err_no_memory(e);
    if (r)
        return err_set(e, ERR_BAD_MESSAGE, "the daemon's answer is no JSON: %s",
                       err_text(&why));
    return 0;
}

static int code_of_status(long status)
{
    if (status == err_http_status(ERR_UNKNOWN))
        return ERR_UNKNOWN;
    for (int code = ERR_INVALID_ARGUMENT; code < ERR_CODES; code++)
        if (err_http_status(code) == status && code != ERR_FAILED_PRECONDITION)
            return code;
    return ERR_UNKNOWN;
}

int client_refusal(long status, const struct buf *body, struct err *e)
{
    cleanup_json json_t *j = NULL;
    const char *text = buf_str(body);
    if (body->len && client_decode(body, &j, NULL) == 0) {
        const char *message = json_string_value(json_object_get(j, "message"));
        text = message ? message : text;
    }
    int n = (int)strcspn(text, "\n");
    while (n > 0 && text[n - 1] == ' ')
        n--;
    if (!n)
        return err_set(e, code_of_status(status),
                       "Error response from daemon: status %ld without a message",
                       status);
    return err_set(e, code_of_status(status), "Error response from daemon: %.*s", n,
                   text);
}

/* ---- calls ---- */

int client_write_request(const struct client *c, const char *method, const char *path,
                         const struct buf *body, struct buf *out, struct err *e)
{
    cleanup_buf struct buf target = BUF_INIT;
    if (buf_printf(&target, "/v%s%s", c->version, path))
        return err_no_memory(e);
    return connection_write_request(out, method, buf_str(&target), body, e);
}

/* Feeds what came; what is behind the answer spoils the connection. */
static int feed(struct client *c, struct unary *answer, const char *piece, size_t n,
                struct err *e)
{
    struct err why = {0};
    size_t used = 0;
    int r = n ? unary_feed(answer, piece, n, &used, &why) : unary_eof(answer, &why);
    if (r == ERR_RESOURCE_EXHAUSTED)
        return err_set(e, r, "the daemon's answer doesn't fit into memory");
    if (r)
        return connection_broken(c->host, r, err_text(&why), e);
    if (n == 0 || used < n)
        answer->reader.keep_alive = false;
    return 0;
}

static int receive(struct client *c, struct unary *answer, struct err *e)
{
    char piece[CONNECTION_PIECE];
    size_t n = 0;
    int r = 0;
    while (!r && !answer->is_complete) {
        r = connection_receive(c->fd, piece, &n, c->host, e);
        r = r ?: feed(c, answer, piece, n, e);
    }
    mem_wipe(piece, sizeof(piece));
    return r;
}

static int ask_once(struct client *c, const struct buf *request, struct unary *answer,
                    struct err *e)
{
    int r = c->fd < 0 ? connection_open(c->host, &c->fd, e) : 0;
    r = r ?: connection_send(c->fd, request, c->host, e);
    return r ?: receive(c, answer, e);
}

/* A connection that was kept may have been closed meanwhile: then nothing comes on it,
 * and the request goes over a new one. */
static int ask(struct client *c, const struct buf *request, struct unary *answer,
               struct err *e)
{
    bool is_kept = c->fd >= 0;
    int r = ask_once(c, request, answer, e);
    if (r && is_kept && !answer->reader.is_started) {
        disconnect(c);
        r = ask_once(c, request, answer, e);
    }
    if (r || !answer->reader.keep_alive)
        disconnect(c);
    return r;
}

/* *answer takes the body. */
static int perform(struct client *c, const struct buf *request, struct buf *answer,
                   long *status, struct err *e)
{
    cleanup_unary struct unary u;
    unary_init(&u, HTTP_RESPONSE, CLIENT_ANSWER_MAX);
    int r = ask(c, request, &u, e);
    if (r)
        return r;
    *status = u.reader.head.status;
    buf_deinit(answer);
    *answer = u.body;
    u.body = (struct buf)BUF_INIT;
    return 0;
}

/* ---- the version of the API ---- */

/* The N of "1.N"; 0 when there is none. */
static unsigned minor_of(const json_t *version, const char *key)
{
    const char *text = json_string_value(json_object_get(version, key));
    uint64_t minor;
    if (!text || !str_starts_with(text, "1.") || !str_to_u64(text + 2, &minor) ||
        minor > 999)
        return 0;
    return (unsigned)minor;
}

/* Ours, or theirs where that is lower. Where even their least one is above ours, that:
 * only fields are read here that all versions since ours have. */
static unsigned choose_minor(const json_t *version)
{
    unsigned most = minor_of(version, "ApiVersion"),
             least = minor_of(version, "MinAPIVersion");
    if (least > CLIENT_API_MINOR)
        return least;
    return most && most < CLIENT_API_MINOR ? most : CLIENT_API_MINOR;
}

/* A daemon that doesn't take our version is asked which ones it takes. Keeps the version
 * when there is no better one. */
static void negotiate(struct client *c)
{
    cleanup_buf struct buf request = BUF_INIT, text = BUF_INIT;
    cleanup_json json_t *version = NULL;
    long status = 0;
    if (!connection_write_request(&request, "GET", "/version", NULL, NULL) &&
        !perform(c, &request, &text, &status, NULL) && status == 200 &&
        !client_decode(&text, &version, NULL))
        snprintf(c->version, sizeof(c->version), "1.%u", choose_minor(version));
}

/* Such a request was not carried out. */
static bool is_version_refused(long status, const struct buf *answer)
{
    return status == 400 && answer->len && strstr(buf_str(answer), "client version ");
}

static int call_once(struct client *c, const char *method, const char *path,
                     const struct buf *body, struct buf *answer, long *status,
                     struct err *e)
{
    cleanup_buf struct buf request = BUF_INIT;
    int r = client_write_request(c, method, path, body, &request, e);
    return r ? r : perform(c, &request, answer, status, e);
}

int client_call(struct client *c, const char *method, const char *path,
                const struct buf *body, json_t **answer, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    long status = 0;
    int r = call_once(c, method, path, body, &text, &status, e);
    if (!r && is_version_refused(status, &text)) {
        negotiate(c);
        r = call_once(c, method, path, body, &text, &status, e);
    }
    if (r)
        return r;
    if (status >= 400)
        return client_refusal(status, &text, e);
    if (!answer)
        return 0;
    *answer = NULL;
    return text.len ? client_decode(&text, answer, e) : 0;
}

int client_get(struct client *c, const char *path, json_t **answer, struct err *e)
{
    int r = client_call(c, "GET", path, NULL, answer, e);
    if (r || *answer)
        return r;
    return err_set(e, ERR_BAD_MESSAGE, "the daemon's answer to GET %s is empty", path);
}

int client_post(struct client *c, const char *path, const json_t *body, json_t **answer,
                struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    if (json_write(body, &text))
        return err_no_memory(e);
    return client_call(c, "POST", path, &text, answer, e);
}
