/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

/* Checks all that leaves the manager of this stage; loud: shows the log with its times.
 */
struct stage;
void wire_spy_set(struct stage *stage, bool is_loud);
