/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <malloc.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/client_private.h"

/* ---- memory of the libraries ---- */

static void *wiping_realloc(void *old, size_t n)
{
    void *p = malloc(n);
    if (p && old) {
        size_t had = malloc_usable_size(old);
        memcpy(p, old, had < n ? had : n);
        mem_wipe_free(old);
    }
    return p;
}

int client_global_init(struct err *e)
{
    json_setup();
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, mem_wipe_free, wiping_realloc,
                             strdup, calloc))
        return err_no_memory(e);
    return 0;
}

/* ---- the client ---- */

#define VERSION_SIZE 16

struct client {
    char *host;
    CURL *curl;
    char version[VERSION_SIZE]; /* of the API, as it is asked for */
};

#define SCHEME "unix://"

int client_new(const char *host, struct client **out, struct err *e)
{
    if (!str_starts_with(host, SCHEME) || host[strlen(SCHEME)] != '/')
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "the daemon's address '%s' is not of the form unix:///path", host);
    struct client *c = calloc(1, sizeof(*c));
    if (!c)
        return err_no_memory(e);
    strcpy_cut(c->version, sizeof(c->version), CLIENT_API_VERSION);
    c->host = strdup(host);
    c->curl = curl_easy_init();
    if (!c->host || !c->curl) {
        client_free(c);
        return err_no_memory(e);
    }
    *out = c;
    return 0;
}

void client_free(struct client *c)
{
    if (!c)
        return;
    if (c->curl)
        curl_easy_cleanup(c->curl);
    free(c->host);
    free(c);
}

const char *client_socket(const struct client *c)
{
    return c->host + strlen(SCHEME);
}

int client_decode(const struct buf *text, json_t **out, struct err *e)
{
    static const struct json_limits limits = {
        .bytes = CLIENT_ANSWER_MAX, .values = CLIENT_VALUES_MAX, .depth = JSON_DEPTH_MAX};
    struct err why = {0};
    int r = json_read(text->data, text->len, &limits, out, &why);
    if (r == ERR_NO_MEMORY)
        return err_no_memory(e);
    if (r)
        return err_set(e, ERR_BAD_MESSAGE, "the daemon's answer is no JSON: %s",
                       err_text(&why));
    return 0;
}

static int code_of_status(long status)
{
    if (status == err_http_status(ERR_UNKNOWN))
        return ERR_UNKNOWN;
    for (int code = ERR_INVALID_ARGUMENT; code < ERR_CODES; code++)
        if (err_http_status(code) == status && code != ERR_FAILED_PRECONDITION)
            return code;
    return ERR_UNKNOWN;
}

int client_refusal(long status, const struct buf *body, struct err *e)
{
    cleanup_json json_t *j = NULL;
    const char *text = buf_str(body);
    if (body->len && client_decode(body, &j, NULL) == 0) {
        const char *message = json_string_value(json_object_get(j, "message"));
        text = message ? message : text;
    }
    int n = (int)strcspn(text, "\n");
    while (n > 0 && text[n - 1] == ' ')
        n--;
    if (!n)
        return err_set(e, code_of_status(status),
                       "Error response from daemon: status %ld without a message",
                       status);
    return err_set(e, code_of_status(status), "Error response from daemon: %.*s", n,
                   text);
}

int client_curl_error(const struct client *c, CURL *curl, CURLcode code, struct err *e)
{
    long os = 0;
    curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &os);
    if (code == CURLE_OUT_OF_MEMORY)
        return err_no_memory(e);
    if (code == CURLE_COULDNT_CONNECT && os == EACCES)
        return err_set(
            e, ERR_PERMISSION_DENIED,
            "permission denied while trying to connect to the coffer daemon at "
            "%s: be root, or a member of the socket's group",
            c->host);
    if (code == CURLE_COULDNT_CONNECT)
        return err_set(e, ERR_UNAVAILABLE,
                       "Cannot connect to the coffer daemon at %s. Is cofferd running?",
                       c->host);
    return err_set(e, ERR_UNAVAILABLE, "the connection to the daemon at %s: %s", c->host,
                   curl_easy_strerror(code));
}

static int prepare_url(const struct client *c, CURL *curl, const char *url, struct err *e)
{
    curl_easy_reset(curl);
    bool failed = curl_easy_setopt(curl, CURLOPT_URL, url) ||
                  curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client_socket(c)) ||
                  curl_easy_setopt(curl, CURLOPT_PROXY, "") ||
                  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) ||
                  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L) ||
                  curl_easy_setopt(curl, CURLOPT_USERAGENT, "coffer/" COFFER_VERSION);
    return failed ? err_no_memory(e) : 0;
}

int client_prepare(const struct client *c, CURL *curl, const char *path, struct err *e)
{
    cleanup_buf struct buf url = BUF_INIT;
    if (buf_printf(&url, "http://coffer/v%s%s", c->version, path))
        return err_no_memory(e);
    return prepare_url(c, curl, buf_str(&url), e);
}

static size_t take_answer(char *data, size_t size, size_t n, void *user)
{
    struct buf *answer = user;
    size_t bytes = size * n;
    if (answer->len + bytes > CLIENT_ANSWER_MAX || buf_append(answer, data, bytes))
        return 0;
    return bytes;
}

static int perform(struct client *c, const char *method, const struct buf *body,
                   struct buf *answer, long *status, struct err *e)
{
    struct curl_slist *headers = NULL;
    curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, answer);
    if (body || str_equal(method, "POST")) {
        headers = curl_slist_append(headers, "Content-Type: application/json");
        struct curl_slist *all = curl_slist_append(headers, "Expect:");
        if (!headers || !all) {
            curl_slist_free_all(headers);
            return err_no_memory(e);
        }
        curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, body ? buf_str(body) : "");
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)(body ? body->len : 0));
    }
    CURLcode code = curl_easy_perform(c->curl);
    curl_slist_free_all(headers);
    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, status);
    if (code == CURLE_WRITE_ERROR)
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "the daemon's answer doesn't fit into memory");
    return code ? client_curl_error(c, c->curl, code, e) : 0;
}

/* ---- the version of the API ---- */

/* The N of "1.N"; 0 when there is none. */
static unsigned minor_of(const json_t *version, const char *key)
{
    const char *text = json_string_value(json_object_get(version, key));
    uint64_t minor;
    if (!text || !str_starts_with(text, "1.") || !str_to_u64(text + 2, &minor) ||
        minor > 999)
        return 0;
    return (unsigned)minor;
}

/* Ours, or theirs where that is lower. Where even their least one is above ours, that:
 * only fields are read here that all versions since ours have. */
static unsigned choose_minor(const json_t *version)
{
    unsigned most = minor_of(version, "ApiVersion"),
             least = minor_of(version, "MinAPIVersion");
    if (least > CLIENT_API_MINOR)
        return least;
    return most && most < CLIENT_API_MINOR ? most : CLIENT_API_MINOR;
}

/* A daemon that doesn't take our version is asked which ones it takes. Keeps the version
 * when there is no better one. */
static void negotiate(struct client *c)
{
    cleanup_buf struct buf text = BUF_INIT;
    cleanup_json json_t *version = NULL;
    long status = 0;
    if (!prepare_url(c, c->curl, "http://coffer/version", NULL) &&
        !perform(c, "GET", NULL, &text, &status, NULL) && status == 200 &&
        !client_decode(&text, &version, NULL))
        snprintf(c->version, sizeof(c->version), "1.%u", choose_minor(version));
}

/* Such a request was not carried out. */
static bool is_version_refused(long status, const struct buf *answer)
{
    return status == 400 && answer->len && strstr(buf_str(answer), "client version ");
}

static int call_once(struct client *c, const char *method, const char *path,
                     const struct buf *body, struct buf *answer, long *status,
                     struct err *e)
{
    int r = client_prepare(c, c->curl, path, e);
    return r ? r : perform(c, method, body, answer, status, e);
}

int client_call(struct client *c, const char *method, const char *path,
                const struct buf *body, json_t **answer, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    long status = 0;
    int r = call_once(c, method, path, body, &text, &status, e);
    if (!r && is_version_refused(status, &text)) {
        negotiate(c);
        buf_reset(&text);
        r = call_once(c, method, path, body, &text, &status, e);
    }
    if (r)
        return r;
    if (status >= 400)
        return client_refusal(status, &text, e);
    if (!answer)
        return 0;
    *answer = NULL;
    return text.len ? client_decode(&text, answer, e) : 0;
}

int client_get(struct client *c, const char *path, json_t **answer, struct err *e)
{
    int r = client_call(c, "GET", path, NULL, answer, e);
    if (r || *answer)
        return r;
    return err_set(e, ERR_BAD_MESSAGE, "the daemon's answer to GET %s is empty", path);
}

int client_post(struct client *c, const char *path, const json_t *body, json_t **answer,
                struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    if (json_write(body, &text))
        return err_no_memory(e);
    return client_call(c, "POST", path, &text, answer, e);
}
