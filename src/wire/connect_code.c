/* SPDX-License-Identifier: Apache-2.0 */
/* Connect's codes: their names and statuses, from the protocol's table. */
#include "base/str.h"
#include "wire/connect.h"
#include "json/json.h"

struct row {
    const char *name;
    int status;
};

static const struct row table[ERR_CODES] = {
    [ERR_CANCELED] = {"canceled", 499},
    [ERR_UNKNOWN] = {"unknown", 500},
    [ERR_INVALID_ARGUMENT] = {"invalid_argument", 400},
    [ERR_DEADLINE_EXCEEDED] = {"deadline_exceeded", 504},
    [ERR_NOT_FOUND] = {"not_found", 404},
    [ERR_ALREADY_EXISTS] = {"already_exists", 409},
    [ERR_PERMISSION_DENIED] = {"permission_denied", 403},
    [ERR_RESOURCE_EXHAUSTED] = {"resource_exhausted", 429},
    [ERR_FAILED_PRECONDITION] = {"failed_precondition", 400},
    [ERR_ABORTED] = {"aborted", 409},
    [ERR_OUT_OF_RANGE] = {"out_of_range", 400},
    [ERR_UNIMPLEMENTED] = {"unimplemented", 501},
    [ERR_INTERNAL] = {"internal", 500},
    [ERR_UNAVAILABLE] = {"unavailable", 503},
    [ERR_DATA_LOSS] = {"data_loss", 500},
    [ERR_UNAUTHENTICATED] = {"unauthenticated", 401},
};

/* gRPC's numbers, which Connect shares, lead from any code to one of the table's. */
static const struct row *row_of(int code)
{
    return &table[err_from_grpc_status(err_grpc_status(code))];
}

const char *connect_code_name(int code)
{
    return row_of(code)->name;
}

int connect_code_status(int code)
{
    return row_of(code)->status;
}

int connect_code_from_name(const char *name)
{
    for (int code = 0; code < ERR_CODES; code++)
        if (str_equal(table[code].name, name))
            return code;
    return ERR_UNKNOWN;
}

int connect_code_of_status(int status)
{
    switch (status) {
    case 400:
        return ERR_INTERNAL;
    case 401:
        return ERR_UNAUTHENTICATED;
    case 403:
        return ERR_PERMISSION_DENIED;
    case 404:
        return ERR_UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
        return ERR_UNAVAILABLE;
    default:
        return ERR_UNKNOWN;
    }
}

void connect_clean_text(char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)text[i];
        size_t len = json_utf8_length((const uint8_t *)text + i, n - i);
        if (c < ' ' || c == 0x7f || len == 0)
            text[i] = '?';
        i += len ? len : 1;
    }
}
