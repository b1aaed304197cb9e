/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `set` reads on standard input stays as it is, or is a JSON object whose secret it
 * becomes; and what is typed or pasted at a prompt is a line of UTF-8, or refused with
 * words.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pass/prompt_line.h"
#include "pass/set_input.h"
#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void check_set(const uint8_t *data, size_t n)
{
    cleanup_buf struct buf value = BUF_INIT;
    cleanup_secret_envelope struct secret_envelope secret = {0};
    struct err e = {0};
    must(!buf_append(&value, data, n));
    if (set_input_read(&value, &secret, &e)) {
        must(e.text[0] != '\0');
        return;
    }
    bool is_same = value.len == n && (n == 0 || memcmp(value.data, data, n) == 0);
    must(is_same || (value.len && value.len < n && memchr(data, '{', n)));
    must(!is_same || secret.n_metadata == 0);
    must(secret.n_metadata <= SECRET_METADATA_MAX);
}

static bool is_line(const struct buf *text)
{
    const uint8_t *s = (const uint8_t *)text->data;
    for (size_t at = 0, n; at < text->len; at += n) {
        n = json_utf8_length(s + at, text->len - at);
        if (n == 0 || s[at] < ' ' || s[at] == 0x7f)
            return false;
    }
    return text->len > 0;
}

/* In two pieces, wherever they are cut. */
static void check_prompt(const uint8_t *data, size_t n)
{
    struct prompt_line line = PROMPT_LINE_INIT;
    cleanup_buf struct buf echo = BUF_INIT;
    struct err e = {0};
    size_t cut = n ? data[0] % n : 0;
    bool is_done = false;
    int r = prompt_line_feed(&line, (const char *)data, cut, &echo, &is_done, &e);
    if (!r && !is_done)
        r = prompt_line_feed(&line, (const char *)data + cut, n - cut, &echo, &is_done,
                             &e);
    must(!r || (e.code == r && e.text[0]));
    must(r || !is_done || is_line(&line.text));
    for (size_t i = 0; i < echo.len; i++)
        must(strchr("*\b ", echo.data[i]) != NULL);
    prompt_line_deinit(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    json_setup();
    if (n > SET_INPUT_MAX)
        return 0;
    check_set(data, n);
    check_prompt(data, n);
    return 0;
}
