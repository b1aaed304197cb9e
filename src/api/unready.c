/* SPDX-License-Identifier: Apache-2.0 */
#include "api/unready.h"

#include "base/clock.h"
#include "base/str.h"

void api_unready_add(struct api_unready *u, const char *id, const char *text, int64_t now)
{
    unsigned i = u->next++ % API_UNREADY_MAX;
    strcpy_cut(u->items[i].id, sizeof(u->items[i].id), id);
    strcpy_cut(u->items[i].text, sizeof(u->items[i].text), text);
    u->items[i].ends = clock_after(now, API_UNREADY_LIFE);
}

bool api_unready_take(struct api_unready *u, const char *id, int64_t now,
                      char text[ERR_TEXT_SIZE])
{
    for (unsigned i = 0; i < API_UNREADY_MAX; i++) {
        if (!*id || !str_equal(u->items[i].id, id))
            continue;
        *u->items[i].id = '\0';
        if (now >= u->items[i].ends)
            continue;
        strcpy_cut(text, ERR_TEXT_SIZE, u->items[i].text);
        return true;
    }
    return false;
}
