/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/prompt_line.h"

#include <string.h>

#include "json/json.h"

#define CTRL(c) ((c) - '@')
#define ESCAPE CTRL('[')
#define DELETE 0x7f
#define PASTE_BEGINS "\033[200~"
#define PASTE_ENDS "\033[201~"

static int refuse(struct err *e, const char *why)
{
    return err_set(e, ERR_INVALID_ARGUMENT, "%s", why);
}

static bool begins_character(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

static int erase_shown(struct buf *echo)
{
    return buf_append_str(echo, "\b \b");
}

/* Deletes the last character, all bytes of it. */
static int delete_character(struct prompt_line *l, struct buf *echo)
{
    struct buf *text = &l->text;
    if (!text->len)
        return 0;
    bool first = false;
    while (text->len && !first) {
        first = begins_character(text->data[--text->len]);
        text->data[text->len] = '\0';
    }
    return erase_shown(echo);
}

static int delete_all(struct prompt_line *l, struct buf *echo)
{
    int r = 0;
    while (l->text.len && !r)
        r = delete_character(l, echo);
    return r;
}

static int add(struct prompt_line *l, char c, struct buf *echo, struct err *e)
{
    if (l->text.len >= PROMPT_LINE_MAX)
        return refuse(e, "the secret is too long for a prompt: use standard input");
    if (buf_append_char(&l->text, c) ||
        (begins_character(c) && buf_append_char(echo, '*')))
        return err_no_memory(e);
    return 0;
}

static bool is_utf8(const struct buf *text)
{
    const uint8_t *s = (const uint8_t *)buf_str(text);
    for (size_t at = 0, n; at < text->len; at += n) {
        n = json_utf8_length(s + at, text->len - at);
        if (n == 0)
            return false;
    }
    return true;
}

static int finish(struct prompt_line *l, struct err *e)
{
    if (l->is_pasting)
        return refuse(e, "the pasted text has several lines: use standard input");
    if (!l->text.len)
        return refuse(e, "the secret is empty");
    return is_utf8(&l->text) ? 0 : refuse(e, "the secret isn't valid UTF-8");
}

/* A byte within a sequence that began with ESC: only the brackets of pasting are known.
 */
static int feed_escape(struct prompt_line *l, char c, struct err *e)
{
    static const char *const known[] = {PASTE_BEGINS, PASTE_ENDS};
    l->escape[l->n_escape++] = c;
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (memcmp(l->escape, known[i], l->n_escape) != 0)
            continue;
        if (l->n_escape == strlen(known[i])) {
            l->is_pasting = i == 0;
            l->n_escape = 0;
        }
        return 0;
    }
    return refuse(e, "the secret has a control character");
}

static int feed_byte(struct prompt_line *l, char c, struct buf *echo, bool *is_done,
                     struct err *e)
{
    unsigned char byte = (unsigned char)c;
    if (l->n_escape || byte == ESCAPE)
        return feed_escape(l, c, e);
    if (byte == '\r' || byte == '\n') {
        *is_done = true;
        return finish(l, e);
    }
    if (!l->is_pasting && byte == CTRL('C'))
        return err_set(e, ERR_CANCELED, "canceled");
    if (!l->is_pasting && byte == CTRL('D'))
        return refuse(e, "the input ended before a secret was there");
    if (!l->is_pasting && (byte == DELETE || byte == CTRL('H')))
        return delete_character(l, echo) ? err_no_memory(e) : 0;
    if (!l->is_pasting && byte == CTRL('U'))
        return delete_all(l, echo) ? err_no_memory(e) : 0;
    if (byte < ' ' || byte == DELETE)
        return refuse(e, "the secret has a control character");
    return add(l, c, echo, e);
}

int prompt_line_feed(struct prompt_line *l, const char *bytes, size_t n, struct buf *echo,
                     bool *is_done, struct err *e)
{
    bool done = false;
    int r = 0;
    for (size_t i = 0; i < n && !r; i++) {
        if (done)
            return refuse(e, "there is more behind the line's end");
        r = feed_byte(l, bytes[i], echo, &done, e);
    }
    if (!r)
        *is_done = done;
    return r;
}

void prompt_line_deinit(struct prompt_line *l)
{
    buf_deinit(&l->text);
    *l = (struct prompt_line)PROMPT_LINE_INIT;
}
