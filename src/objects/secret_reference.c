/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/base36.h"
#include "base/mem.h"
#include "objects/objects.h"
#include "resolver/reference.h"

bool secret_reference_is(const char *name)
{
    return name && reference_is(name);
}

int secret_reference_check(const char *name, struct err *e)
{
    cleanup_pattern struct pattern p = PATTERN_INIT;
    int r = reference_parse(name, REFERENCE_PATTERN, &p, e);
    return r ? err_wrap(e, r, "secret %s", name) : 0;
}

/* ---- ids ---- */

/* FNV-1a of 128 bits: equal texts have equal ids on every node, and nothing is decided by
 * them. */
#define FNV_PRIME (((unsigned __int128)1 << 88) + 0x13b)
#define FNV_BASIS (((unsigned __int128)0x6c62272e07bb0142 << 64) + 0x62b821756295c58d)

void secret_reference_id(const char *name, char out[OBJECT_ID_SIZE])
{
    uint8_t number[OBJECT_ID_RANDOM_BYTES] = {0};
    unsigned __int128 hash = FNV_BASIS;
    for (const char *at = name; *at; at++)
        hash = (hash ^ (uint8_t)*at) * FNV_PRIME;
    for (size_t i = 0; i < sizeof(hash); i++)
        number[i] = (uint8_t)(hash >> (8 * i));
    object_id_from_random(number, out);
}
