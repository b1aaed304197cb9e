/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remove: done only when the container isn't there any more.
 *
 *   DELETE --204, 404--> done
 *      |409: somebody else's removal is under way
 *      v
 *   wait for its end --> inspect --404--> done
 *                           |
 *                           +--> the removal's refusal
 */
#include <string.h>

#include "engine/docker_api.h"
#include "oci/record.h"

static void still_there(struct docker_call *c, int status, const void *body, size_t n)
{
    if (status == 404)
        docker_call_end(c, 0, NULL, NULL);
    else if (status == 200)
        docker_call_end(c, c->error.code, &c->error, NULL);
    else
        docker_call_refused(c, status, body, n);
}

/* An end of the wait may also be that the other removal failed or takes its time, or that
 * the engine can't wait for such a thing. */
static void waited(struct docker_call *c, int status, const void *body, size_t n)
{
    docker_call_get(c, docker_target("/containers/", c->text, "/json"), DOCKER_TIMEOUT,
                    DOCKER_BODY_MAX, still_there);
}

static void wait_for_other(struct docker_call *c)
{
    struct docker_request q = {
        .method = "POST",
        .target = docker_target("/containers/", c->text, "/wait?condition=removed"),
        .timeout = c->api->removal_timeout,
        .max = DOCKER_BODY_MAX,
        .may_take_long = true};
    docker_call_send(c, &q, waited);
}

/* One that stays does no harm: cofferd removes those of no container now and then. */
static void forget_record(const struct docker_call *c)
{
    struct err unused;
    const char *folder = c->api->references;
    int r = folder && record_id_is_valid(c->text)
                ? record_remove(folder, c->text, &unused)
                : 0;
    (void)r;
}

static void answered(struct docker_call *c, int status, const void *body, size_t n)
{
    if (status == 204 || status == 200 || status == 404) {
        forget_record(c);
        docker_call_end(c, 0, NULL, NULL);
    } else if (docker_error(status, body, n, &c->error) == ERR_CONFLICT) {
        wait_for_other(c);
    } else {
        docker_call_end(c, c->error.code, &c->error, NULL);
    }
}

static void send_remove(struct docker_call *c)
{
    struct docker_request q = {.method = "DELETE",
                               .target =
                                   docker_target("/containers/", c->text, "?force=1&v=1"),
                               .timeout = DOCKER_TIMEOUT_SLOW,
                               .max = DOCKER_BODY_MAX,
                               .is_heavy = true};
    docker_call_send(c, &q, answered);
}

struct engine_call *docker_remove(struct engine *g, const char *id, engine_done done,
                                  void *user)
{
    struct docker_call *c =
        docker_call_new(CONTAINER_OF(g, struct docker_api, base), user);
    if (!c)
        return NULL;
    c->deliver = docker_call_plain;
    c->done.plain = done;
    c->text = strdup(id);
    struct err e;
    if (c->text) {
        send_remove(c);
    } else {
        err_no_memory(&e);
        docker_call_fail(c, &e);
    }
    return &c->base;
}
