/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdlib.h>

#include "base/macro.h"

/*
 * Memory: wiping, and the cleanup attributes that make an owning local release itself.
 *
 * Whatever may have held a secret is freed with mem_wipe_free(); it takes any pointer
 * from malloc.
 */

/* Overwrites n bytes in a way the compiler can't leave out. */
void mem_wipe(void *p, size_t n);

/* Wipes a block of malloc's and frees it. NULL is fine. */
void mem_wipe_free(void *p);

/* A copy of n bytes with one NUL behind them, so that text stays text; NULL when there is
 * no memory. */
void *mem_dup(const void *p, size_t n);

/* Owning locals: `cleanup_free char *s = NULL;` */
void mem_cleanup_free(void *pp);
void mem_cleanup_wipe_free(void *pp);
void mem_cleanup_fd(int *fd);

#define cleanup_free CLEANUP(mem_cleanup_free)
#define cleanup_wipe_free CLEANUP(mem_cleanup_wipe_free)
#define cleanup_fd CLEANUP(mem_cleanup_fd)
