/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Included before every file of ours by the build. The functions below can't be used
 * safely, or not by people in a hurry; what replaces them stands beside each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A library whose own headers use them is named by the build, to be read before. */
#ifdef COFFER_INCLUDE_FIRST
#include COFFER_INCLUDE_FIRST
#endif

#undef strcpy  /* strcpy_cut, buf_append */
#undef strcat  /* buf_append */
#undef strncpy /* strcpy_cut */
#undef strncat /* buf_append */
#undef sprintf /* snprintf, buf_printf */
#undef vsprintf
#undef strtok /* a loop that keeps its place in a local */
#undef atoi   /* str_to_i64 */
#undef atol
#undef atoll
/* rand and random can't be poisoned: libraries have parameters and fields of these names.
 * Pure layers may not call them (tools/check-layers). */
#undef alloca
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok atoi atol atoll
#pragma GCC poison alloca
