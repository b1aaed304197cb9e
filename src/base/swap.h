/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

/* Has this machine a place that memory may be written to, unless it is locked? */
bool swap_is_there(void);
