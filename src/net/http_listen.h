/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "base/err.h"

/* Makes a listening unix socket at a path, as http_server_listen promises. */
int http_listen_open(const char *path, mode_t mode, gid_t group, int *fd,
                     struct err *e) MUST_CHECK;
