/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/sdk.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/str.h"
#include "resolver/envelope.h"
#include "resolver/secret_id.h"

_Static_assert(COFFER_ERROR_TEXT_SIZE == ERR_TEXT_SIZE, "a text fits");
_Static_assert(COFFER_ID_MAX == SECRET_ID_MAX, "one limit");
_Static_assert(COFFER_VALUE_MAX == SECRET_VALUE_MAX, "one limit");
_Static_assert(COFFER_ANSWER_MAX == SECRET_ENVELOPES_MAX, "one limit");
_Static_assert(__builtin_strcmp(COFFER_METADATA_DAMAGED, SECRET_METADATA_DAMAGED) == 0,
               "one key");

const char *coffer_version(void)
{
    return COFFER_VERSION;
}

int coffer_error_set(struct coffer_error *e, int code, const char *format, ...)
{
    if (!e)
        return code;
    struct err text;
    va_list ap;
    va_start(ap, format);
    err_vset(&text, code, format, ap);
    va_end(ap);
    e->code = code;
    strcpy_cut(e->text, sizeof(e->text), text.text);
    return code;
}

int sdk_code(int code)
{
    static const int codes[ERR_CODES] = {
        [ERR_OK] = COFFER_OK,
        [ERR_NO_MEMORY] = COFFER_NO_MEMORY,
        [ERR_CANCELED] = COFFER_CANCELED,
        [ERR_UNKNOWN] = COFFER_INTERNAL,
        [ERR_INVALID_ARGUMENT] = COFFER_INVALID,
        [ERR_DEADLINE_EXCEEDED] = COFFER_TIMEOUT,
        [ERR_NOT_FOUND] = COFFER_NOT_FOUND,
        [ERR_ALREADY_EXISTS] = COFFER_EXISTS,
        [ERR_PERMISSION_DENIED] = COFFER_DENIED,
        [ERR_RESOURCE_EXHAUSTED] = COFFER_INTERNAL,
        [ERR_FAILED_PRECONDITION] = COFFER_LOCKED,
        [ERR_ABORTED] = COFFER_INTERNAL,
        [ERR_OUT_OF_RANGE] = COFFER_INVALID,
        [ERR_UNIMPLEMENTED] = COFFER_UNSUPPORTED,
        [ERR_INTERNAL] = COFFER_INTERNAL,
        [ERR_UNAVAILABLE] = COFFER_UNAVAILABLE,
        [ERR_DATA_LOSS] = COFFER_INTERNAL,
        [ERR_UNAUTHENTICATED] = COFFER_DENIED,
        [ERR_CONFLICT] = COFFER_EXISTS,
        [ERR_BAD_MESSAGE] = COFFER_PROTOCOL,
        [ERR_IO] = COFFER_INTERNAL,
    };
    return code < 0 || code >= ERR_CODES ? COFFER_INTERNAL : codes[code];
}

int sdk_code_to_err(int code)
{
    static const int codes[] = {
        [COFFER_OK] = ERR_OK,
        [COFFER_INVALID] = ERR_INVALID_ARGUMENT,
        [COFFER_NOT_FOUND] = ERR_NOT_FOUND,
        [COFFER_DENIED] = ERR_PERMISSION_DENIED,
        [COFFER_UNAVAILABLE] = ERR_UNAVAILABLE,
        [COFFER_LOCKED] = ERR_FAILED_PRECONDITION,
        [COFFER_EXISTS] = ERR_ALREADY_EXISTS,
        [COFFER_TIMEOUT] = ERR_DEADLINE_EXCEEDED,
        [COFFER_CANCELED] = ERR_CANCELED,
        [COFFER_NO_MEMORY] = ERR_NO_MEMORY,
        [COFFER_PROTOCOL] = ERR_BAD_MESSAGE,
        [COFFER_UNSUPPORTED] = ERR_UNIMPLEMENTED,
        [COFFER_INTERNAL] = ERR_INTERNAL,
    };
    return code < 0 || code >= (int)ARRAY_SIZE(codes) ? ERR_INTERNAL : codes[code];
}

int sdk_error(struct coffer_error *to, int code, const struct err *from)
{
    if (!code)
        return COFFER_OK;
    if (to) {
        struct err e = {.code = code};
        to->code = sdk_code(code);
        strcpy_cut(to->text, sizeof(to->text), err_text(from->code == code ? from : &e));
    }
    return sdk_code(code);
}

int sdk_copy_struct(void *dst, size_t known, const void *src, const char *what,
                    struct err *e)
{
    size_t given;
    memcpy(&given, src, sizeof(given));
    const char *bytes = src;
    if (given < sizeof(given))
        return err_set(e, ERR_INVALID_ARGUMENT, "%s has no size", what);
    for (size_t i = known; i < given; i++)
        if (bytes[i])
            return err_set(e, ERR_INVALID_ARGUMENT,
                           "%s has members that this library (%s) doesn't know", what,
                           COFFER_VERSION);
    memset(dst, 0, known);
    memcpy(dst, src, given < known ? given : known);
    return 0;
}

int64_t sdk_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * CLOCK_SECOND + t.tv_nsec;
}

int sdk_poll_time(int64_t deadline, int64_t now)
{
    if (deadline == CLOCK_NEVER)
        return -1;
    if (deadline <= now)
        return 0;
    int64_t ms = (deadline - now - 1) / CLOCK_MILLISECOND + 1;
    return ms > INT_MAX ? INT_MAX : (int)ms;
}
