/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Values of flags, read as Docker reads them. Pure. Each returns 0 or
 * ERR_INVALID_ARGUMENT with the words Docker's users know.
 */
int value_bool(const char *s, bool *out, struct err *e) MUST_CHECK;
int value_uint(const char *s, uint64_t *out, struct err *e) MUST_CHECK;
int value_int(const char *s, int64_t *out, struct err *e) MUST_CHECK;
int value_float(const char *s, double *out, struct err *e) MUST_CHECK;

/* CPUs, to nanos: "0.5" is 500000000; at most nine decimals. */
int value_cpus(const char *s, int64_t *nanos, struct err *e) MUST_CHECK;

/* A size with a binary unit: "64m", "1.5GiB", "4096". */
int value_bytes(const char *s, int64_t *out, struct err *e) MUST_CHECK;

int value_duration(const char *s, int64_t *out, struct err *e) MUST_CHECK;

/* An octal file mode, at most 07777. */
int value_mode(const char *s, uint32_t *out, struct err *e) MUST_CHECK;
