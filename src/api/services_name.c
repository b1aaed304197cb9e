/* SPDX-License-Identifier: Apache-2.0 */
#include "api/handlers.h"

#include <sys/random.h>

#include "base/mem.h"
#include "base/str.h"

static const char *const qualities[] = {
    "amber", "brisk", "calm", "dapper", "early",  "fair",  "gentle", "hardy",
    "ivory", "jolly", "keen", "lucid",  "mild",   "noble", "olive",  "prim",
    "quiet", "rapid", "sage", "tidy",   "upbeat", "vivid", "warm",   "zesty",
};

static const char *const animals[] = {
    "auk",   "badger", "crane", "dingo", "egret",  "ferret", "gecko",  "heron",
    "ibis",  "jackal", "koala", "lemur", "marten", "newt",   "otter",  "plover",
    "quail", "raven",  "stoat", "tapir", "urchin", "viper",  "wombat", "zebu",
};

/* Draws until a name is free; the number makes that quick however many are taken. */
#define ATTEMPTS_MAX 64

int api_services_draw_name(const struct store_view *v, char **name)
{
    for (int i = 0; i < ATTEMPTS_MAX; i++) {
        uint32_t draw[3];
        if (getrandom(draw, sizeof(draw), 0) != (ssize_t)sizeof(draw))
            return ERR_IO;
        char *drawn = str_format("%s-%s-%u", qualities[draw[0] % ARRAY_SIZE(qualities)],
                                 animals[draw[1] % ARRAY_SIZE(animals)], draw[2] % 10000);
        if (!drawn)
            return ERR_NO_MEMORY;
        if (!store_get_by_name(v, OBJECT_SERVICE, drawn)) {
            *name = drawn;
            return 0;
        }
        free(drawn);
    }
    return ERR_RESOURCE_EXHAUSTED;
}
