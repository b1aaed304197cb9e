/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "pass/verb.h"
#include "resolver/choice.h"
#include "resolver/secret_id.h"

#define MASK "**********"

const struct flag get_flags[] = {
    {"reveal", 0, &flag_switch, "Show the value, if the engine permits it", NULL, NULL},
    {0},
};

static int check_id(const char *id, struct err *e)
{
    return secret_id_check(id, strlen(id), e);
}

static int not_found(struct err *e)
{
    return err_set(e, ERR_NOT_FOUND, "secret not found");
}

/* The local store says whether it has an id without giving its value away; the plugins
 * can only be asked for the secret itself. Docker's engine has only those. */
static int is_in_store(struct pass *p, const char *id, bool *there, struct err *e)
{
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    int r = p->secrets->ops->list(p->secrets, id, &found, e);
    *there = found.len;
    return r == ERR_UNIMPLEMENTED ? 0 : r;
}

static int fetch(struct pass *p, const char *id, struct secret_envelopes *out,
                 struct err *e)
{
    size_t failed;
    int r = p->secrets->ops->get(p->secrets, &id, 1, out, &failed, e);
    return !r && !out->len ? not_found(e) : r;
}

static int get_masked(struct pass *p, const char *id, struct err *e)
{
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    bool there = false;
    int r = is_in_store(p, id, &there, e);
    if (!r && !there)
        r = fetch(p, id, &found, e);
    if (!r)
        printf("ID: %s\nValue: " MASK "\n", id);
    return r;
}

static int get_revealed(struct pass *p, const char *id, struct err *e)
{
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    const struct secret_envelope *one;
    int r = p->secrets->ops->authorize(p->secrets, &id, 1, e);
    if (!r)
        r = fetch(p, id, &found, e);
    if (!r)
        r = choice_make(&found, CHOICE_ONLY, NULL, id, &one, e);
    if (r)
        return r;
    setvbuf(stdout, NULL, _IONBF, 0); /* keeps no copy of the value */
    printf("ID: %s\nValue: ", id);
    fwrite(buf_str(&one->value), 1, one->value.len, stdout);
    putchar('\n');
    return 0;
}

int get_run(struct pass *p, struct err *e)
{
    const char *id = p->argv[0];
    int r = check_id(id, e);
    if (r)
        return r;
    return flags_switch(&p->flags, "reveal") ? get_revealed(p, id, e)
                                             : get_masked(p, id, e);
}
