/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/backend_private.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

/* What clients ask for when their user doesn't say. */
#define BACKEND_LISTEN_HOST "0.0.0.0"
#define BACKEND_LISTEN_ADDR BACKEND_LISTEN_HOST ":2377"

/* An init or leave that is under way. */
struct passage {
    struct node_backend *b;
    backend_done done;
    void *user;
    struct defer answer;
    struct err err;
};

/* This node as an object; NULL in no swarm. */
static const struct object *self(const struct node_backend *b)
{
    struct cluster *c = node_cluster(b->node);
    if (!c)
        return NULL;
    return store_get(store_view(cluster_store(c)), OBJECT_NODE,
                     node_state(b->node)->node_id);
}

static void on_refused(void *user)
{
    struct passage *p = user;
    p->done(p->err.code, &p->err, NULL, p->user);
    free(p);
}

/* Refuses, from the loop, with what is in p->err. */
static void refuse_soon(struct passage *p)
{
    defer_init(&p->answer, on_refused, p);
    defer_start(&p->answer, &p->b->defers);
}

static struct passage *passage_new(struct node_backend *b, backend_done done, void *user)
{
    struct passage *p = calloc(1, sizeof(*p));
    if (p) {
        *p = (struct passage){.b = b, .done = done, .user = user};
        return p;
    }
    struct err e;
    done(err_no_memory(&e), &e, NULL, user);
    return NULL;
}

static void on_passed(int r, const struct err *e, void *user)
{
    struct passage *p = user;
    p->done(r, e, r ? NULL : self(p->b), p->user);
    free(p);
}

static int check_free(const struct node_backend *b, struct err *e)
{
    if (!node_is_busy(b->node))
        return 0;
    return err_set(e, ERR_UNAVAILABLE,
                   "this node is on its way into or out of a swarm; try again");
}

/* Other machines can't connect yet: where to listen for them, and what their networks are
 * made of, can't be as asked. The clients' own defaults ask for nothing. */
static int check_addresses(const struct backend_init *init, struct err *e)
{
    const char *listen = init->listen_addr;
    if (!str_is_empty(listen) && !str_equal(listen, BACKEND_LISTEN_ADDR) &&
        !str_equal(listen, BACKEND_LISTEN_HOST))
        return err_set(e, ERR_UNIMPLEMENTED,
                       "ListenAddr: %.64s isn't supported yet, only " BACKEND_LISTEN_ADDR,
                       listen);
    if (init->subnet_size && init->subnet_size != BOOTSTRAP_SUBNET_SIZE)
        return err_set(
            e, ERR_UNIMPLEMENTED,
            "SubnetSize: %u isn't supported yet, only %d: there are no overlay "
            "networks",
            init->subnet_size, BOOTSTRAP_SUBNET_SIZE);
    if (str_is_empty(init->data_path_addr) && !init->data_path_port)
        return 0;
    return err_set(e, ERR_UNIMPLEMENTED,
                   "data path address and port aren't supported yet: there are no "
                   "overlay networks");
}

static int check_init(const struct node_backend *b, const struct backend_init *init,
                      struct err *e)
{
    int r = check_free(b, e);
    if (r)
        return r;
    if (init->autolock)
        return err_set(e, ERR_UNIMPLEMENTED,
                       "autolock isn't supported yet; init without --autolock");
    if (init->force_new_cluster)
        return err_set(e, ERR_UNIMPLEMENTED, "ForceNewCluster isn't supported yet");
    r = check_addresses(init, e);
    if (r)
        return r;
    if (node_cluster(b->node) && !node_state(b->node)->is_auto)
        return err_set(
            e, ERR_UNAVAILABLE,
            "This node is already part of a swarm. Use \"docker swarm leave\" to "
            "leave this swarm and join another one.");
    return init->spec ? cluster_spec_validate(init->spec, e) : 0;
}

static int take_availability(const char *name, Swarm__NodeSpec__Availability *out,
                             struct err *e)
{
    if (str_is_empty(name) || str_equal(name, "active"))
        *out = SWARM__NODE_SPEC__AVAILABILITY__ACTIVE;
    else if (str_equal(name, "pause"))
        *out = SWARM__NODE_SPEC__AVAILABILITY__PAUSE;
    else if (str_equal(name, "drain"))
        *out = SWARM__NODE_SPEC__AVAILABILITY__DRAIN;
    else
        return err_set(e, ERR_INVALID_ARGUMENT, "invalid Availability: \"%s\"", name);
    return 0;
}

void backend_init_swarm(struct backend *backend, struct backend_init *init,
                        backend_done done, void *user)
{
    struct node_backend *b = node_backend_of(backend);
    struct node_init how = {.advertise_addr = init->advertise_addr};
    struct passage *p = passage_new(b, done, user);
    Swarm__ClusterSpec *spec = TAKE(init->spec);
    int r = p ? check_init(b, init, &p->err) : ERR_NO_MEMORY;
    if (!r)
        r = take_availability(init->availability, &how.availability, &p->err);
    if (r) {
        message_free((ProtobufCMessage *)spec);
        if (p)
            refuse_soon(p);
        return;
    }
    how.spec = spec;
    if (node_cluster(b->node))
        node_confirm_swarm(b->node, &how, on_passed, p);
    else
        node_init_swarm(b->node, &how, on_passed, p);
}

static int check_leave(const struct node_backend *b, bool force, struct err *e)
{
    int r = check_free(b, e);
    if (r)
        return r;
    if (!node_cluster(b->node))
        return err_set(e, ERR_UNAVAILABLE, "This node is not part of a swarm");
    if (force)
        return 0;
    return err_set(
        e, ERR_UNAVAILABLE,
        "You are attempting to leave the swarm on a node that is participating "
        "as a manager. Removing the last manager erases all current state of "
        "the swarm. Use `--force` to ignore this message. ");
}

void backend_leave_swarm(struct backend *backend, bool force, backend_done done,
                         void *user)
{
    struct node_backend *b = node_backend_of(backend);
    struct passage *p = passage_new(b, done, user);
    if (!p)
        return;
    if (check_leave(b, force, &p->err))
        refuse_soon(p);
    else
        node_leave_swarm(b->node, on_passed, p);
}
