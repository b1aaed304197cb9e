/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * What HTTP/1.1 messages are made of. Pure: no I/O here.
 */

/* A head (first line and headers together) over these limits is refused. */
#define HTTP_HEADERS_MAX 100
#define HTTP_HEAD_MAX (64 * 1024)

/* Parameters of one query. */
#define HTTP_PARAMS_MAX 128

struct http_header {
    const char *name;
    const char *value;
};

/*
 * The head of a request (method, target) or of an answer (status). All strings belong to
 * whoever gave the head out and hold as long as it says.
 */
struct http_head {
    const char *method; /* "GET"; one that isn't known was refused. NULL in an answer */
    const char *target; /* as on the wire: "/v1.44/secrets?filters=%7B%7D" */
    int status;         /* 0 in a request */
    int minor;          /* HTTP/1.minor: 0 or 1 */
    size_t n_headers;
    struct http_header headers[HTTP_HEADERS_MAX];
};

/* The value of the first header of that name (letter case doesn't matter), or NULL. */
const char *http_head_get(const struct http_head *head, const char *name);

/* The same over a plain array. */
const char *http_header_get(const struct http_header *headers, size_t n,
                            const char *name);

/* Is `token` one of the comma-separated words of any header of that name (both without
 * letter case)? */
bool http_head_has_token(const struct http_head *head, const char *name,
                         const char *token);

/* The words for a status ("Not Found"), "Unknown" for one without. */
const char *http_reason(int status);

/* ---- targets ---- */

struct http_param {
    const char *key;
    const char *value;
};

/* The target of a request, decoded. Its strings are its own. */
struct http_url {
    struct buf text;
    const char *path; /* percent-decoded; starts with '/', or is "*" */
    size_t n_params;
    struct http_param params[HTTP_PARAMS_MAX];
};

/*
 * Splits and decodes a target ("/a%20b?x=1+2&y"); a scheme and host in front are dropped.
 * The url's memory is used again when there was one before (start with all zero).
 * ERR_INVALID_ARGUMENT for a bad escape, a NUL or what is no path;
 * ERR_RESOURCE_EXHAUSTED for too many parameters.
 */
int http_url_parse(struct http_url *url, const char *target, struct err *e) MUST_CHECK;
void http_url_deinit(struct http_url *url);
#define cleanup_http_url CLEANUP(http_url_deinit)

/* The first value of a parameter, NULL when the query hasn't got it ("" when it stands
 * there without a value). Several values: walk url->params. */
const char *http_query_get(const struct http_url *url, const char *key);

/* As Docker reads a flag: true unless it is absent, "", "0", "no", "false" or "none"
 * (letter case and surrounding spaces don't matter). */
bool http_query_bool(const struct http_url *url, const char *key);

/* Appends s with all but A-Z a-z 0-9 - _ . ~ percent-encoded: for one path element or
 * one key or value of a query. */
int http_url_escape(struct buf *out, const char *s) MUST_CHECK;
