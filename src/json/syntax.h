/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "json/json.h"

/*
 * The check that reading begins with: is there a JSON value at s + *at (after white space
 * that the caller skipped), within the limits? Moves *at behind it. Errors are those of
 * json_read.
 */
int json_check(const char *s, size_t n, size_t *at, const struct json_limits *l,
               struct err *e) MUST_CHECK;

/* Nothing but white space may stand from `at` on. */
int json_check_end(const char *s, size_t n, size_t at, struct err *e) MUST_CHECK;

/* The place of the first character from `at` on that is no white space; n when there is
 * none. */
size_t json_skip_space(const char *s, size_t n, size_t at);
