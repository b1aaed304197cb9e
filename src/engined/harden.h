/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"

/*
 * What the engine does for its own safety, first of all: it leaves no core and can't be
 * traced or read by other processes of the same user; its files are its own alone (umask
 * 077); descriptors 0 to 2 are open, all others it was started with are closed but those
 * of socket activation and `keep` (-1: none).
 */
int harden_process(int keep, struct err *e) MUST_CHECK;

/*
 * Keeps values out of the swap, as far as the limit of locked memory (RLIMIT_MEMLOCK)
 * allows: all memory where there is no limit, else the first part of the heap, which all
 * that malloc gives comes from. Without leave it does nothing, since an engine that
 * doesn't begin helps nobody: the log tells, and `coffer pass doctor`. Before anything
 * secret is read.
 */
void harden_memory(void);

/* Says in the log what may get to the swap, if there is one. */
void harden_tell_memory(void);
