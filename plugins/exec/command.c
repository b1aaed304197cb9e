/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/command.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#define ID "{id}"
#define BLANKS " \t"

void command_deinit(struct command *c)
{
    free(c->text);
    *c = (struct command){0};
}

static int add_word(struct command *c, const char *word, struct err *e)
{
    if (c->n == COMMAND_WORDS_MAX)
        return err_set(e, ERR_INVALID_ARGUMENT, "command: more than %d words",
                       COMMAND_WORDS_MAX);
    c->words[c->n++] = word;
    c->words[c->n] = NULL;
    return 0;
}

/* Moves what is in quotes to *to; returns the place behind them, NULL when they aren't
 * closed. */
static const char *take_quoted(const char *at, char **to)
{
    char mark = *at++;
    for (; *at && *at != mark; at++) {
        if (mark == '"' && *at == '\\' && (at[1] == '"' || at[1] == '\\'))
            at++;
        *(*to)++ = *at;
    }
    return *at ? at + 1 : NULL;
}

/* Moves one word to *to, with a NUL. */
static const char *take_word(const char *at, char **to)
{
    while (at && *at && !strchr(BLANKS, *at)) {
        if (*at == '"' || *at == '\'')
            at = take_quoted(at, to);
        else
            *(*to)++ = *at++;
    }
    *(*to)++ = '\0';
    return at;
}

int command_parse(const char *text, struct command *out, struct err *e)
{
    /* Each word is at most as long as it was written; the blank becomes the NUL. */
    cleanup_command struct command c = {.text = calloc(1, strlen(text) + 2)};
    char *to = c.text;
    int r = to ? 0 : err_no_memory(e);
    const char *at = text + strspn(text, BLANKS);
    while (!r && *at) {
        char *word = to;
        at = take_word(at, &to);
        if (!at)
            return err_set(e, ERR_INVALID_ARGUMENT, "command: a quote is not closed");
        r = add_word(&c, word, e);
        at += strspn(at, BLANKS);
    }
    if (!r && c.n == 0)
        r = err_set(e, ERR_INVALID_ARGUMENT, "command: there is none");
    if (r)
        return r;
    *out = c;
    c = (struct command){0};
    return 0;
}

bool command_has_id(const struct command *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (strstr(c->words[i], ID))
            return true;
    return false;
}

static int write_word(const char *word, const char *id, struct buf *out)
{
    int r = 0;
    const char *mark;
    while (!r && (mark = strstr(word, ID))) {
        r = buf_append(out, word, (size_t)(mark - word));
        if (!r)
            r = buf_append_str(out, id);
        word = mark + strlen(ID);
    }
    return r ? r : buf_append(out, word, strlen(word) + 1);
}

int command_with_id(const struct command *c, const char *id, struct command *out,
                    struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    size_t at[COMMAND_WORDS_MAX];
    for (size_t i = 0; i < c->n; i++) {
        if (*id == '-' && str_starts_with(c->words[i], ID))
            return err_set(e, ERR_INVALID_ARGUMENT,
                           "%s would be an option of %s, since it begins with '-'", id,
                           c->words[0]);
        at[i] = text.len;
        if (write_word(c->words[i], id, &text))
            return err_no_memory(e);
    }
    struct command made = {.n = c->n, .text = buf_take(&text)};
    for (size_t i = 0; i < c->n; i++)
        made.words[i] = made.text + at[i];
    *out = made;
    return 0;
}
