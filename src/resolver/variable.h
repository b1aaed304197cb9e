/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "base/err.h"

/*
 * Checks the name (n bytes) of an environment variable that a secret is to be put in:
 * ERR_INVALID_ARGUMENT when it is empty or has a space, a control character or one of
 * !@#$%^&*()-+=\{}[]|;:'",<>?/ . Other variables are nobody's business here.
 */
int variable_check_name(const char *name, size_t n, struct err *e) MUST_CHECK;
