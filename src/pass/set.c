/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/input.h"
#include "pass/prompt.h"
#include "pass/set_input.h"
#include "pass/verb.h"
#include "resolver/secret_id.h"
#include "json/json.h"

const struct flag set_flags[] = {
    {"force", 'f', &flag_switch, "Overwrite a secret that is there without asking", NULL,
     NULL},
    {"metadata", 0, &flag_list, "Metadata to keep in clear beside it: key=value", NULL,
     NULL},
    {0},
};

/* Takes a value out of "NAME=VALUE" and overwrites it there: argv can be read by
 * everybody on this machine. *has_value: there was one. */
static int take_value(char *argument, struct buf *value, bool *has_value, struct err *e)
{
    char *equals = strchr(argument, '=');
    *has_value = equals;
    if (!equals)
        return 0;
    size_t n = strlen(equals + 1);
    int r = buf_append(value, equals + 1, n);
    mem_wipe(equals, n + 1);
    return r ? err_no_memory(e) : 0;
}

static int add_pair(struct secret_envelope *secret, const char *pair, struct err *e)
{
    const char *equals = strchr(pair, '=');
    if (!equals)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "invalid metadata pair (expected key=value): %s", pair);
    if (!json_is_text(pair))
        return err_set(e, ERR_INVALID_ARGUMENT, "metadata that isn't valid UTF-8");
    cleanup_free char *key = mem_dup(pair, (size_t)(equals - pair));
    return key ? secret_envelope_put(secret, key, equals + 1, e) : err_no_memory(e);
}

static int add_pairs(const struct pass *p, struct secret_envelope *secret, struct err *e)
{
    const char *pair;
    int r = 0;
    for (size_t i = 0; !r && (pair = flags_next(&p->flags, "metadata", &i));)
        r = add_pair(secret, pair, e);
    return r;
}

/* ---- where the value comes from ---- */

static int is_there(struct pass *p, const char *id, bool *there, struct err *e)
{
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    int r = p->secrets->ops->list(p->secrets, id, &found, e);
    *there = found.len;
    return r;
}

/* On a terminal nothing is overwritten by accident. */
static int ask_value(struct pass *p, const char *id, struct buf *value, struct err *e)
{
    bool there = false;
    int r = flags_switch(&p->flags, "force") ? 0 : is_there(p, id, &there, e);
    if (r)
        return r;
    cleanup_free char *question = str_format("%s is there already. Overwrite it?", id);
    cleanup_free char *prompt = str_format("Enter secret for %s: ", id);
    if (!question || !prompt)
        return err_no_memory(e);
    if (there && !prompt_yes(question))
        return err_set(e, ERR_CANCELED, "%s is left as it is", id);
    return prompt_secret(prompt, value, e);
}

static int read_value(struct pass *p, struct secret_envelope *secret, struct buf *value,
                      struct err *e)
{
    if (prompt_is_possible())
        return ask_value(p, secret->id, value, e);
    int r = input_read("-", true, SET_INPUT_MAX, value, e);
    return r ? r : set_input_read(value, secret, e);
}

/* ---- the verb ---- */

static int fill(struct pass *p, bool has_value, struct buf *value,
                struct secret_envelope *secret, struct err *e)
{
    int r = secret_envelope_set_id(secret, p->argv[0], e);
    if (!r)
        r = add_pairs(p, secret, e); /* is anything wrong with them? */
    if (!r && !has_value)
        r = read_value(p, secret, value, e);
    if (!r)
        r = add_pairs(p, secret, e); /* they win over those of the input */
    return r ? r : secret_envelope_set_value(secret, value->data, value->len, e);
}

int set_run(struct pass *p, struct err *e)
{
    cleanup_buf struct buf value = BUF_INIT;
    cleanup_secret_envelope struct secret_envelope secret = {0};
    bool has_value;
    int r = take_value(p->argv[0], &value, &has_value, e);
    if (!r)
        r = fill(p, has_value, &value, &secret, e);
    if (r)
        return r;
    struct err why = {0};
    r = p->secrets->ops->save(p->secrets, &secret, true, &why);
    if (r == ERR_FAILED_PRECONDITION && !strstr(err_text(&why), "unlock"))
        return err_set(e, r,
                       "%.900s: unlock it (%s store unlock, or log in to the desktop)",
                       err_text(&why), p->program);
    if (r)
        *e = why;
    return r;
}
