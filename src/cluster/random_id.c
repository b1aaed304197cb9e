/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/random_id.h"

#include "crypto/crypto.h"

void random_id(char out[OBJECT_ID_SIZE])
{
    uint8_t random[OBJECT_ID_RANDOM_BYTES];
    crypto_random(random, sizeof(random));
    object_id_from_random(random, out);
}
