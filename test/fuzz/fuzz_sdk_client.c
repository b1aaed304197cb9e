/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an engine sends to a client: any bytes become secrets, or an error with words;
 * never more than the limits, and each secret has an id and a NUL behind its value.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <coffer/coffer.h>

#include "sdk_listener.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(const struct coffer_secrets *found)
{
    must(coffer_secrets_count(found) <= COFFER_ANSWER_MAX);
    for (size_t i = 0; i < coffer_secrets_count(found); i++) {
        const struct coffer_secret *s = coffer_secrets_get(found, i);
        must(coffer_id_is_valid(s->id));
        must(s->size <= COFFER_VALUE_MAX && s->value[s->size] == '\0');
        must(s->provider && s->version);
        for (size_t k = 0; k < s->metadata_count; k++)
            must(s->metadata[k].key && s->metadata[k].value);
    }
}

/* The engine has said everything, and is gone, before the client reads. */
static void answer(int listener, const uint8_t *data, size_t n)
{
    int fd = accept(listener, NULL, NULL);
    must(fd >= 0);
    must(n == 0 || send(fd, data, n, MSG_NOSIGNAL) == (ssize_t)n);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char name[64];
    int listener = fuzz_listen(name);
    struct coffer_client_options o = {.size = sizeof(o), .socket = name};
    struct coffer_client *client;
    struct coffer_call *call;
    struct coffer_error e = {0};
    int r;
    must(coffer_client_new(&o, &client, &e) == COFFER_OK);
    must(coffer_call_get(client, "**", &call, &e) == COFFER_OK);
    answer(listener, data, n < FUZZ_ANSWER_MAX ? n : FUZZ_ANSWER_MAX);
    while ((r = coffer_call_step(call, &e)) == COFFER_AGAIN)
        ;
    must(r == e.code && (r == COFFER_OK || e.text[0]));
    struct coffer_secrets *found = coffer_call_take(call);
    must(!found == (r != COFFER_OK));
    if (found)
        check(found);
    coffer_secrets_free(found);
    coffer_call_free(call);
    coffer_client_free(client);
    return 0;
}
