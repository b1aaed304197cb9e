/* SPDX-License-Identifier: Apache-2.0 */
/* Parses hostile headers of age files. One that is accepted, and has no recipient of a
 * kind we don't know, is written again as it was. */
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/age_header.h"
#include "crypto/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool knows_all(const struct age_header *h)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->stanzas[i].kind == AGE_STANZA_OTHER)
            return false;
    return true;
}

static void write_again(const struct age_header *h, const char *file)
{
    struct buf again = BUF_INIT;
    if (age_header_write(h->stanzas, h->n, &again) ||
        age_header_write_mac(h->mac, &again))
        abort();
    assert(again.len == h->size && memcmp(again.data, file, h->size) == 0);
    buf_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct age_header *h = malloc(sizeof(*h));
    if (!h || crypto_init(NULL))
        abort();
    int r = age_header_parse(h, (const char *)data, size, NULL);
    assert(r == 0 || r == ERR_BAD_MESSAGE || r == ERR_RESOURCE_EXHAUSTED);
    if (!r && knows_all(h))
        write_again(h, (const char *)data);
    free(h);
    return 0;
}
