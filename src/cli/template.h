/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Go's templates over JSON values, as far as people use them with --format: fields, if,
 * range, with, variables, pipelines, and Docker's functions. Pure.
 *
 * A field that isn't there is no value: false to `if`, "<no value>" when printed.
 */
struct template;

/* A template's length, the depth of its nesting, the steps that it may take, and what it
 * may print. */
#define TEMPLATE_LENGTH_MAX 65536
#define TEMPLATE_DEPTH_MAX 64
#define TEMPLATE_STEPS_MAX 10000000
#define TEMPLATE_OUTPUT_MAX (64U * 1024 * 1024)

/* ERR_INVALID_ARGUMENT ("template parsing error: ..."), ERR_NO_MEMORY. */
int template_parse(const char *text, struct template **out, struct err *e) MUST_CHECK;
void template_free(struct template *t);

/* Appends to out what the template makes of data. With `strict`, a member that data
 * itself doesn't have is an error. ERR_INVALID_ARGUMENT, ERR_RESOURCE_EXHAUSTED,
 * ERR_NO_MEMORY. */
int template_run(const struct template *t, json_t *data, bool strict, struct buf *out,
                 struct err *e) MUST_CHECK;
