/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Vault that answers as it likes: the first line is the pattern that is asked for, each
 * further one an answer, in turn ("3": refused, "4": not there). Only what was asked for
 * comes back, each id once, and no path leads out of the store.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "resolver/secret_id.h"
#include "vault/kv.h"
#include "json/json.h"

static char *first_answer, *next_answer;
static size_t requests;

static void must(bool ok)
{
    if (!ok)
        abort();
}

/* "secret/data/PATH", or of a folder "secret/metadata/PATH", of the first one just that.
 */
static bool is_in_place(const char *path)
{
    const char *below = strchr(path, '/');
    must(below && str_starts_with(path, "secret/"));
    below = strchr(below + 1, '/');
    return !below || secret_id_is_valid(below + 1);
}

static int answer(const char *path, json_t **out, struct err *e)
{
    static const struct json_limits limits = {.bytes = 65536, .values = 4096, .depth = 8};
    must(is_in_place(path) && !strstr(path, "/../") && !strstr(path, "/./"));
    must(++requests <= VAULT_REQUESTS_MAX);
    if (!*next_answer)
        next_answer = first_answer;
    const char *line = next_answer;
    size_t n = strcspn(line, "\n");
    next_answer += n + (line[n] == '\n');
    if (*line == '3')
        return err_set(e, ERR_PERMISSION_DENIED, "403");
    if (*line == '4' || !n)
        return err_set(e, ERR_NOT_FOUND, "404");
    cleanup_json json_t *read = NULL;
    int r = json_read(line, n, &limits, &read, e);
    if (!r && !json_is_object(read))
        r = err_set(e, ERR_BAD_MESSAGE, "no object");
    if (!r)
        *out = TAKE(read);
    return r;
}

int vault_client_read(struct vault_client *c, const char *path, const struct waiter *w,
                      json_t **out, struct err *e)
{
    return answer(path, out, e);
}

int vault_client_list(struct vault_client *c, const char *path, const struct waiter *w,
                      json_t **out, struct err *e)
{
    return answer(path, out, e);
}

static void ask(const struct pattern *pattern)
{
    static const struct vault_kv kv = {.mount = "secret", .prefix = "vault"};
    const struct waiter w = {0};
    struct err e = {0};
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    int r = vault_kv_get(&kv, pattern, &w, &found, &e);
    must(!r || (e.code == r && *e.text));
    for (size_t i = 0; i < found.len; i++) {
        must(pattern_match(pattern, found.items[i].id));
        for (size_t j = 0; j < i; j++)
            must(strcmp(found.items[i].id, found.items[j].id) != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_free char *text = mem_dup(data, size);
    cleanup_pattern struct pattern pattern = PATTERN_INIT;
    must(text);
    size_t n = strcspn(text, "\n");
    first_answer = next_answer = text + n + (text[n] == '\n');
    requests = 0;
    if (!pattern_parse(&pattern, text, n, NULL))
        ask(&pattern);
    return 0;
}
