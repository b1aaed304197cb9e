/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/http.h"

#include <string.h>
#include <strings.h>

#include <http_parser.h>

#include "base/str.h"

const char *http_header_get(const struct http_header *headers, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (str_equal_nocase(headers[i].name, name))
            return headers[i].value;
    return NULL;
}

const char *http_head_get(const struct http_head *head, const char *name)
{
    return http_header_get(head->headers, head->n_headers, name);
}

static bool word_equals(const char *word, size_t n, const char *token)
{
    while (n && (*word == ' ' || *word == '\t'))
        word++, n--;
    while (n && (word[n - 1] == ' ' || word[n - 1] == '\t'))
        n--;
    return n == strlen(token) && strncasecmp(word, token, n) == 0;
}

static bool list_has_word(const char *list, const char *token)
{
    for (;;) {
        size_t n = strcspn(list, ",");
        if (word_equals(list, n, token))
            return true;
        if (!list[n])
            return false;
        list += n + 1;
    }
}

bool http_head_has_token(const struct http_head *head, const char *name,
                         const char *token)
{
    for (size_t i = 0; i < head->n_headers; i++)
        if (str_equal_nocase(head->headers[i].name, name) &&
            list_has_word(head->headers[i].value, token))
            return true;
    return false;
}

const char *http_reason(int status)
{
    switch (status) {
#define STATUS(number, name, words)                                                      \
    case number:                                                                         \
        return #words;
        HTTP_STATUS_MAP(STATUS)
#undef STATUS
    default:
        return "Unknown";
    }
}
