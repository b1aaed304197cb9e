/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_ensure: look, and only when the image isn't there pull it, and look again: that
 * tells whether it came, by this pull or another way.
 */
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/docker_api.h"

static void no_such_image(struct docker_call *c)
{
    struct err e;
    err_set(&e, ERR_NOT_FOUND, "No such image: %s", c->text);
    docker_call_end(c, ERR_NOT_FOUND, &e, NULL);
}

static void send_inspect(struct docker_call *c, docker_step step)
{
    cleanup_buf struct buf name = BUF_INIT;
    struct err e;
    if (docker_image_name(c->text, c->api->version.kind, &name, &e)) {
        docker_call_fail(c, &e);
        return;
    }
    docker_call_get(c, docker_target("/images/", buf_str(&name), "/json"), DOCKER_TIMEOUT,
                    DOCKER_BODY_MAX, step);
}

/* Docker's words come first, since people and programs look for them; then why the pull
 * failed. */
static void not_pulled(struct docker_call *c)
{
    struct err e = c->pull.error;
    if (!e.code) {
        no_such_image(c);
        return;
    }
    err_wrap(&e, e.code, "No such image: %s", c->text);
    docker_call_end(c, e.code, &e, NULL);
}

static void looked_again(struct docker_call *c, int status, const void *body, size_t n)
{
    if (status == 200)
        docker_call_end(c, 0, NULL, NULL);
    else if (status == 404)
        not_pulled(c);
    else
        docker_call_refused(c, status, body, n);
}

/* ---- the pull's answer ---- */

static void pull_head(struct http_call *call, const struct http_head *head, void *user)
{
    struct docker_call *c = user;
    c->pull.status = head->status;
}

static void pull_body(struct http_call *call, const void *data, size_t n, void *user)
{
    struct docker_call *c = user;
    struct err e;
    if (!docker_pull_feed(&c->pull, data, n))
        return;
    err_no_memory(&e);
    docker_call_fail(c, &e);
}

static void pull_end(struct http_call *call, int code, const struct err *e, void *user)
{
    struct docker_call *c = user;
    struct err failed;
    c->http = NULL;
    if (code) {
        docker_call_lost(c, code, e);
        return;
    }
    if (docker_pull_end(&c->pull)) {
        err_no_memory(&failed);
        docker_call_fail(c, &failed);
        return;
    }
    if (c->pull.error.code)
        log_warn("image %s can't be pulled: %s", c->text, err_text(&c->pull.error));
    send_inspect(c, looked_again);
}

static void send_pull(struct docker_call *c)
{
    static const struct http_call_events events = {pull_head, pull_body, pull_end};
    cleanup_buf struct buf query = BUF_INIT;
    struct err e;
    int r = docker_image_pull_query(c->text, &query, &e);
    if (r) {
        docker_call_fail(c, &e);
        return;
    }
    struct docker_request q = {.method = "POST",
                               .target = str_format("/images/create?%s", buf_str(&query)),
                               .auth = c->auth,
                               .timeout = DOCKER_TIMEOUT_PULL,
                               .events = &events};
    docker_call_send(c, &q, NULL);
}

/* An id can't be pulled. Podman says 500 for names it can't read. */
static void looked(struct docker_call *c, int status, const void *body, size_t n)
{
    if (status == 200)
        docker_call_end(c, 0, NULL, NULL);
    else if (status != 404)
        docker_call_refused(c, status, body, n);
    else if (str_starts_with(c->text, "sha256:"))
        no_such_image(c);
    else
        send_pull(c);
}

struct engine_call *docker_image_ensure(struct engine *g, const char *image,
                                        const char *auth, engine_done done, void *user)
{
    struct docker_api *api = CONTAINER_OF(g, struct docker_api, base);
    struct docker_call *c = docker_call_new(api, user);
    if (!c)
        return NULL;
    c->deliver = docker_call_plain;
    c->done.plain = done;
    c->text = strdup(image);
    c->auth = strdup(auth ? auth : "");
    struct err e;
    if (c->text && c->auth) {
        send_inspect(c, looked);
    } else {
        err_no_memory(&e);
        docker_call_fail(c, &e);
    }
    return &c->base;
}
