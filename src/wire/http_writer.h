/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "wire/http.h"

/* Writes heads and chunks of HTTP/1.1 messages into buffers; no I/O. */

int http_write_status_line(struct buf *out, int status) MUST_CHECK;

/* ERR_INVALID_ARGUMENT for a method or target with a space or control character in it. */
int http_write_request_line(struct buf *out, const char *method,
                            const char *target) MUST_CHECK;

/* ERR_INVALID_ARGUMENT for a value with a line break, or a name that is none: a header
 * can't bring another one along. */
int http_write_header(struct buf *out, const char *name, const char *value) MUST_CHECK;
int http_write_length(struct buf *out, uint64_t n) MUST_CHECK;
int http_write_head_end(struct buf *out) MUST_CHECK;

/* The line in front of a chunk of n bytes; behind the chunk goes HTTP_CHUNK_END. */
#define HTTP_CHUNK_LINE_SIZE 24
size_t http_chunk_line(char out[HTTP_CHUNK_LINE_SIZE], size_t n);
#define HTTP_CHUNK_END "\r\n"
#define HTTP_LAST_CHUNK "0\r\n\r\n"

/* Does the header belong to one connection only, or to how a message ends, so that it
 * isn't passed on? */
bool http_header_is_hop(const struct http_head *head, const char *name);
