/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

/* A text of the program as protobuf-c's structs want one. It must only be read. */
static inline char *literal(const char *text)
{
    return (char *)(uintptr_t)text;
}
