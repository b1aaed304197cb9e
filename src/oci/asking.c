/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container may start when nobody is logged in: root's engine is started where none
 * answers, as `coffer pass` does it. Another user's isn't: it needs that user's session.
 */
#include "oci/asking.h"

#include <coffer/coffer.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sdk/sdk.h"
#include "start/start.h"

struct asking {
    uid_t uid;
    unsigned timeout; /* in seconds, as it is said in words */
    int64_t end;      /* of the monotonic clock, for all questions together */
    bool was_tried;   /* to start an engine */
};

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * CLOCK_SECOND + t.tv_nsec;
}

static int too_late(const struct asking *a, struct err *e)
{
    return err_set(e, ERR_DEADLINE_EXCEEDED,
                   "the secrets engine didn't answer within %u seconds", a->timeout);
}

static int explain(const struct asking *a, const struct coffer_error *why, struct err *e)
{
    int r = sdk_code_to_err(why->code);
    return r == ERR_DEADLINE_EXCEEDED ? too_late(a, e) : err_set(e, r, "%s", why->text);
}

/* ---- a client ---- */

/* One that has so long as is left. */
static int make_client(const struct asking *a, struct coffer_client **out, struct err *e)
{
    int64_t left = (a->end - now()) / CLOCK_MILLISECOND;
    struct coffer_error why = {0};
    const struct coffer_client_options options = {.size = sizeof(options),
                                                  .timeout_ms = (int)left,
                                                  .has_server_uid = true,
                                                  .server_uid = a->uid};
    if (left <= 0)
        return too_late(a, e);
    return coffer_client_new(&options, out, &why) ? explain(a, &why, e) : 0;
}

static int ask_version(void *user, struct err *e)
{
    struct asking *a = user;
    struct coffer_error why = {0};
    struct coffer_client *client = NULL;
    struct coffer_engine_version version;
    int r = make_client(a, &client, e);
    if (!r && coffer_client_version(client, &version, &why))
        r = explain(a, &why, e);
    coffer_client_free(client);
    return r;
}

/* ---- a secret ---- */

static int take(const struct coffer_secret *secret, struct secret_envelopes *out,
                struct err *e)
{
    cleanup_secret_envelope struct secret_envelope one = {0};
    int r = secret_envelope_set_id(&one, secret->id, e);
    r = r ?: secret_envelope_set_value(&one, secret->value, secret->size, e);
    r = r ?: secret_envelope_set_provider(&one, secret->provider, e);
    return r ?: secret_envelopes_append(out, &one, e);
}

static int ask(const struct asking *a, const char *pattern, struct secret_envelopes *out,
               struct err *e)
{
    struct coffer_error why = {0};
    struct coffer_client *client = NULL;
    struct coffer_secrets *found = NULL;
    int r = make_client(a, &client, e);
    if (!r && coffer_client_get(client, pattern, &found, &why))
        r = explain(a, &why, e);
    for (size_t i = 0; !r && i < coffer_secrets_count(found); i++)
        r = take(coffer_secrets_get(found, i), out, e);
    coffer_secrets_free(found);
    coffer_client_free(client);
    return r;
}

/* ---- starting ---- */

/* Within a user namespace (Podman without root) root is its user, and the machine's own
 * files are somebody else's: an engine that was started there would be lost. */
static bool is_user_as_root(const struct asking *a)
{
    struct stat st;
    return a->uid == 0 && (geteuid() != 0 || stat("/", &st) || st.st_uid != 0);
}

static bool may_start(const struct asking *a)
{
    return !a->was_tried && a->uid == 0 && !is_user_as_root(a);
}

static int start(struct asking *a, struct err *e)
{
    const struct start_options how = {.timeout = a->end - now(), .is_service = true};
    a->was_tried = true;
    return how.timeout <= 0 ? too_late(a, e) : start_engine(ask_version, a, &how, e);
}

/* What to do where another user's engine is missing; a plugin may be out of reach, too,
 * and then there is an engine that answers. */
static int say_how(struct asking *a, struct err *e)
{
    unsigned uid = (unsigned)a->uid;
    if (!e || !uid || ask_version(a, NULL) != ERR_UNAVAILABLE)
        return ERR_UNAVAILABLE;
    struct err why = *e;
    return err_set(e, ERR_UNAVAILABLE,
                   "%s (the engine of user %u answers while that user is logged in, or "
                   "always after: loginctl enable-linger %u; it is started as that user: "
                   "systemctl --user enable --now coffer-engined.socket)",
                   err_text(&why), uid, uid);
}

/* The same to the user of a namespace, whose number only the kernel knows. The last that
 * was tried may have been the engine of the machine's root, which refuses. */
static int say_how_as_root(struct asking *a, int r, struct err *e)
{
    if (!e || !ask_version(a, NULL))
        return r;
    struct err why = *e;
    return err_set(e, r,
                   "%s (your engine must run: systemctl --user enable --now "
                   "coffer-engined.socket)",
                   err_text(&why));
}

int asking_get(struct asking *a, const char *pattern, struct secret_envelopes *out,
               struct err *e)
{
    int r = ask(a, pattern, out, e);
    if ((r == ERR_UNAVAILABLE || r == ERR_PERMISSION_DENIED) && is_user_as_root(a))
        return say_how_as_root(a, r, e);
    if (r != ERR_UNAVAILABLE)
        return r;
    if (!may_start(a))
        return say_how(a, e);
    r = start(a, e);
    if (r == ERR_NOT_FOUND)
        return err_wrap(e, ERR_UNAVAILABLE, "the secrets engine of root");
    return r ?: ask(a, pattern, out, e);
}

/* ---- life ---- */

int asking_new(uid_t uid, unsigned timeout_seconds, struct asking **out, struct err *e)
{
    struct asking *a = calloc(1, sizeof(*a));
    if (!a)
        return err_no_memory(e);
    a->uid = uid;
    a->timeout = timeout_seconds;
    a->end = now() + timeout_seconds * CLOCK_SECOND;
    *out = a;
    return 0;
}

void asking_free(struct asking *a)
{
    free(a);
}
