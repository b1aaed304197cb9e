/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Memory that runs out at a chosen moment. Every unit test is linked so that malloc,
 * calloc, realloc and reallocarray as called from our own code come by here first;
 * libraries keep theirs.
 */

/* Lets the n-th allocation from now on fail, once (1 is the next one); 0 lets none fail.
 */
void fault_malloc_at(size_t n);

/* Did it fail meanwhile? */
bool fault_malloc_has_failed(void);

/*
 * Runs `run` again and again, with its first, second, third, ... allocation failing,
 * until one run gets by without the failure. Asserts that each run before returned
 * ERR_NO_MEMORY, and the last one 0; that nothing leaks is for the address sanitizer to
 * see. Returns how many allocations a whole run takes.
 */
size_t fault_malloc_each(int (*run)(void *user), void *user);
