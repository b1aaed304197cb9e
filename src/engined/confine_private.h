/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

/* The parts of confine.c: 0, or -1 and errno. The kernel may lack them: then they do
 * nothing. Both need that new privileges are given up. */
int confine_folders(char *const *paths);
int confine_calls(bool is_offline);

/* The address sanitizer takes terabytes of addresses, and the leak sanitizer traces. */
#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif
