/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an engine answers to the calls of a client: the first byte picks the call, any
 * bytes follow. What comes of them keeps to what the header says, or is an error with
 * words. (fuzz_sdk_client does the same for secrets.)
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <coffer/coffer.h>

#include "base/macro.h"
#include "sdk_listener.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* ---- the engine ---- */

struct engine {
    int listener;
    const uint8_t *answer;
    size_t n;
};

/* Says it all, whatever is asked, and stays until the client goes. */
static void *answer(void *user)
{
    const struct engine *engine = user;
    char request[4096];
    int fd = accept(engine->listener, NULL, NULL);
    must(fd >= 0);
    (void)!send(fd, engine->answer, engine->n, MSG_NOSIGNAL);
    (void)!shutdown(fd, SHUT_WR);
    while (recv(fd, request, sizeof(request), 0) > 0)
        ;
    close(fd);
    return NULL;
}

/* ---- the calls ---- */

typedef int call(struct coffer_client *c, struct coffer_error *e);

static int call_list(struct coffer_client *c, struct coffer_error *e)
{
    struct coffer_secrets *found = NULL;
    const char *before = "";
    int r = coffer_client_list(c, "**", &found, e);
    for (size_t i = 0; !r && i < coffer_secrets_count(found); i++) {
        const struct coffer_secret *s = coffer_secrets_get(found, i);
        must(coffer_id_is_valid(s->id) && strcmp(before, s->id) <= 0);
        must(!s->value && s->size == 0);
        before = s->id;
    }
    coffer_secrets_free(found);
    return r;
}

static int call_read(struct coffer_client *c, struct coffer_error *e)
{
    struct coffer_secrets *found = NULL;
    int r = coffer_client_read(c, "a/b", &found, e);
    must(r || coffer_secrets_count(found) == 1);
    must(r || strcmp(coffer_secrets_get(found, 0)->id, "a/b") == 0);
    coffer_secrets_free(found);
    return r;
}

#define ENDS(text) (memchr(text, '\0', sizeof(text)) != NULL)

static int call_state(struct coffer_client *c, struct coffer_error *e)
{
    struct coffer_store_state s;
    int r = coffer_client_store_state(c, &s, e);
    must(r || (ENDS(s.kind) && ENDS(s.place) && ENDS(s.key)));
    return r;
}

static int call_version(struct coffer_client *c, struct coffer_error *e)
{
    struct coffer_engine_version v;
    int r = coffer_client_version(c, &v, e);
    must(r || (ENDS(v.version) && ENDS(v.date) && ENDS(v.commit)));
    return r;
}

static int call_plugins(struct coffer_client *c, struct coffer_error *e)
{
    struct coffer_plugin_list *all = NULL;
    int r = coffer_client_list_plugins(c, &all, e);
    for (size_t i = 0; !r && i < coffer_plugin_list_count(all); i++) {
        const struct coffer_plugin_info *p = coffer_plugin_list_get(all, i);
        must(p->name && p->version && p->status_message);
    }
    coffer_plugin_list_free(all);
    return r;
}

static int call_authorize(struct coffer_client *c, struct coffer_error *e)
{
    static const char *const patterns[] = {"a/b"};
    int64_t until;
    return coffer_client_authorize(c, patterns, 1, &until, e);
}

static int call_save(struct coffer_client *c, struct coffer_error *e)
{
    return coffer_client_save(c, "a/b", NULL, 0, NULL, 0, true, e);
}

static call *const calls[] = {call_list,    call_read,      call_state, call_version,
                              call_plugins, call_authorize, call_save};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char name[64];
    pthread_t thread;
    struct coffer_client *client;
    struct coffer_error e = {0};
    struct engine engine = {.listener = fuzz_listen(name)};
    struct coffer_client_options o = {.size = sizeof(o), .socket = name};
    if (n == 0)
        return 0;
    engine.answer = data + 1;
    engine.n = n - 1 < FUZZ_ANSWER_MAX ? n - 1 : FUZZ_ANSWER_MAX;
    must(coffer_client_new(&o, &client, &e) == COFFER_OK);
    must(pthread_create(&thread, NULL, answer, &engine) == 0);
    int r = calls[data[0] % ARRAY_SIZE(calls)](client, &e);
    must(pthread_join(thread, NULL) == 0);
    must(r == COFFER_OK || (r == e.code && e.text[0]));
    coffer_client_free(client);
    return 0;
}
