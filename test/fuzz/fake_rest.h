/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "shared/rest.h"
#include "json/json.h"

/*
 * shared/rest.h with a server that answers what a fuzz target was given: a line an
 * answer, "STATUS BODY", in turn; "0" is none at all.
 */
static char *first_answer, *next_answer;

static void must(bool ok)
{
    if (!ok)
        abort();
}

/* Cuts the next line off; after the last one comes the first again. */
static char *take_line(size_t *n)
{
    if (!*next_answer)
        next_answer = first_answer;
    char *line = next_answer;
    *n = strcspn(line, "\n");
    next_answer += *n + (line[*n] == '\n');
    return line;
}

static struct rest_client {
    int unused;
} server;

int rest_client_new(const char *address, const char *ca_file, struct rest_client **out,
                    struct err *e)
{
    *out = &server;
    return 0;
}

void rest_client_free(struct rest_client *c)
{
}

const char *rest_client_address(const struct rest_client *c)
{
    return "https://server";
}

void rest_answer_deinit(struct rest_answer *answer)
{
    json_decref(answer->json);
    answer->json = NULL;
}

int rest_send(struct rest_client *c, const struct rest_request *request,
              const struct waiter *w, struct rest_answer *out, struct err *e)
{
    static const struct json_limits limits = {.bytes = 65536, .values = 4096, .depth = 8};
    size_t n, digits;
    const char *line = take_line(&n);
    must(*request->path == '/' && !strstr(request->path, "/../"));
    digits = strspn(line, "0123456789");
    out->status = digits && digits < 4 ? (int)strtol(line, NULL, 10) : 0;
    if (out->status == 0)
        return err_set(e, ERR_UNAVAILABLE, "no answer");
    digits += line[digits] == ' ';
    int r = json_read(line + digits, n - digits, &limits, &out->json, e);
    return r == ERR_NO_MEMORY ? r : 0;
}

int rest_refused(const struct rest_client *c, const struct rest_request *request,
                 int status, const char *words, struct err *e)
{
    int code = status == 403   ? ERR_PERMISSION_DENIED
               : status == 404 ? ERR_NOT_FOUND
               : status == 400 ? ERR_INVALID_ARGUMENT
                               : ERR_UNAVAILABLE;
    return err_set(e, code, "%d for %s", status, request->path);
}
