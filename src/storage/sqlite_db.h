/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sqlite3.h>

#include "base/err.h"

/* The database file below sqlite.c: opening, checking, and what SQLite's results mean. */

/*
 * Opens path for this process alone, and makes it when it isn't there. Afterwards it has
 * its table, and its structure was checked. Codes as sqlite_open.
 */
int sqlite_db_open(const char *path, sqlite3 **out, struct err *e) MUST_CHECK;

/* Sets *e from a result that is no success, "storage <path>: ...". Returns the code. */
int sqlite_db_error(sqlite3 *db, int rc, const char *path, struct err *e);
