/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "resolver/envelope.h"

/* The most that is read: a value of the largest size, and what JSON needs around it. */
#define SET_INPUT_MAX (2 * SECRET_VALUE_MAX)

/*
 * What standard input is to `set`. A JSON object whose member "secret" is a string that
 * isn't empty stands for that string, and its "metadata" (an object of strings, may be
 * missing) goes to the envelope; then *value is replaced. Everything else is the value
 * itself, byte for byte. ERR_RESOURCE_EXHAUSTED for too much metadata, ERR_NO_MEMORY.
 */
int set_input_read(struct buf *value, struct secret_envelope *secret,
                   struct err *e) MUST_CHECK;
