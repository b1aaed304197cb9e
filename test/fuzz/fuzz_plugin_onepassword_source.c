/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a Connect server answers, and what the op command prints and how it ends: a line
 * each, "STATUS BODY". What comes of it is of the type that was asked for, or an error
 * with words in it that fit a line.
 */
#include "fake_rest.h"
#include "onepassword/source.h"

/* The command: its status is that of the line, and when it fails, the rest is what it
 * says. */
int waiter_run(const struct waiter *w, const struct program *c, struct program_end *end,
               struct err *e)
{
    size_t n;
    const char *line = take_line(&n), *body = memchr(line, ' ', n);
    must(c->words[0] && c->environment);
    body = body ? body + 1 : line + n;
    end->status = *line == '2' ? 0 : 1;
    struct buf *to = end->status ? &end->errors : &end->output;
    return buf_append(to, body, n - (size_t)(body - line)) ? err_no_memory(e) : 0;
}

static void check(int r, const struct err *e, const json_t *found, json_type wanted)
{
    must(r ? e->code == r && *e->text && !found : json_typeof(found) == wanted);
}

static void ask(struct source *s)
{
    const struct waiter w = {0};
    struct err e = {0};
    cleanup_json json_t *vaults = NULL, *items = NULL, *item = NULL;
    int r = s->calls->vaults(s, &w, &vaults, &e);
    check(r, &e, vaults, JSON_ARRAY);
    r = s->calls->items(s, "v1", &w, &items, &e);
    check(r, &e, items, JSON_ARRAY);
    r = s->calls->item(s, "v1", "i1", &w, &item, &e);
    check(r, &e, item, JSON_OBJECT);
    s->calls->free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_free char *text = mem_dup(data, size);
    struct source *s;
    must(text);
    first_answer = next_answer = text;
    must(!connect_source_new("https://server", NULL, "t", &s, NULL));
    ask(s);
    next_answer = first_answer;
    must(!op_source_new("op", "t", &s, NULL));
    ask(s);
    return 0;
}
