/* SPDX-License-Identifier: Apache-2.0 */
/* Parses hostile key files. One that is accepted holds a ring that can be saved and read
 * again. */
#include <assert.h>
#include <stdint.h>

#include "crypto/keyring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf file = BUF_INIT;
    struct keyring *ring = NULL, *again = NULL;
    if (crypto_init(NULL) || buf_append(&file, data, size))
        return 0;
    int r = keyfile_parse(&file, &ring, NULL);
    assert(r == 0 || r == ERR_DATA_LOSS);
    if (!r) {
        buf_reset(&file);
        r = keyfile_format(ring, &file);
        assert(r == 0);
        r = keyfile_parse(&file, &again, NULL);
        assert(r == 0 && keyring_count(again) == keyring_count(ring));
    }
    keyring_free(ring);
    keyring_free(again);
    buf_deinit(&file);
    return 0;
}
