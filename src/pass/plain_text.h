/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdio.h>

#include "base/buf.h"

/* Appends the words of others as a terminal may show them: '?' stands for each control
 * character, but those in `kept`, and for each byte that isn't UTF-8. ERR_NO_MEMORY. */
int plain_text_append(struct buf *out, const char *text, size_t n,
                      const char *kept) MUST_CHECK;

/* Prints them so, with no control character kept. */
void plain_text_print(FILE *to, const char *text);
