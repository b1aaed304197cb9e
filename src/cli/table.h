/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"

/*
 * Lays out a table: text whose cells end in tabs and whose lines end in newlines. Each
 * column is as wide as its widest cell and three more, ten at least; what follows a
 * line's last tab is left as it is. Pure. Returns 0 or ERR_NO_MEMORY.
 */
int table_lay_out(const char *text, struct buf *out) MUST_CHECK;

/* The number of characters of UTF-8 text, cut at n bytes. */
size_t table_width(const char *s, size_t n);
