/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/age.h"

struct age_identity {
    uint8_t secret[AGE_KEY_SIZE];
    struct age_recipient recipient;
};
