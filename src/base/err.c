/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

struct row {
    const char *name;
    int grpc;
    int http;
    const char *words;
};

/* Codes that gRPC doesn't have travel as the nearest one it has. */
static const struct row table[ERR_CODES] = {
    [ERR_OK] = {"OK", 0, 200, "success"},
    [ERR_NO_MEMORY] = {"ResourceExhausted", 8, 500, "out of memory"},
    [ERR_CANCELED] = {"Canceled", 1, 500, "canceled"},
    [ERR_UNKNOWN] = {"Unknown", 2, 500, "unknown error"},
    [ERR_INVALID_ARGUMENT] = {"InvalidArgument", 3, 400, "invalid argument"},
    [ERR_DEADLINE_EXCEEDED] = {"DeadlineExceeded", 4, 500, "it took too long"},
    [ERR_NOT_FOUND] = {"NotFound", 5, 404, "not found"},
    [ERR_ALREADY_EXISTS] = {"AlreadyExists", 6, 409, "already exists"},
    [ERR_PERMISSION_DENIED] = {"PermissionDenied", 7, 403, "permission denied"},
    [ERR_RESOURCE_EXHAUSTED] = {"ResourceExhausted", 8, 500, "a limit is reached"},
    [ERR_FAILED_PRECONDITION] = {"FailedPrecondition", 9, 400,
                                 "not possible in this state"},
    [ERR_ABORTED] = {"Aborted", 10, 500, "aborted"},
    [ERR_OUT_OF_RANGE] = {"OutOfRange", 11, 400, "out of range"},
    [ERR_UNIMPLEMENTED] = {"Unimplemented", 12, 501, "not supported"},
    [ERR_INTERNAL] = {"Internal", 13, 500, "internal error"},
    [ERR_UNAVAILABLE] = {"Unavailable", 14, 503, "not available"},
    [ERR_DATA_LOSS] = {"DataLoss", 15, 500, "stored data is damaged"},
    [ERR_UNAUTHENTICATED] = {"Unauthenticated", 16, 401, "not authenticated"},
    [ERR_CONFLICT] = {"Aborted", 10, 409, "conflict"},
    [ERR_BAD_MESSAGE] = {"InvalidArgument", 3, 400, "malformed message"},
    [ERR_IO] = {"Unknown", 2, 500, "input/output error"},
};

static const struct row *row_of(int code)
{
    if (code < 0 || code >= ERR_CODES)
        code = ERR_UNKNOWN;
    return &table[code];
}

int err_vset(struct err *e, int code, const char *fmt, va_list ap)
{
    if (!e)
        return code;
    e->code = code;
    int n = vsnprintf(e->text, sizeof(e->text), fmt, ap);
    if (n >= (int)sizeof(e->text))
        memcpy(e->text + sizeof(e->text) - 4, "...", 4);
    return code;
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    err_vset(e, code, fmt, ap);
    va_end(ap);
    return code;
}

/* The context goes first; what doesn't fit any more is cut at the end, where err_vset
 * marks it. */
PRINTF_LIKE(3, 0)
static void prepend(struct err *e, int code, const char *fmt, va_list ap,
                    const char *reason)
{
    char context[ERR_TEXT_SIZE];
    vsnprintf(context, sizeof(context), fmt, ap);
    err_set(e, code, "%s: %s", context, reason);
}

int err_wrap(struct err *e, int code, const char *fmt, ...)
{
    if (!e)
        return code;
    char reason[ERR_TEXT_SIZE];
    strcpy_cut(reason, sizeof(reason), err_text(e));
    va_list ap;
    va_start(ap, fmt);
    prepend(e, code, fmt, ap, reason);
    va_end(ap);
    return code;
}

static int code_of_errno(int errnum)
{
    switch (errnum) {
    case ENOMEM:
        return ERR_NO_MEMORY;
    case ENOENT:
        return ERR_NOT_FOUND;
    case EEXIST:
        return ERR_ALREADY_EXISTS;
    case EACCES:
    case EPERM:
        return ERR_PERMISSION_DENIED;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
        return ERR_RESOURCE_EXHAUSTED;
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
    case ENOTCONN:
        return ERR_UNAVAILABLE;
    case ETIMEDOUT:
        return ERR_DEADLINE_EXCEEDED;
    case ECANCELED:
        return ERR_CANCELED;
    default:
        return ERR_IO;
    }
}

int err_errno(struct err *e, int errnum, const char *fmt, ...)
{
    int code = code_of_errno(errnum);
    if (!e)
        return code;
    va_list ap;
    va_start(ap, fmt);
    prepend(e, code, fmt, ap, strerror(errnum));
    va_end(ap);
    return code;
}

int err_no_memory(struct err *e)
{
    return err_set(e, ERR_NO_MEMORY, "out of memory");
}

const char *err_name(int code)
{
    return row_of(code)->name;
}

int err_grpc_status(int code)
{
    return row_of(code)->grpc;
}

int err_http_status(int code)
{
    return row_of(code)->http;
}

int err_exit_status(int code)
{
    return code == ERR_OK ? 0 : 1;
}

int err_from_grpc_status(int status)
{
    static const int codes[] = {
        ERR_OK,
        ERR_CANCELED,
        ERR_UNKNOWN,
        ERR_INVALID_ARGUMENT,
        ERR_DEADLINE_EXCEEDED,
        ERR_NOT_FOUND,
        ERR_ALREADY_EXISTS,
        ERR_PERMISSION_DENIED,
        ERR_RESOURCE_EXHAUSTED,
        ERR_FAILED_PRECONDITION,
        ERR_ABORTED,
        ERR_OUT_OF_RANGE,
        ERR_UNIMPLEMENTED,
        ERR_INTERNAL,
        ERR_UNAVAILABLE,
        ERR_DATA_LOSS,
        ERR_UNAUTHENTICATED,
    };
    if (status < 0 || status >= (int)ARRAY_SIZE(codes))
        return ERR_UNKNOWN;
    return codes[status];
}

const char *err_text(const struct err *e)
{
    if (e->text[0])
        return e->text;
    return row_of(e->code)->words;
}
