/* SPDX-License-Identifier: Apache-2.0 */
/* The first call on a new connection: who we are, and what we do. */
#include "base/clock.h"
#include "base/str.h"
#include "sdk/plugin_private.h"
#include "sdk/sdk.h"
#include "secrets/plugins.pb-c.h"
#include "wire/connect.h"

#define PROCEDURE "/plugins.v1.RegisterService/RegisterPlugin"

static int write_request(const struct coffer_plugin *p, struct buf *out, struct err *e)
{
    Plugins__V1__Capabilities can = PLUGINS__V1__CAPABILITIES__INIT;
    Plugins__V1__SecretsProvider provider = PLUGINS__V1__SECRETS_PROVIDER__INIT;
    Plugins__V1__RegisterPluginRequest m = PLUGINS__V1__REGISTER_PLUGIN_REQUEST__INIT;
    struct connect_call head = {.procedure = PROCEDURE,
                                .host = "unix",
                                .user_agent = "coffer/" COFFER_VERSION,
                                .timeout = p->register_time,
                                .is_last = true};
    cleanup_buf struct buf body = BUF_INIT;
    can.store = sdk_plugin_is_store(p);
    can.configure = true;
    provider.pattern = sdk_borrowed(p->options.pattern);
    m.name = p->name;
    m.version = sdk_borrowed(p->options.version);
    m.metadata_case = PLUGINS__V1__REGISTER_PLUGIN_REQUEST__METADATA_SECRETS_PROVIDER;
    m.secrets_provider = &provider;
    m.capabilities = &can;
    if (message_pack(&m.base, &body))
        return err_no_memory(e);
    return connect_write_call(&head, body.data, body.len, out, e);
}

/* The engine's time limit for calls, none when it is no sensible one. */
static int64_t duration(const Google__Protobuf__Duration *d)
{
    int64_t t;
    if (!d || d->seconds < 0 || d->nanos < 0 ||
        __builtin_mul_overflow(d->seconds, CLOCK_SECOND, &t))
        return 0;
    return clock_after(t, d->nanos);
}

/* Docker's engine has no code of its own for a name that is taken. */
static int tell(int code, struct err *e)
{
    if (code == ERR_INTERNAL && str_ends_with(e->text, "already exists"))
        code = ERR_ALREADY_EXISTS;
    return err_wrap(e, code, "register the plugin");
}

static int read_answer(struct coffer_plugin *p, struct sdk_exchange *x, struct err *e)
{
    cleanup_buf struct buf message = BUF_INIT;
    cleanup_message ProtobufCMessage *m = NULL;
    int r =
        connect_read_answer(&x->in.reader.head, &x->in.body, CONNECT_PROTO, &message, e);
    if (!r)
        r = message_unpack(&plugins__v1__register_plugin_response__descriptor,
                           message.data, message.len, &m, e);
    if (r)
        return tell(r, e);
    const Plugins__V1__RegisterPluginResponse *answer = (const void *)m;
    p->request_time = duration(answer->request_timeout);
    return 0;
}

/* Until the answer is whole, or can't become so any more. */
static int wait_for_answer(struct coffer_plugin *p, struct sdk_exchange *x,
                           int64_t deadline, struct err *e)
{
    while (!x->in.is_complete) {
        int r = sdk_link_turn(&p->link, deadline, NULL, e);
        if (r)
            return r;
        if (x->in.is_complete)
            break;
        if (p->link.is_gone || x->is_dead)
            return err_set(e, ERR_UNAVAILABLE,
                           "the engine went away before the plugin was registered");
        if (sdk_now() >= deadline)
            return err_set(e, ERR_DEADLINE_EXCEEDED, "plugin registration timed out");
    }
    return read_answer(p, x, e);
}

int sdk_plugin_register(struct coffer_plugin *p, struct err *e)
{
    struct sdk_exchange *x;
    int64_t deadline = clock_after(sdk_now(), p->register_time);
    int r = sdk_exchange_open(&p->link, &x, e);
    if (r)
        return r;
    r = write_request(p, &x->out, e);
    if (!r)
        r = sdk_exchange_send(x, e);
    if (!r)
        r = wait_for_answer(p, x, deadline, e);
    sdk_exchange_free(x);
    return r;
}
