/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http-parser calls back; here each callback that matters pauses it, so that feeding
 * returns with one event. Its way of counting makes that exact: what it reports as
 * consumed is where it wants to go on, and an event that needs no further byte is
 * reported before the last byte of its message is consumed, so that there is always
 * something to feed while there is something to tell.
 */
#include "wire/http_reader.h"

#include <string.h>

#include "base/str.h"

enum {
    LAST_NOTHING,
    LAST_TARGET,
    LAST_NAME,
    LAST_VALUE,
};

#define READER_FIRST_SIZE 2048

/* Ends the parse from within a callback. */
static int refuse(struct http_reader *r, int code, const char *reason)
{
    r->failure = code;
    r->reason = reason;
    return -1;
}

static int pause_with(struct http_reader *r, enum reader_event event)
{
    r->event = event;
    http_parser_pause(&r->parser, 1);
    return 0;
}

static int add_text(struct http_reader *r, const char *at, size_t n)
{
    if (n > HTTP_HEAD_MAX || r->text.len + n > HTTP_HEAD_MAX)
        return refuse(r, ERR_RESOURCE_EXHAUSTED, "the head of the message is too long");
    if (!r->text.cap && buf_reserve(&r->text, READER_FIRST_SIZE))
        return refuse(r, ERR_NO_MEMORY, "out of memory");
    if (buf_append(&r->text, at, n))
        return refuse(r, ERR_NO_MEMORY, "out of memory");
    return 0;
}

static int on_begin(http_parser *parser)
{
    struct http_reader *r = parser->data;
    r->is_started = true;
    return 0;
}

static int on_target(http_parser *parser, const char *at, size_t n)
{
    struct http_reader *r = parser->data;
    r->last = LAST_TARGET;
    return add_text(r, at, n);
}

static int begin_name(struct http_reader *r)
{
    if (r->head.n_headers == HTTP_HEADERS_MAX)
        return refuse(r, ERR_RESOURCE_EXHAUSTED, "too many headers");
    if (r->last != LAST_NOTHING && add_text(r, "", 1))
        return -1;
    r->spans[r->head.n_headers++].name = (uint32_t)r->text.len;
    r->last = LAST_NAME;
    return 0;
}

/* Trailers are dropped: nothing of ours means anything by them. */
static int on_name(http_parser *parser, const char *at, size_t n)
{
    struct http_reader *r = parser->data;
    if (parser->flags & F_TRAILING)
        return 0;
    if (r->last != LAST_NAME && begin_name(r))
        return -1;
    return add_text(r, at, n);
}

static int on_value(http_parser *parser, const char *at, size_t n)
{
    struct http_reader *r = parser->data;
    if (parser->flags & F_TRAILING)
        return 0;
    if (r->last == LAST_NAME) {
        if (add_text(r, "", 1))
            return -1;
        r->spans[r->head.n_headers - 1].value = (uint32_t)r->text.len;
        r->last = LAST_VALUE;
    }
    return add_text(r, at, n);
}

/* RFC 9110's "token". */
static bool is_token(const char *s)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    if (!*s)
        return false;
    for (; *s; s++) {
        bool alnum = (*s >= '0' && *s <= '9') || (*s >= 'a' && *s <= 'z') ||
                     (*s >= 'A' && *s <= 'Z');
        if (!alnum && !strchr(marks, *s))
            return false;
    }
    return true;
}

/* Text without control characters; n is its length as it was sent, so that a NUL within
 * shows. */
static bool is_text(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static void trim_end(char *s, size_t n)
{
    while (n && (s[n - 1] == ' ' || s[n - 1] == '\t'))
        s[--n] = '\0';
}

/* Turns the offsets into strings, now that the text doesn't move any more. */
static int finish_headers(struct http_reader *r)
{
    for (size_t i = 0; i < r->head.n_headers; i++) {
        size_t end = i + 1 < r->head.n_headers ? r->spans[i + 1].name : r->text.len;
        char *name = r->text.data + r->spans[i].name;
        char *value = r->text.data + r->spans[i].value;
        size_t name_len = r->spans[i].value - r->spans[i].name - 1;
        size_t value_len = end - r->spans[i].value - 1;
        if (strlen(name) != name_len || !is_token(name))
            return refuse(r, ERR_BAD_MESSAGE, "bad character in a header's name");
        if (!is_text(value, value_len))
            return refuse(r, ERR_BAD_MESSAGE, "bad character in a header's value");
        trim_end(value, value_len);
        r->head.headers[i] = (struct http_header){.name = name, .value = value};
    }
    return 0;
}

static int finish_first_line(struct http_reader *r)
{
    if (r->parser.http_major != 1 || r->parser.http_minor > 1)
        return refuse(r, ERR_BAD_MESSAGE, "only HTTP/1.0 and HTTP/1.1 are spoken here");
    r->head.minor = r->parser.http_minor;
    if (r->parser.type == HTTP_RESPONSE) {
        r->head.status = (int)r->parser.status_code;
        return r->head.status >= 100 ? 0 : refuse(r, ERR_BAD_MESSAGE, "bad status");
    }
    if (r->parser.method == HTTP_CONNECT)
        return refuse(r, ERR_BAD_MESSAGE, "the method CONNECT isn't served");
    r->head.method = http_method_str((enum http_method)r->parser.method);
    r->head.target = r->text.data;
    if (!is_text(r->head.target, strlen(r->head.target)))
        return refuse(r, ERR_BAD_MESSAGE, "bad character in the URL");
    return 0;
}

/* Counts the headers of a name and gives the last one's value. */
static size_t count_headers(const struct http_head *head, const char *name,
                            const char **value)
{
    size_t n = 0;
    for (size_t i = 0; i < head->n_headers; i++)
        if (str_equal_nocase(head->headers[i].name, name)) {
            *value = head->headers[i].value;
            n++;
        }
    return n;
}

/* Where does the message end? The headers say it in one way only, and the parser must
 * have understood the same. */
static int check_framing(struct http_reader *r)
{
    const char *coding = "", *length = "";
    size_t codings = count_headers(&r->head, "Transfer-Encoding", &coding);
    size_t lengths = count_headers(&r->head, "Content-Length", &length);
    bool is_chunked = r->parser.flags & F_CHUNKED;
    uint64_t n = 0;
    if (codings && lengths)
        return refuse(r, ERR_BAD_MESSAGE,
                      "both Content-Length and Transfer-Encoding were sent");
    if (codings > 1 || (codings && !str_equal_nocase(coding, "chunked")))
        return refuse(r, ERR_BAD_MESSAGE, "unknown Transfer-Encoding");
    if (codings && r->head.minor == 0)
        return refuse(r, ERR_BAD_MESSAGE, "Transfer-Encoding in HTTP/1.0");
    if (is_chunked != (codings == 1))
        return refuse(r, ERR_BAD_MESSAGE, "unclear Transfer-Encoding");
    if (lengths > 1 || (lengths && (!str_to_u64(length, &n) || n >= INT64_MAX ||
                                    n != r->parser.content_length)))
        return refuse(r, ERR_BAD_MESSAGE, "bad Content-Length");
    r->body = is_chunked ? READER_BODY_CHUNKED
              : n        ? READER_BODY_LENGTH
                         : READER_BODY_NONE;
    r->length = n;
    if (r->parser.type == HTTP_RESPONSE && !codings && !lengths)
        r->body = READER_BODY_UNTIL_CLOSE;
    return 0;
}

/* Answers that never have a body. */
static bool is_bodiless(const struct http_reader *r)
{
    int status = r->head.status;
    return r->parser.type == HTTP_RESPONSE &&
           (r->is_head_request || status < 200 || status == 204 || status == 304);
}

static int on_head(http_parser *parser)
{
    struct http_reader *r = parser->data;
    if (r->last != LAST_NOTHING && add_text(r, "", 1))
        return -1;
    if (r->last == LAST_NAME)
        return refuse(r, ERR_BAD_MESSAGE, "a header without a value");
    if (finish_first_line(r) || finish_headers(r) || check_framing(r))
        return -1;
    r->is_upgrade = parser->upgrade;
    r->keep_alive = http_should_keep_alive(parser) != 0;
    bool skip = is_bodiless(r);
    if (skip)
        r->body = READER_BODY_NONE;
    pause_with(r, READER_HEAD);
    return skip ? 1 : 0;
}

static int on_body(http_parser *parser, const char *at, size_t n)
{
    struct http_reader *r = parser->data;
    r->data = at;
    r->len = n;
    return pause_with(r, READER_BODY);
}

static int on_end(http_parser *parser)
{
    struct http_reader *r = parser->data;
    r->wants_line_end = r->body == READER_BODY_CHUNKED;
    return pause_with(r, READER_END);
}

/* The line of a chunk's size has ended. */
static int on_chunk_line(http_parser *parser)
{
    struct http_reader *r = parser->data;
    r->wants_line_end = true;
    return pause_with(r, READER_MORE);
}

/* A chunk's data has ended with its own line end; after the last chunk come trailers. */
static int on_chunk_end(http_parser *parser)
{
    return parser->flags & F_TRAILING ? 0 : on_chunk_line(parser);
}

static const http_parser_settings settings = {
    .on_message_begin = on_begin,
    .on_url = on_target,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_head,
    .on_body = on_body,
    .on_message_complete = on_end,
    .on_chunk_header = on_chunk_line,
    .on_chunk_complete = on_chunk_end,
};

void http_reader_init(struct http_reader *r, enum http_parser_type type)
{
    *r = (struct http_reader){.last = LAST_NOTHING};
    http_parser_init(&r->parser, type);
    r->parser.data = r;
}

void http_reader_deinit(struct http_reader *r)
{
    buf_deinit(&r->text);
}

/* The parser begins anew rather than going on: nothing of one message may reach into the
 * next. */
void http_reader_next(struct http_reader *r, bool is_head_request)
{
    enum http_parser_type type = (enum http_parser_type)r->parser.type;
    http_parser_init(&r->parser, type);
    r->parser.data = r;
    buf_reset(&r->text);
    r->head.n_headers = 0;
    r->head.method = r->head.target = NULL;
    r->head.status = 0;
    r->last = LAST_NOTHING;
    r->is_started = false;
    r->is_head_request = is_head_request;
    r->is_upgrade = false;
    r->keep_alive = false;
    r->body = READER_BODY_NONE;
    r->length = 0;
    r->wants_line_end = false;
    r->failure = 0;
}

static int fail(struct http_reader *r, struct err *e)
{
    if (r->failure)
        return err_set(e, r->failure, "%s", r->reason);
    enum http_errno code = HTTP_PARSER_ERRNO(&r->parser);
    if (code == HPE_HEADER_OVERFLOW)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "the head of the message is too long");
    return err_set(e, ERR_BAD_MESSAGE, "%s", http_errno_description(code));
}

/*
 * The parser takes any two characters for the line ends of chunks and any one for the
 * last of a head. Another reader wouldn't, so they are looked at here.
 */
static bool line_ended(struct http_reader *r, const char *data, size_t used)
{
    if (r->event == READER_HEAD)
        return data[used] == '\n';
    if (!r->wants_line_end)
        return true;
    r->wants_line_end = false;
    char before = used > 1 ? data[used - 2] : r->previous;
    return before == '\r' && data[used - 1] == '\n';
}

int http_reader_feed(struct http_reader *r, const char *data, size_t n, size_t *used,
                     struct err *e)
{
    r->event = READER_MORE;
    *used = http_parser_execute(&r->parser, &settings, data, n);
    enum http_errno code = HTTP_PARSER_ERRNO(&r->parser);
    if (code == HPE_PAUSED && !r->failure)
        http_parser_pause(&r->parser, 0);
    else if (code != HPE_OK || r->failure)
        return fail(r, e);
    if (!line_ended(r, data, *used))
        return err_set(e, ERR_BAD_MESSAGE, "a line doesn't end with CR and LF");
    if (*used)
        r->previous = data[*used - 1];
    return 0;
}

int http_reader_eof(struct http_reader *r, struct err *e)
{
    r->event = READER_MORE;
    if (!r->is_started)
        return 0;
    http_parser_execute(&r->parser, &settings, NULL, 0);
    enum http_errno code = HTTP_PARSER_ERRNO(&r->parser);
    if (r->event != READER_END || (code != HPE_OK && code != HPE_PAUSED))
        return err_set(e, ERR_BAD_MESSAGE, "the connection was closed in mid-message");
    return 0;
}
