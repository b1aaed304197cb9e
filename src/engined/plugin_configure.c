/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin's settings on their way to it. One after the other the values that are
 * references are looked up in the local store, which is asked directly: the ids of the
 * plugins' credentials are in a realm that clients' requests don't reach.
 */
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "base/mem.h"
#include "base/str.h"
#include "engined/host.h"
#include "engined/plugin.h"
#include "resolver/reference.h"
#include "resolver/secret_id.h"
#include "secrets/resolver.pb-c.h"
#include "secrets/store.pb-c.h"
#include "wire/message.h"

#define CONFIGURE_PROCEDURE "/coffer.v1.ConfigureService/Configure"
#define GET_PROCEDURE "/resolver.v1.ResolverService/GetSecrets"

struct configure {
    struct plugin *p;
    Coffer__V1__ConfigureRequest *message;
    size_t at; /* the line at hand */
    struct host_waiter waiter;
    struct session_call *lookup, *call;
};

static void step(struct configure *c);

void configure_close(struct plugin *p)
{
    struct configure *c = TAKE(p->configure);
    if (!c)
        return;
    host_waiter_cancel(&c->waiter);
    if (c->lookup)
        session_call_cancel(c->lookup);
    if (c->call)
        session_call_cancel(c->call);
    message_free(&c->message->base);
    free(c);
}

/* ---- the message ---- */

static int put(struct configure *c, const char *key, const void *value, size_t n,
               struct err *e)
{
    Coffer__V1__ConfigureRequest__ValuesEntry *entry =
        message_new(&coffer__v1__configure_request__values_entry__descriptor);
    if (!entry)
        return err_no_memory(e);
    if (message_set_string(&entry->key, key) ||
        message_set_bytes(&entry->value, value, n) ||
        message_append(&c->message->n_values, &c->message->values, entry)) {
        message_free(&entry->base);
        return err_no_memory(e);
    }
    return 0;
}

static void on_configured(int code, ProtobufCMessage **answer, const struct err *e,
                          void *user)
{
    struct configure *c = user;
    struct plugin *p = c->p;
    struct err why;
    (void)answer;
    c->call = NULL;
    if (code)
        why = *e;
    configure_close(p);
    if (code)
        plugin_fail(p, &why);
    else
        plugin_ready(p);
}

static bool has_line(const struct plugin *p, const char *key)
{
    for (size_t i = 0; i < p->settings.n_lines; i++)
        if (str_equal(p->settings.lines[i].key, key))
            return true;
    return false;
}

/* The store is to hand the engine's own credentials out, to the engine: what clients may
 * not see of it is taken out of their answers here. One that is a guess is to look
 * whether it has anything behind it. */
static int add_engine_settings(struct configure *c, struct err *e)
{
    static const char show[] = "show", probe[] = "yes";
    if (!c->p->is_store)
        return 0;
    int r = has_line(c->p, "internal") ? 0 : put(c, "internal", show, strlen(show), e);
    if (!r && host_guesses_store(c->p->host) && !has_line(c->p, "probe"))
        r = put(c, "probe", probe, strlen(probe), e);
    return r;
}

static int send_message(struct configure *c, struct err *e)
{
    int r = add_engine_settings(c, e);
    if (r)
        return r;
    return session_call(c->p->session, CONFIGURE_PROCEDURE, &c->message->base,
                        &coffer__v1__configure_response__descriptor,
                        host_config(c->p->host)->request_timeout, on_configured, c,
                        &c->call, e);
}

/* ---- references ---- */

static const struct plugin_line *line_of(const struct configure *c)
{
    return &c->p->settings.lines[c->at];
}

static const char *id_of(const struct plugin_line *line)
{
    return line->value + strlen(REFERENCE_PREFIX);
}

static bool is_reference(const struct plugin_line *line)
{
    return str_starts_with(line->value, REFERENCE_PREFIX);
}

static int take_found(struct configure *c, const Resolver__V1__GetSecretsResponse *m,
                      struct err *e)
{
    const char *id = id_of(line_of(c));
    for (size_t i = 0; i < m->n_envelopes; i++)
        if (str_equal(m->envelopes[i]->id, id))
            return put(c, line_of(c)->key, m->envelopes[i]->value.data,
                       m->envelopes[i]->value.len, e);
    return err_set(e, ERR_NOT_FOUND, "secret not found");
}

static void fail(struct configure *c, struct err *e)
{
    struct plugin *p = c->p;
    err_wrap(e, e->code, "its setting %s", line_of(c)->key);
    configure_close(p);
    plugin_fail(p, e);
}

static void on_found(int code, ProtobufCMessage **answer, const struct err *e, void *user)
{
    struct configure *c = user;
    struct err why;
    c->lookup = NULL;
    if (code)
        why = *e;
    else
        code = take_found(
            c, (const Resolver__V1__GetSecretsResponse *)(const void *)*answer, &why);
    if (code) {
        fail(c, &why);
        return;
    }
    c->at++;
    step(c);
}

static int look_up(struct configure *c, struct err *e)
{
    struct plugin *store = host_store(c->p->host);
    char id[SECRET_ID_MAX + 1];
    Resolver__V1__GetSecretsRequest m = RESOLVER__V1__GET_SECRETS_REQUEST__INIT;
    if (!secret_id_is_valid(id_of(line_of(c))))
        return err_set(e, ERR_INVALID_ARGUMENT, "it refers to what is no id");
    if (store == c->p)
        return err_set(e, ERR_INVALID_ARGUMENT, "the local store can't refer to itself");
    if (!store)
        return host_no_store(c->p->host, e);
    if (!plugin_is_running(store))
        return err_set(e, ERR_UNAVAILABLE, "the local store isn't there%s%s",
                       store->why.code ? ": " : "",
                       store->why.code ? err_text(&store->why) : "");
    strcpy_cut(id, sizeof(id), id_of(line_of(c)));
    m.pattern = id;
    return session_call(store->session, GET_PROCEDURE, &m.base,
                        &resolver__v1__get_secrets_response__descriptor,
                        host_config(c->p->host)->request_timeout, on_found, c, &c->lookup,
                        e);
}

static void on_store(void *user)
{
    struct configure *c = user;
    struct err e;
    if (look_up(c, &e))
        fail(c, &e);
}

/* Takes lines until one has to be waited for. */
static void step(struct configure *c)
{
    struct plugin *p = c->p;
    struct err e;
    int r = 0;
    for (; c->at < p->settings.n_lines && !r; c->at++) {
        const struct plugin_line *line = line_of(c);
        if (is_reference(line) && host_store(p->host) != p) {
            host_await_store(p->host, &c->waiter, on_store, c);
            return;
        }
        r = is_reference(line) ? err_set(&e, ERR_INVALID_ARGUMENT,
                                         "the local store can't refer to itself")
                               : put(c, line->key, line->value, strlen(line->value), &e);
    }
    if (!r)
        r = send_message(c, &e);
    if (r) {
        configure_close(p);
        plugin_fail(p, &e);
    }
}

void configure_start(struct plugin *p)
{
    struct err e;
    if (!p->can_configure) {
        plugin_ready(p);
        return;
    }
    struct configure *c = calloc(1, sizeof(*c));
    Coffer__V1__ConfigureRequest *m =
        message_new(&coffer__v1__configure_request__descriptor);
    if (!c || !m) {
        free(c);
        message_free(m ? &m->base : NULL);
        err_no_memory(&e);
        plugin_fail(p, &e);
        return;
    }
    *c = (struct configure){.p = p, .message = m};
    list_init(&c->waiter.link);
    p->configure = c;
    step(c);
}
