/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Variables on their way from the runtime to the process that becomes the container's:
 * eight bytes that say what it is, then for each variable the length of its text (four
 * bytes, this machine's order), the text "NAME=VALUE", and a NUL. It travels through a
 * pipe: pages of a pipe are never swapped, and who has read it has emptied it.
 *
 * Reading is done by the helper too, which is linked with nothing of ours but this: no
 * buffers, no errors with words.
 */
#define BLOCK_MAGIC "coffer1\n"
#define BLOCK_MAGIC_SIZE 8

/* The size that pipes may have without privileges, by default. */
#define BLOCK_SIZE_MAX (1024u * 1024u)

/* The longest text the kernel takes in an environment (MAX_ARG_STRLEN), without its NUL.
 */
#define BLOCK_TEXT_MAX (128u * 1024u - 1)

#define BLOCK_VARIABLES_MAX 1024

/* Is it a whole block within the limits? *count is how many variables it has then. */
bool block_check(const char *block, size_t n, size_t *count);

/* The text of the variable at *at, which moves behind it, of a block that was checked;
 * NULL when there is none left. *at is BLOCK_MAGIC_SIZE in the beginning. */
char *block_next(char *block, size_t n, size_t *at);
