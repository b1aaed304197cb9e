/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_ensure: look, and only when the image isn't there pull it, and look again (a pull
 * may answer 200 and fail in its stream).
 */
#include <string.h>

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

static void looked_again(struct docker_call *c, int status, const void *body, size_t n)
{
    if (status == 200)
        docker_call_end(c, 0, NULL, NULL);
    else
        no_such_image(c);
}

/* Whether it failed is told by looking: the image may have come by another way. */
static void pulled(struct docker_call *c, int status, const void *body, size_t n)
{
    send_inspect(c, looked_again);
}

static void send_pull(struct docker_call *c)
{
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
                               .max = DOCKER_BODY_PULL_MAX};
    docker_call_send(c, &q, pulled);
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
