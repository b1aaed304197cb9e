/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdarg.h>

#include "base/macro.h"

/*
 * Errors: a function that can fail returns 0 or one code of this closed table. The words
 * for a person go to a `struct err`, the last parameter, which may be NULL. Its memory is
 * fixed, so that an error can always be told.
 *
 * The table (err.c) says once what a code is to HTTP, to gRPC and to a shell. The gRPC
 * names and numbers are those of the gRPC specification (statuscodes); the mapping to
 * HTTP is the one Docker's daemon uses for its cluster errors.
 */
enum err_code {
    ERR_OK = 0,
    ERR_NO_MEMORY,
    ERR_CANCELED,
    ERR_UNKNOWN, /* a refusal that has no better code; "update out of sequence" is one */
    ERR_INVALID_ARGUMENT, /* what was asked makes no sense; asking again will not help */
    ERR_DEADLINE_EXCEEDED,
    ERR_NOT_FOUND,
    ERR_ALREADY_EXISTS,
    ERR_PERMISSION_DENIED,
    ERR_RESOURCE_EXHAUSTED,  /* a limit of ours was reached */
    ERR_FAILED_PRECONDITION, /* the state of the object forbids it now */
    ERR_ABORTED,             /* somebody else was faster; try again */
    ERR_OUT_OF_RANGE,
    ERR_UNIMPLEMENTED,
    ERR_INTERNAL,
    ERR_UNAVAILABLE, /* the other side isn't there now */
    ERR_DATA_LOSS,   /* stored bytes are not what was written */
    ERR_UNAUTHENTICATED,
    ERR_CONFLICT,    /* HTTP 409 without a gRPC code of its own */
    ERR_BAD_MESSAGE, /* foreign bytes that don't parse */
    ERR_IO,          /* the operating system said no; the text has its reason */
    ERR_CODES,
};

/* The longest text an error carries, with its final NUL. Longer ones are cut and end in
 * "...". */
#define ERR_TEXT_SIZE 1024

struct err {
    int code;
    char text[ERR_TEXT_SIZE];
};

/* Sets *e (when not NULL) to code and the formatted text. Returns code, so that `return
 * err_set(...)` reads well. */
int err_set(struct err *e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
int err_vset(struct err *e, int code, const char *fmt, va_list ap) PRINTF_LIKE(3, 0);

/* Puts "<formatted text>: " before the text that *e has. Returns code. */
int err_wrap(struct err *e, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Sets *e from an errno value: its nearest code, and "<formatted text>: <strerror>".
 * Returns the code. */
int err_errno(struct err *e, int errnum, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Sets *e to ERR_NO_MEMORY with its text; needs no memory. Returns ERR_NO_MEMORY. */
int err_no_memory(struct err *e);

/* The name gRPC has for a code ("InvalidArgument"), its number there, the HTTP status,
 * the exit status of a command. */
const char *err_name(int code);
int err_grpc_status(int code);
int err_http_status(int code);
int err_exit_status(int code);

/* The code for a gRPC status number; ERR_UNKNOWN for a number gRPC doesn't have. */
int err_from_grpc_status(int status);

/* The text of *e, or the code's own words when *e has none. Never NULL. */
const char *err_text(const struct err *e);
