/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "pass/engine_private.h"
#include "pass/engine_process.h"
#include "sdk/sdk.h"
#include "start/start.h"

/*
 * The secrets engine, through the SDK. Whether one is there is asked once, before the
 * first call; where none is, one is started.
 */

/* In this time an engine says that it is there, also on a machine that is busy. */
#define PING_TIME_MS 10000

/* An engine whose plugins are slow is ready after seconds. */
#define START_TIMEOUT (30 * CLOCK_SECOND)

/* How Docker's client says it; coffer's engine may say why behind that. */
#define DENIED "access denied"

int engine_failed(int code, const struct coffer_error *why, struct err *e)
{
    return code ? err_set(e, sdk_code_to_err(code), "%s", why->text) : 0;
}

static struct engine *engine_of(struct secrets *s)
{
    return CONTAINER_OF(s, struct engine, secrets);
}

static int ask_version(struct engine *g, struct coffer_engine_version *out, struct err *e)
{
    struct coffer_error why = {0};
    struct coffer_engine_version version;
    return engine_failed(coffer_client_version(g->ping, out ? out : &version, &why), &why,
                         e);
}

static int ask(void *user, struct err *e)
{
    return ask_version(user, NULL, e);
}

int engine_reach(struct secrets *s, struct engine **out, struct err *e)
{
    struct engine *g = engine_of(s);
    *out = g;
    if (g->is_reached)
        return 0;
    int r = ask(g, e);
    if (r == ERR_UNAVAILABLE && g->may_start) {
        r = start_engine(ask, g, &(struct start_options){.timeout = START_TIMEOUT}, e);
        if (!r)
            r = ask(g, e);
    }
    if (r)
        return err_wrap(e, r, "preflight ping: secrets engine is not available");
    g->is_reached = true;
    return 0;
}

/* Docker's engine has no store that could be written, and says so in its own way. */
static int store_failed(int code, const struct coffer_error *why, struct err *e)
{
    if (code != COFFER_UNSUPPORTED)
        return engine_failed(code, why, e);
    return err_set(e, ERR_UNIMPLEMENTED,
                   "the secrets engine that answers has no store for this (is it "
                   "Docker's? Then end it, or name coffer's in COFFER_ENGINE_SOCKET)");
}

/* ---- calls without a result ---- */

static int version(struct secrets *s, struct coffer_engine_version *out, struct err *e)
{
    struct engine *g;
    int r = engine_reach(s, &g, e);
    return r || !out ? r : ask_version(g, out, e);
}

/* Docker's older engines have nobody to ask, so that nothing is refused. */
static int authorize(struct secrets *s, const char *const *patterns, size_t n,
                     struct err *e)
{
    struct coffer_error why = {0};
    struct engine *g;
    int r = engine_reach(s, &g, e);
    if (r || n == 0)
        return r;
    int code = coffer_client_authorize(g->client, patterns, n, NULL, &why);
    if (code == COFFER_UNSUPPORTED)
        return 0;
    if (code == COFFER_DENIED) /* a foreign engine's words may be others than Docker's */
        return err_set(e, ERR_PERMISSION_DENIED, "authorizing: %s",
                       str_starts_with(why.text, DENIED) ? why.text : DENIED);
    r = engine_failed(code, &why, e);
    return r ? err_wrap(e, r, "authorizing") : 0;
}

static int save(struct secrets *s, const struct secret_envelope *secret, bool overwrite,
                struct err *e)
{
    struct coffer_error why = {0};
    struct engine *g;
    int r = engine_reach(s, &g, e);
    if (r)
        return r;
    cleanup_free struct coffer_pair *pairs =
        calloc(secret->n_metadata + 1, sizeof(*pairs));
    if (!pairs)
        return err_no_memory(e);
    for (size_t i = 0; i < secret->n_metadata; i++)
        pairs[i] =
            (struct coffer_pair){secret->metadata[i].key, secret->metadata[i].value};
    return store_failed(coffer_client_save(g->client, secret->id,
                                           (const unsigned char *)buf_str(&secret->value),
                                           secret->value.len, pairs, secret->n_metadata,
                                           overwrite, &why),
                        &why, e);
}

static int remove_id(struct secrets *s, const char *id, struct err *e)
{
    struct coffer_error why = {0};
    struct engine *g;
    int r = engine_reach(s, &g, e);
    return r ? r : store_failed(coffer_client_remove(g->client, id, &why), &why, e);
}

static int unlock(struct secrets *s, const void *passphrase, size_t n, struct err *e)
{
    struct coffer_error why = {0};
    struct engine *g;
    int r = engine_reach(s, &g, e);
    return r ? r
             : store_failed(coffer_client_unlock(g->client, passphrase, n, &why), &why,
                            e);
}

static int lock(struct secrets *s, struct err *e)
{
    struct coffer_error why = {0};
    struct engine *g;
    int r = engine_reach(s, &g, e);
    return r ? r : store_failed(coffer_client_lock(g->client, &why), &why, e);
}

static int state(struct secrets *s, struct coffer_store_state *out, struct err *e)
{
    struct coffer_error why = {0};
    struct engine *g;
    int r = engine_reach(s, &g, e);
    return r ? r : store_failed(coffer_client_store_state(g->client, out, &why), &why, e);
}

static struct coffer_bytes bytes_of(const struct buf *b)
{
    return (struct coffer_bytes){(const unsigned char *)buf_str(b), b->len};
}

static int protect(struct secrets *s, const char *protection, const struct buf *old,
                   const struct buf *new, struct err *e)
{
    struct coffer_error why = {0};
    struct engine *g;
    int r = engine_reach(s, &g, e);
    if (r)
        return r;
    return engine_failed(
        coffer_client_protect(g->client, protection, bytes_of(old), bytes_of(new), &why),
        &why, e);
}

static int set_plugin(struct secrets *s, const char *name, bool is_enabled, struct err *e)
{
    struct coffer_error why = {0};
    struct engine *g;
    int r = engine_reach(s, &g, e);
    if (r)
        return r;
    int code = is_enabled ? coffer_client_enable_plugin(g->client, name, &why)
                          : coffer_client_disable_plugin(g->client, name, &why);
    r = engine_failed(code, &why, e);
    return r ? err_wrap(e, r, "%s", name) : 0;
}

static int end(struct secrets *s, struct err *e)
{
    engine_of(s)->is_reached = false;
    return engine_process_stop(e);
}

/* ---- lists ---- */

static int each_plugin(struct secrets *s, secrets_plugin_seen *seen, void *user,
                       struct err *e)
{
    struct coffer_error why = {0};
    struct coffer_plugin_list *plugins = NULL;
    struct engine *g;
    int r = engine_reach(s, &g, e);
    if (!r)
        r = engine_failed(coffer_client_list_plugins(g->client, &plugins, &why), &why, e);
    if (r)
        return r;
    for (size_t i = 0; i < coffer_plugin_list_count(plugins) && !r; i++)
        r = seen(coffer_plugin_list_get(plugins, i), user, e);
    coffer_plugin_list_free(plugins);
    return r;
}

static int list(struct secrets *s, const char *pattern, struct secret_envelopes *out,
                struct err *e)
{
    struct coffer_error why = {0};
    struct coffer_secrets *found = NULL;
    struct engine *g;
    int r = engine_reach(s, &g, e);
    if (!r)
        r = store_failed(coffer_client_list(g->client, pattern, &found, &why), &why, e);
    if (!r)
        r = engine_take_secrets(found, out, e);
    coffer_secrets_free(found);
    return r;
}

static int read_one(struct secrets *s, const char *id, struct secret_envelopes *out,
                    struct err *e)
{
    struct coffer_error why = {0};
    struct coffer_secrets *found = NULL;
    struct engine *g;
    int r = engine_reach(s, &g, e);
    if (r)
        return r;
    r = store_failed(coffer_client_read(g->client, id, &found, &why), &why, e);
    if (!r)
        r = engine_take_secrets(found, out, e);
    coffer_secrets_free(found);
    return r;
}

/* ---- life ---- */

static const struct secrets_ops ops = {
    .version = version,
    .get = engine_get,
    .authorize = authorize,
    .list = list,
    .save = save,
    .remove = remove_id,
    .read = read_one,
    .state = state,
    .protect = protect,
    .unlock = unlock,
    .lock = lock,
    .end = end,
    .each_plugin = each_plugin,
    .set_plugin = set_plugin,
};

/* A person may be asked while a call goes on, so that only the ping has a limit. */
static int make_clients(struct engine *g, struct err *e)
{
    struct coffer_error why = {0};
    const struct coffer_client_options limited = {.size = sizeof(limited),
                                                  .timeout_ms = PING_TIME_MS};
    int code = coffer_client_new(NULL, &g->client, &why);
    if (!code)
        code = coffer_client_new(&limited, &g->ping, &why);
    return engine_failed(code, &why, e);
}

int engine_find(struct secrets **out, struct err *e)
{
    struct engine *g = calloc(1, sizeof(*g));
    if (!g)
        return err_no_memory(e);
    g->secrets.ops = &ops;
    int r = make_clients(g, e);
    if (r)
        engine_free(&g->secrets);
    else
        *out = &g->secrets;
    return r;
}

int engine_new(struct secrets **out, struct err *e)
{
    int r = engine_find(out, e);
    if (!r)
        engine_of(*out)->may_start = true;
    return r;
}

void engine_free(struct secrets *s)
{
    if (!s)
        return;
    coffer_client_free(engine_of(s)->client);
    coffer_client_free(engine_of(s)->ping);
    free(engine_of(s));
}
