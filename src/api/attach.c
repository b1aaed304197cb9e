/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /containers/X/attach, by which `docker run` begins before it starts its container.
 * Podman makes the container ready in it, so that this is where references are resolved;
 * when that fails it answers 409, of which the client only shows the number. So the
 * container is made ready beforehand, by Podman's own call for it. Where that fails, the
 * client gets a stream that ends at once, goes on to start the container, and there is
 * told the reason (unready.c). Containers without a record, too: the image may have
 * references that are refused.
 */
#include <stdlib.h>
#include <unistd.h>

#include "api/handlers.h"
#include "api/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "loop/clock.h"
#include "oci/record.h"

#define ATTACH_TIMEOUT (5 * CLOCK_MINUTE)

struct attachment {
    struct api *api;
    struct http_exchange *x;
    char id[CONTAINER_ID_MAX + 1];
};

static void on_taken(int code, int fd, struct buf *early, const struct err *e, void *user)
{
    (void)early;
    (void)e;
    (void)user;
    if (!code)
        close(fd);
}

static void end_at_once(struct http_exchange *x)
{
    static const char answer[] = "HTTP/1.1 101 UPGRADED\r\n"
                                 "Content-Type: application/vnd.docker.raw-stream\r\n"
                                 "Connection: Upgrade\r\n"
                                 "Upgrade: tcp\r\n\r\n";
    http_exchange_take(x, answer, sizeof(answer) - 1, on_taken, NULL);
}

static void remember(struct attachment *t, const struct buf *answer)
{
    cleanup_json json_t *j = NULL;
    const char *text = NULL;
    if (!api_json_parse(answer->data, answer->len, &j, NULL))
        text = json_string_value(json_object_get(j, "message"));
    if (text)
        api_unready_add(&t->api->unready, t->id, text, clock_monotonic());
}

/* Any other engine doesn't know the call (404); 304: it is ready, or runs. */
static void on_made_ready(struct http_response *r, int code, const struct err *e,
                          void *user)
{
    struct attachment *t = user;
    (void)e;
    if (!code && r->head->status == 500) {
        remember(t, &r->body);
        end_at_once(t->x);
    } else {
        api_passthrough(t->api, t->x);
    }
    free(t);
}

static int make_ready(struct attachment *t)
{
    cleanup_free char *target = str_format("/v4.0.0/libpod/containers/%s/init", t->id);
    const struct http_request request = {
        .method = "POST", .target = target, .timeout = ATTACH_TIMEOUT};
    if (!target)
        return ERR_NO_MEMORY;
    return http_client_fetch(t->api->client, &request, API_ENGINE_ANSWER_MAX,
                             on_made_ready, t, NULL, NULL);
}

/* The text between "/containers/" and the next slash; empty when it is too long. */
static void find_id(struct http_exchange *x, char id[CONTAINER_ID_MAX + 1])
{
    const char *at = strstr(http_exchange_url(x)->path, "/containers/");
    at = at ? at + strlen("/containers/") : "";
    size_t n = strcspn(at, "/");
    n = n > CONTAINER_ID_MAX ? 0 : n;
    memcpy(id, at, n);
    id[n] = '\0';
}

void api_rewrite_attach(struct api *a, struct http_exchange *x, const struct buf *body)
{
    (void)body;
    char id[CONTAINER_ID_MAX + 1];
    find_id(x, id);
    bool may_have_references = a->references && record_id_is_valid(id);
    struct attachment *t = may_have_references ? malloc(sizeof(*t)) : NULL;
    if (t) {
        *t = (struct attachment){.api = a, .x = x};
        strcpy_cut(t->id, sizeof(t->id), id);
        if (!make_ready(t))
            return;
    }
    free(t);
    api_passthrough(a, x);
}

void api_rewrite_start(struct api *a, struct http_exchange *x, const struct buf *body)
{
    (void)body;
    char id[CONTAINER_ID_MAX + 1], text[ERR_TEXT_SIZE];
    find_id(x, id);
    if (api_unready_take(&a->unready, id, clock_monotonic(), text))
        http_exchange_respond_message(x, 500, text);
    else
        api_passthrough(a, x);
}
