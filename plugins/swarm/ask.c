/* SPDX-License-Identifier: Apache-2.0 */
#include "swarm/ask.h"

#include <errno.h>
#include <sys/stat.h>

#include "sdk/sdk.h"

static int explain(int code, const struct coffer_error *why, struct err *e)
{
    return code ? err_set(e, sdk_code_to_err(code), "%s", why->text) : 0;
}

/* Waiting is by the plugin, so that its engine isn't left alone meanwhile. */
static int run(struct coffer_call *call, const struct waiter *w, struct err *e)
{
    struct coffer_error why;
    int code, r = 0;
    while ((code = coffer_call_step(call, &why)) == COFFER_AGAIN && !r) {
        bool is_ready;
        r = waiter_wait(w, coffer_call_fd(call), coffer_call_events(call),
                        coffer_call_timeout(call), &is_ready, e);
    }
    return r ? r : explain(code, &why, e);
}

static int get(struct coffer_client *client, const char *pattern, const struct waiter *w,
               struct coffer_secrets **out, struct err *e)
{
    struct coffer_error why;
    struct coffer_call *call;
    int r = explain(coffer_call_get(client, pattern, &call, &why), &why, e);
    if (r)
        return r;
    r = run(call, w, e);
    if (!r)
        *out = coffer_call_take(call);
    coffer_call_free(call);
    return r;
}

int ask(const char *socket, const char *pattern, const struct waiter *w,
        struct coffer_secrets **out, struct err *e)
{
    struct stat st;
    struct coffer_error why;
    struct coffer_client *client;
    const struct coffer_client_options options = {.size = sizeof(options),
                                                  .socket = socket,
                                                  .has_server_uid = true,
                                                  .server_uid = 0};
    if (lstat(socket, &st) && errno == ENOENT)
        return err_set(e, ERR_NOT_FOUND, "there is no cofferd here");
    int r = explain(coffer_client_new(&options, &client, &why), &why, e);
    if (r)
        return r;
    r = get(client, pattern, w, out, e);
    coffer_client_free(client);
    return r == ERR_NOT_FOUND ? r : r ? err_wrap(e, r, "cofferd") : 0;
}
