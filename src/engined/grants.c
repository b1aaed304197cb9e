/* SPDX-License-Identifier: Apache-2.0 */
#include "engined/grants.h"

static void drop(struct grants *g, size_t i)
{
    pattern_deinit(&g->items[i].pattern);
    g->items[i] = g->items[--g->n];
}

static void make_room(struct grants *g, int64_t now)
{
    size_t first = 0;
    for (size_t i = g->n; i-- > 0;)
        if (g->items[i].until <= now)
            drop(g, i);
    for (size_t i = 1; i < g->n; i++)
        if (g->items[i].until < g->items[first].until)
            first = i;
    if (g->n == GRANTS_MAX)
        drop(g, first);
}

int grants_add(struct grants *g, const struct pattern *pattern, uid_t uid, pid_t session,
               int64_t until, int64_t now, struct err *e)
{
    struct grant one = {.uid = uid, .session = session, .until = until};
    int r = pattern_copy(&one.pattern, pattern, e);
    if (r)
        return r;
    make_room(g, now);
    g->items[g->n++] = one;
    return 0;
}

bool grants_include(const struct grants *g, const struct pattern *pattern, uid_t uid,
                    pid_t session, int64_t now)
{
    for (size_t i = 0; i < g->n; i++) {
        const struct grant *one = &g->items[i];
        if (session && one->session == session && one->uid == uid && one->until > now &&
            pattern_includes(&one->pattern, pattern))
            return true;
    }
    return false;
}

void grants_deinit(struct grants *g)
{
    while (g->n)
        drop(g, g->n - 1);
}
