/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A 1Password that answers as it likes: the first line is the pattern that is asked for,
 * each further one an answer, in turn ("4": not there). Only what was asked for comes
 * back, each id once, and what goes into paths and words is an id.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "onepassword/name.h"
#include "onepassword/onepassword.h"
#include "json/json.h"

static char *first_answer, *next_answer;
static size_t requests;

static void must(bool ok)
{
    if (!ok)
        abort();
}

static int answer(json_type wanted, json_t **out, struct err *e)
{
    static const struct json_limits limits = {.bytes = 65536, .values = 4096, .depth = 8};
    if (!*next_answer)
        next_answer = first_answer;
    const char *line = next_answer;
    size_t n = strcspn(line, "\n");
    next_answer += n + (line[n] == '\n');
    must(requests++ <= ONEPASSWORD_REQUESTS_MAX);
    if (*line == '4' || !n)
        return err_set(e, ERR_NOT_FOUND, "404");
    cleanup_json json_t *read = NULL;
    int r = json_read(line, n, &limits, &read, e);
    if (!r && json_typeof(read) != wanted)
        r = err_set(e, ERR_BAD_MESSAGE, "of another type");
    if (!r)
        *out = TAKE(read);
    return r;
}

static int vaults(struct source *s, const struct waiter *w, json_t **out, struct err *e)
{
    return answer(JSON_ARRAY, out, e);
}

static int items(struct source *s, const char *vault, const struct waiter *w,
                 json_t **out, struct err *e)
{
    must(onepassword_is_id(vault));
    return answer(JSON_ARRAY, out, e);
}

static int item(struct source *s, const char *vault, const char *id,
                const struct waiter *w, json_t **out, struct err *e)
{
    must(onepassword_is_id(vault) && onepassword_is_id(id));
    return answer(JSON_OBJECT, out, e);
}

static void ask(const struct pattern *pattern)
{
    static const struct source_calls calls = {vaults, items, item, NULL};
    static struct source source = {&calls};
    static const struct onepassword account = {&source, "op"};
    const struct waiter w = {0};
    struct err e = {0};
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    int r = onepassword_get(&account, pattern, &w, &found, &e);
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
