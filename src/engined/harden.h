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
