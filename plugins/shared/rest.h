/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/err.h"
#include "shared/plugin.h"

/*
 * Asks a server that speaks JSON over HTTPS, one request at a time. Certificates and host
 * names are always verified, redirects are never followed (they would carry the
 * credentials elsewhere), all is bounded, and what held a credential or an answer is
 * wiped: also within libcurl and OpenSSL, which get their memory from us.
 */

/* The longest answer that is read, and of how many JSON values. */
#define REST_ANSWER_MAX ((size_t)8 << 20)
#define REST_VALUES_MAX 200000

/* No request takes longer, whatever the engine would allow; and no connection. */
#define REST_TIMEOUT_MS 30000
#define REST_CONNECT_TIMEOUT_MS 5000

/* Once, at the start of the program, before anything else that may use OpenSSL.
 * ERR_INTERNAL, ERR_NO_MEMORY. */
int rest_setup(struct err *e) MUST_CHECK;

struct rest_client;

/*
 * A client of the server at `address`: "https://HOST[:PORT][/PATH]", or http on this
 * machine (localhost, 127.0.0.1, [::1]): no network hears it, but whoever has the port on
 * this machine gets what is sent. ca_file has the authorities to trust (PEM); NULL: the
 * system's. Nothing is connected yet. Both are copied. ERR_INVALID_ARGUMENT names
 * `address`, ERR_NO_MEMORY.
 */
int rest_client_new(const char *address, const char *ca_file, struct rest_client **out,
                    struct err *e) MUST_CHECK;
void rest_client_free(struct rest_client *c);

/* Whether an address is one for rest_client_new(). ERR_INVALID_ARGUMENT names `address`,
 * ERR_NO_MEMORY. */
int rest_address_check(const char *address, struct err *e) MUST_CHECK;

/* The address, as texts name the server. */
const char *rest_client_address(const struct rest_client *c);

struct rest_header {
    const char *name;
    const char *value; /* NULL or "": the header isn't sent */
};
#define REST_HEADERS_MAX 4

struct rest_request {
    const char *method; /* "GET", "LIST", "POST" */
    const char *path;   /* below the address, with a slash before it; plain characters */
    struct rest_header headers[REST_HEADERS_MAX];
    const json_t *body; /* NULL: none */
};

struct rest_answer {
    int status;
    json_t *json; /* NULL: it was none, or empty */
};

/* Drops the answer; what it held is wiped. */
void rest_answer_deinit(struct rest_answer *answer);
#define cleanup_rest_answer CLEANUP(rest_answer_deinit)

/*
 * Sends a request and reads its answer, whatever its status. ERR_UNAVAILABLE (not
 * reachable, not to be trusted, broken off, redirected), ERR_DEADLINE_EXCEEDED,
 * ERR_CANCELED, ERR_RESOURCE_EXHAUSTED (over a limit above), ERR_INVALID_ARGUMENT (a
 * header that can't be one), ERR_NO_MEMORY.
 */
int rest_send(struct rest_client *c, const struct rest_request *request,
              const struct waiter *w, struct rest_answer *out, struct err *e) MUST_CHECK;

/* Sets *e for an answer with a status that is none of success: its code, and a text with
 * the server's own words (may be NULL), cut and without what isn't printable. */
int rest_refused(const struct rest_client *c, const struct rest_request *request,
                 int status, const char *words, struct err *e);
