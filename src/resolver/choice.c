/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver/choice.h"

#include <stdarg.h>
#include <stdio.h>

/* So many of the candidates are named. */
#define CHOICE_NAMED_MAX 5

/* Text without memory: errors have a fixed size anyway. */
struct words {
    char text[ERR_TEXT_SIZE];
    size_t len;
};

PRINTF_LIKE(2, 3)
static void say(struct words *w, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(w->text + w->len, sizeof(w->text) - w->len, fmt, ap);
    va_end(ap);
    size_t room = sizeof(w->text) - w->len - 1;
    if (n > 0)
        w->len += (size_t)n < room ? (size_t)n : room;
}

static void say_candidates(struct words *w, const struct secret_envelopes *found)
{
    for (size_t i = 0; i < found->len && i < CHOICE_NAMED_MAX; i++) {
        const struct secret_envelope *one = &found->items[i];
        say(w, "%s%s", i ? ", " : "", one->id);
        if (one->provider)
            say(w, " (%s)", one->provider);
    }
    if (found->len > CHOICE_NAMED_MAX)
        say(w, " and %zu more", found->len - CHOICE_NAMED_MAX);
}

static int in_place(int code, const char *place, struct err *e)
{
    return place ? err_wrap(e, code, "resolving %s", place) : code;
}

int choice_make(const struct secret_envelopes *found, enum choice_rule rule,
                const char *place, const char *reference,
                const struct secret_envelope **out, struct err *e)
{
    struct words words = {.len = 0};
    if (!found->len) {
        int r = err_set(e, ERR_NOT_FOUND, "secret not found: %s", reference);
        return in_place(r, place, e);
    }
    if (found->len > 1 && rule == CHOICE_ONLY) {
        say_candidates(&words, found);
        int r = err_set(e, ERR_FAILED_PRECONDITION, "%zu secrets matched %s: %s",
                        found->len, reference, words.text);
        return in_place(r, place, e);
    }
    *out = &found->items[0];
    return 0;
}
