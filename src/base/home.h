/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

#include "base/err.h"

/*
 * Where a user's things are. COFFER_HOME names one folder for all of them; without it the
 * XDG base directories count (XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_CACHE_HOME; an empty or
 * relative one is as if unset, says their specification), without those the folders in
 * HOME, and without HOME that of the user database.
 *
 * All of these give a new string, or ERR_NOT_FOUND when there is no home at all (set
 * COFFER_HOME), ERR_NO_MEMORY. No folder is made, and none is looked at but that of
 * the session.
 */
int home_config_folder(char **out, struct err *e) MUST_CHECK; /* ~/.config/coffer */
int home_data_folder(char **out, struct err *e) MUST_CHECK;   /* ~/.local/share/coffer */

/* What lasts as long as the user is logged in: $XDG_RUNTIME_DIR when that folder is there
 * and the effective user's own, else as if it were unset: /run/user/UID, but not for
 * root, under the same condition; else *out is NULL. ERR_NO_MEMORY. */
int home_session_folder(char **out, struct err *e) MUST_CHECK;

/* For sockets: COFFER_HOME, else "coffer" in the folder of the session; without one
 * /run/coffer-engine for root and ~/.cache/coffer for others. */
int home_run_folder(char **out, struct err *e) MUST_CHECK;

/* The folder where Docker's engine has its socket: ~/.cache/docker-secrets-engine, also
 * with a COFFER_HOME. */
int home_docker_cache_folder(char **out, struct err *e) MUST_CHECK;
