/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes are operations on a store and its transactions; a naive model must agree with
 * it after each.
 */
#include "../unit/store_model.h"

#define MOST_BYTES 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    store_model_run(data, size < MOST_BYTES ? size : MOST_BYTES);
    return 0;
}
