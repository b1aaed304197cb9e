/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

/*
 * Hosts on which crun can't start containers, though runc can.
 */

/* Why crun can't, NULL where it can. root is the folder in which /sys is ("" but for
 * tests); may_lock: processes may lock as much memory as they like. */
const char *crun_trouble(const char *root, bool may_lock);

/* The path of runc where crun can't work and runc is there; else NULL. */
const char *crun_substitute(void);

/* Says in the log what to do where crun can't work and runc isn't there. */
void crun_warn(void);
