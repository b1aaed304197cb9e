/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"

/*
 * Runs a program as a child that looks to its caller as if it were this process: same
 * descriptors, signals handed on; it ends when we are killed, and we stop when it does,
 * as by Ctrl-Z. *status is its exit status, 128 and the signal's number when a signal
 * ended it. ERR_IO when it can't be started; its words then say which.
 */
int child_run(const char *program, char *const *words, int *status,
              struct err *e) MUST_CHECK;
