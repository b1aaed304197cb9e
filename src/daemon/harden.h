/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"

/*
 * What the process does for its own safety, first of all, before there are threads, keys
 * or files:
 *
 *  - it leaves no core and can't be traced or read by other users' processes
 *  - files that it makes are its own alone unless they say otherwise (umask 077; children
 *    get 022 back, see loop/process.c)
 *  - descriptors 0 to 2 are open, and all others it was started with are closed but those
 *    of socket activation (LISTEN_PID, LISTEN_FDS), which stay as they are for their
 *    reader (net/notify.h)
 *
 * Two things are left out on purpose, since the container engine is a child of ours and
 * containers inherit them: "no new privileges" would take setuid programs and file
 * capabilities from every container, and a hard limit of 0 for cores could not be raised
 * in a container any more, so only the soft one is set.
 */
int harden_process(struct err *e) MUST_CHECK;
