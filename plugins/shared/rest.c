/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl's multi interface runs one transfer; its sockets are in an epoll set, and that
 * set's descriptor is what the waiter waits for. So the engine's pings are answered while
 * a server is slow, and a request that nobody waits for any more ends at once.
 */
#include "shared/rest.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "json/json.h"

#define WORDS_MAX 200
#define EVENTS_AT_ONCE 8
#define CA_CACHE_SECONDS 60L /* an authority that was exchanged is soon the new one */

static const struct json_limits limits = {
    .bytes = REST_ANSWER_MAX, .values = REST_VALUES_MAX, .depth = 32};

struct rest_client {
    char *address, *ca_file;
    CURLM *multi;
    int epoll;
    int64_t timer; /* when libcurl wants to be called, by plugin_now(); or CLOCK_NEVER */
};

/* One request under way. */
struct transfer {
    struct rest_client *client;
    const struct rest_request *request;
    CURL *easy;
    CURLcode options; /* the first that could not be set */
    struct curl_slist *headers;
    struct buf body, answer;
    bool is_too_long;
    char words[CURL_ERROR_SIZE];
};

/* ---- what libcurl tells ---- */

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *of_socket)
{
    struct rest_client *c = user;
    struct epoll_event event = {.data.fd = fd};
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(c->epoll, EPOLL_CTL_DEL, fd, NULL); /* it may be closed already */
        return 0;
    }
    event.events =
        (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
    if (!epoll_ctl(c->epoll, EPOLL_CTL_MOD, fd, &event))
        return 0;
    return errno == ENOENT ? epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &event) : -1;
}

static int on_timer(CURLM *multi, long ms, void *user)
{
    struct rest_client *c = user;
    c->timer = ms < 0 ? CLOCK_NEVER : clock_after(plugin_now(), ms * CLOCK_MILLISECOND);
    return 0;
}

static size_t on_answer(char *data, size_t size, size_t n, void *user)
{
    struct transfer *t = user;
    if (t->answer.len + n > REST_ANSWER_MAX) {
        t->is_too_long = true;
        return 0;
    }
    return buf_append(&t->answer, data, n) ? 0 : n;
}

/* ---- a transfer is made ---- */

/* Headers may hold a token. libcurl's own copies are wiped by its allocator, as these. */
static void transfer_deinit(struct transfer *t)
{
    curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->headers);
    buf_deinit(&t->body);
    buf_deinit(&t->answer);
}
#define cleanup_transfer CLEANUP(transfer_deinit)

static int add_header(struct transfer *t, const char *name, const char *value,
                      struct err *e)
{
    cleanup_buf struct buf line = BUF_INIT;
    if (str_is_empty(value))
        return 0;
    for (const char *c = value; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return err_set(e, ERR_INVALID_ARGUMENT,
                           "what is configured for the header %s has a control character "
                           "or a line end",
                           name);
    if (buf_printf(&line, "%s: %s", name, value))
        return err_no_memory(e);
    struct curl_slist *longer = curl_slist_append(t->headers, buf_str(&line));
    if (!longer)
        return err_no_memory(e);
    t->headers = longer;
    return 0;
}

static int add_headers(struct transfer *t, struct err *e)
{
    const struct rest_request *request = t->request;
    int r = add_header(t, "Accept", "application/json", e);
    for (size_t i = 0; !r && i < REST_HEADERS_MAX && request->headers[i].name; i++)
        r = add_header(t, request->headers[i].name, request->headers[i].value, e);
    if (!r && request->body)
        r = add_header(t, "Content-Type", "application/json", e);
    return r;
}

#define SET(t, option, value)                                                            \
    do {                                                                                 \
        if (!(t)->options)                                                               \
            (t)->options = curl_easy_setopt((t)->easy, option, value);                   \
    } while (0)

static void set_trust(struct transfer *t)
{
    SET(t, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(t, CURLOPT_FOLLOWLOCATION, 0L);
    SET(t, CURLOPT_SSL_VERIFYPEER, 1L);
    SET(t, CURLOPT_SSL_VERIFYHOST, 2L);
    SET(t, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(t, CURLOPT_CA_CACHE_TIMEOUT, CA_CACHE_SECONDS);
    if (t->client->ca_file) {
        SET(t, CURLOPT_CAINFO, t->client->ca_file);
        SET(t, CURLOPT_CAPATH, NULL);
    }
    if (str_starts_with(t->client->address, "http://"))
        SET(t, CURLOPT_NOPROXY, "*"); /* what stays on the machine, stays there */
}

static void set_request(struct transfer *t, const char *url)
{
    SET(t, CURLOPT_URL, url);
    SET(t, CURLOPT_PATH_AS_IS, 1L);
    SET(t, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(t, CURLOPT_HTTPHEADER, t->headers);
    SET(t, CURLOPT_CONNECTTIMEOUT_MS, (long)REST_CONNECT_TIMEOUT_MS);
    SET(t, CURLOPT_NOSIGNAL, 1L);
    SET(t, CURLOPT_ERRORBUFFER, t->words);
    SET(t, CURLOPT_WRITEFUNCTION, on_answer);
    SET(t, CURLOPT_WRITEDATA, t);
    if (t->request->body) {
        SET(t, CURLOPT_POSTFIELDSIZE, (long)t->body.len);
        SET(t, CURLOPT_POSTFIELDS, buf_str(&t->body));
    }
    SET(t, CURLOPT_CUSTOMREQUEST, t->request->method);
}

static int prepare(struct transfer *t, struct err *e)
{
    cleanup_free char *url = str_format("%s%s", t->client->address, t->request->path);
    int r = add_headers(t, e);
    if (r)
        return r;
    if (t->request->body && json_write(t->request->body, &t->body))
        return err_no_memory(e);
    t->easy = curl_easy_init();
    if (!url || !t->easy)
        return err_no_memory(e);
    set_trust(t);
    set_request(t, url);
    if (t->options == CURLE_OUT_OF_MEMORY)
        return err_no_memory(e);
    return t->options
               ? err_set(e, ERR_INTERNAL, "libcurl: %s", curl_easy_strerror(t->options))
               : 0;
}

/* ---- and run ---- */

static CURLMcode tell_sockets(struct rest_client *c, int *running)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    int n = epoll_wait(c->epoll, events, EVENTS_AT_ONCE, 0);
    CURLMcode code = CURLM_OK;
    for (int i = 0; i < n && !code; i++) {
        int ready = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                    (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                    (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
        code = curl_multi_socket_action(c->multi, events[i].data.fd, ready, running);
    }
    return code;
}

static int timer_left_ms(const struct rest_client *c)
{
    if (c->timer == CLOCK_NEVER)
        return -1;
    struct waiter until = {.deadline = c->timer};
    return waiter_left_ms(&until, REST_TIMEOUT_MS);
}

static CURLMcode tell_time(struct rest_client *c, int *running)
{
    if (c->timer > plugin_now())
        return CURLM_OK;
    c->timer = CLOCK_NEVER;
    return curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, running);
}

static int run(struct rest_client *c, const struct waiter *w, struct err *e)
{
    int running = 0;
    CURLMcode code = curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    while (!code && running) {
        bool is_ready;
        int r = waiter_wait(w, c->epoll, POLLIN, timer_left_ms(c), &is_ready, e);
        if (r == ERR_DEADLINE_EXCEEDED)
            return err_set(e, r, "%s does not answer in time", c->address);
        if (r)
            return r;
        code = is_ready ? tell_sockets(c, &running) : CURLM_OK;
        if (!code)
            code = tell_time(c, &running);
    }
    return code == CURLM_OUT_OF_MEMORY
               ? err_no_memory(e)
               : (code
                      ? err_set(e, ERR_INTERNAL, "libcurl: %s", curl_multi_strerror(code))
                      : 0);
}

/* How the one transfer ended. */
static CURLcode result_of(struct rest_client *c)
{
    int left;
    CURLMsg *message = curl_multi_info_read(c->multi, &left);
    return message ? message->data.result : CURLE_RECV_ERROR;
}

static int failed(const struct transfer *t, CURLcode code, struct err *e)
{
    if (t->is_too_long)
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "the answer of %s for %s is longer than %zu bytes",
                       t->client->address, t->request->path, REST_ANSWER_MAX);
    if (code == CURLE_OUT_OF_MEMORY || code == CURLE_WRITE_ERROR)
        return err_no_memory(e);
    return err_set(e, ERR_UNAVAILABLE, "%s can't be asked: %s", t->client->address,
                   *t->words ? t->words : curl_easy_strerror(code));
}

static int perform(struct transfer *t, const struct waiter *w, struct err *e)
{
    struct rest_client *c = t->client;
    struct waiter within = waiter_within(w, REST_TIMEOUT_MS);
    c->timer = CLOCK_NEVER;
    if (curl_multi_add_handle(c->multi, t->easy))
        return err_no_memory(e);
    int r = run(c, &within, e);
    CURLcode code = r ? CURLE_OK : result_of(c);
    curl_multi_remove_handle(c->multi, t->easy);
    return code ? failed(t, code, e) : r;
}

/* ---- the answer ---- */

static int read_answer(const struct transfer *t, struct rest_answer *out, struct err *e)
{
    long status = 0;
    struct err why;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status / 100 == 3)
        return err_set(e, ERR_UNAVAILABLE,
                       "%s redirects (%ld), which isn't followed, since credentials "
                       "would go along; set `address` to the server that answers itself",
                       t->client->address, status);
    int r = json_read(buf_str(&t->answer), t->answer.len, &limits, &out->json, &why);
    if (r == ERR_NO_MEMORY)
        return err_no_memory(e);
    if (r == ERR_RESOURCE_EXHAUSTED)
        return err_set(e, r, "the answer of %s for %s: %s", t->client->address,
                       t->request->path, err_text(&why));
    out->status = (int)status;
    return 0;
}

void rest_answer_deinit(struct rest_answer *answer)
{
    json_decref(answer->json);
    answer->json = NULL;
}

int rest_send(struct rest_client *c, const struct rest_request *request,
              const struct waiter *w, struct rest_answer *out, struct err *e)
{
    cleanup_transfer struct transfer t = {.client = c, .request = request};
    int r = prepare(&t, e);
    if (!r)
        r = perform(&t, w, e);
    return r ? r : read_answer(&t, out, e);
}

/* ---- refusals ---- */

static int code_of_status(int status)
{
    switch (status) {
    case 400:
        return ERR_INVALID_ARGUMENT;
    case 401:
    case 403:
        return ERR_PERMISSION_DENIED;
    case 404:
        return ERR_NOT_FOUND;
    case 405:
        return ERR_UNIMPLEMENTED;
    case 412: /* not yet: data of elsewhere is still on its way */
    case 429: /* too many requests, or a standby */
    case 472: /* standbys of other kinds */
    case 473:
        return ERR_UNAVAILABLE;
    default:
        return status >= 500 ? ERR_UNAVAILABLE : ERR_BAD_MESSAGE;
    }
}

int rest_refused(const struct rest_client *c, const struct rest_request *request,
                 int status, const char *words, struct err *e)
{
    char plain[WORDS_MAX];
    strcpy_cut(plain, sizeof(plain), words ? words : "");
    for (char *at = plain; *at; at++)
        if ((unsigned char)*at < ' ' || (unsigned char)*at >= 0x7f)
            *at = ' ';
    return err_set(e, code_of_status(status), "%s answers %d for %s%s%s", c->address,
                   status, request->path, *plain ? ": " : "", plain);
}

/* ---- life ---- */

static bool make_machine(struct rest_client *c)
{
    c->epoll = epoll_create1(EPOLL_CLOEXEC);
    c->multi = curl_multi_init();
    return c->epoll >= 0 && c->multi &&
           !curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_socket) &&
           !curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c) &&
           !curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_timer) &&
           !curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
}

int rest_client_new(const char *address, const char *ca_file, struct rest_client **out,
                    struct err *e)
{
    int r = rest_address_check(address, e);
    if (r)
        return r;
    struct rest_client *c = calloc(1, sizeof(*c));
    if (!c)
        return err_no_memory(e);
    c->epoll = -1;
    size_t n = strlen(address);
    while (address[n - 1] == '/')
        n--;
    c->address = mem_dup(address, n);
    c->ca_file = ca_file ? mem_dup(ca_file, strlen(ca_file)) : NULL;
    if (!c->address || (ca_file && !c->ca_file) || !make_machine(c)) {
        rest_client_free(c);
        return err_no_memory(e);
    }
    *out = c;
    return 0;
}

void rest_client_free(struct rest_client *c)
{
    if (!c)
        return;
    curl_multi_cleanup(c->multi);
    if (c->epoll >= 0)
        close(c->epoll);
    free(c->address);
    free(c->ca_file);
    free(c);
}

const char *rest_client_address(const struct rest_client *c)
{
    return c->address;
}
