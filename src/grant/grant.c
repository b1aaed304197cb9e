/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request is answered as soon as its body is there, from the committed store: nothing
 * is kept of it, but of who asked what askers.h says.
 */
#include "grant/grant.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/process.h"
#include "base/str.h"
#include "grant/answer.h"
#include "grant/askers.h"
#include "loop/clock.h"
#include "net/http_server.h"
#include "wire/connect.h"
#include "wire/message.h"

#define PROCEDURE "/resolver.v1.ResolverService/GetSecrets"
#define PASSWD "/etc/passwd"

struct grant {
    struct grant_source source;
    struct askers askers;
    struct http_server *server;
    void (*closed)(void *user);
    void *closed_user;
};

/* ---- answering ---- */

static void respond(struct http_exchange *x, struct connect_answer *a)
{
    http_exchange_respond(x, a->status, a->headers, a->n_headers, a->body, a->n);
    connect_answer_deinit(a);
}

/* Who is refused has to connect anew: that costs more than to go on asking. */
static void refuse(struct http_exchange *x, const struct err *why)
{
    struct connect_answer a;
    http_exchange_end_connection(x);
    if (connect_answer_error(why->code, err_text(why), &a, NULL))
        http_exchange_abort(x);
    else
        respond(x, &a);
}

static void refuse_plainly(struct http_exchange *x, int status)
{
    struct connect_answer a;
    http_exchange_end_connection(x);
    connect_answer_refusal(status, &a);
    respond(x, &a);
}

/* ---- a request ---- */

static int read_pattern(const struct connect_request *q, struct pattern *out,
                        struct err *e)
{
    cleanup_message ProtobufCMessage *m = NULL;
    int r = message_unpack(&resolver__v1__get_secrets_request__descriptor,
                           q->message.data, q->message.len, &m, e);
    if (r == ERR_BAD_MESSAGE)
        return err_wrap(e, ERR_INVALID_ARGUMENT, "unmarshal message");
    if (r)
        return r;
    const char *text =
        ((const Resolver__V1__GetSecretsRequest *)(const void *)m)->pattern;
    return pattern_parse(out, text, strlen(text), e);
}

static int find(struct grant *g, uid_t uid, const struct connect_request *q,
                Resolver__V1__GetSecretsResponse **out, struct err *e)
{
    const struct store_view *view;
    cleanup_pattern struct pattern pattern = PATTERN_INIT;
    struct asker *asker;
    int64_t now = clock_monotonic();
    int r = read_pattern(q, &pattern, e);
    r = r ?: g->source.view(g->source.user, &view, e);
    r = r ?: askers_find(&g->askers, uid, now, &asker, e);
    if (!r && !pattern_is_id(&pattern))
        r = asker_count_walk(asker, now, e);
    return r
               ?: grant_answer(view, &g->source, &asker->who, &pattern, clock_now(), out,
                               e);
}

static int answer(struct grant *g, struct http_exchange *x, struct buf *body,
                  struct connect_answer *out, struct buf *packed, struct err *e)
{
    struct ucred peer;
    cleanup_connect_request struct connect_request q = {0};
    cleanup_message Resolver__V1__GetSecretsResponse *m = NULL;
    if (!http_exchange_peer(x, &peer))
        return err_set(e, ERR_PERMISSION_DENIED, "it isn't known who asks");
    int r = connect_read_request(http_exchange_head(x), body, GRANT_REQUEST_MAX, &q, e);
    if (!r && q.codec != CONNECT_PROTO)
        r = err_set(e, ERR_UNIMPLEMENTED, "only application/proto is understood");
    r = r ?: find(g, peer.uid, &q, &m, e);
    if (!r && message_pack(&m->base, packed))
        r = err_no_memory(e);
    return r ?: connect_answer(&q, false, packed->data, packed->len, out, e);
}

static void on_body(struct http_exchange *x, int code, struct buf *body,
                    const struct err *why, void *user)
{
    struct connect_answer a = {0};
    struct err e;
    cleanup_buf struct buf packed = BUF_INIT;
    if (code)
        refuse(x, why);
    else if (answer(user, x, body, &a, &packed, &e))
        refuse(x, &e);
    else
        respond(x, &a);
}

static void handle(struct http_exchange *x, void *user)
{
    const struct http_head *head = http_exchange_head(x);
    int refusal = str_equal(head->target, PROCEDURE) ? connect_refusal(head) : 404;
    if (http_exchange_is_stranger(x))
        http_exchange_respond_message(x, 403,
                                      "users of other user namespaces are not served");
    else if (refusal)
        refuse_plainly(x, refusal);
    else
        http_exchange_collect(x, GRANT_REQUEST_MAX, on_body, user);
}

/* The uids of a user namespace are lent to it by the thousand: its users would have as
 * many connections. */
static bool is_stranger(const struct ucred *peer, bool is_abstract)
{
    (void)is_abstract;
    return !peer || process_has_other_users(peer->pid);
}

/* ---- life ---- */

int grant_new(uv_loop_t *loop, const struct grant_source *source, const char *path,
              struct grant **out, struct err *e)
{
    struct grant *g = calloc(1, sizeof(*g));
    const struct http_server_options options = {
        .handler = handle,
        .user = g,
        .is_stranger = is_stranger,
        .connections_max = GRANT_CONNECTIONS_MAX,
        .per_user_max = GRANT_CONNECTIONS_OF_USER_MAX,
        .head_timeout = GRANT_REQUEST_TIMEOUT,
        .body_timeout = GRANT_REQUEST_TIMEOUT,
        .idle_timeout = GRANT_REQUEST_TIMEOUT,
    };
    if (!g)
        return err_no_memory(e);
    g->source = *source;
    g->askers.passwd = PASSWD;
    int r = http_server_new(loop, &options, &g->server, e);
    if (r) {
        free(g);
        return r;
    }
    r = http_server_listen(g->server, path, 0666, (gid_t)-1, e);
    if (r)
        grant_close(g, NULL, NULL);
    else
        *out = g;
    return r;
}

static void on_closed(void *user)
{
    struct grant *g = user;
    void (*closed)(void *) = g->closed;
    void *closed_user = g->closed_user;
    askers_deinit(&g->askers);
    free(g);
    if (closed)
        closed(closed_user);
}

void grant_close(struct grant *g, void (*cb)(void *user), void *user)
{
    g->closed = cb;
    g->closed_user = user;
    http_server_close(g->server, 0, on_closed, g);
}
