/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes hostile head rows: what is accepted encodes to the same bytes, and is equal to
 * itself. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "storage/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct head head;
    struct buf bytes = BUF_INIT;
    int r = head_decode(data, size, &head, NULL);
    assert(r == 0 || r == ERR_DATA_LOSS);
    if (r)
        return 0;
    r = head_encode(&head, &bytes);
    assert(r == 0 && bytes.len == size && memcmp(bytes.data, data, size) == 0);
    r = head_check(&head, &head, NULL);
    assert(r == 0);
    buf_deinit(&bytes);
    return 0;
}
