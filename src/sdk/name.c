/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids, patterns and references for callers who only have texts: each is parsed for the
 * one question. That needs memory; without any the answer is no, as for what isn't valid.
 */
#include <string.h>

#include "base/str.h"
#include "resolver/pattern.h"
#include "resolver/reference.h"
#include "resolver/secret_id.h"
#include "sdk/sdk.h"

static bool parse(const char *text, struct pattern *out)
{
    return text && pattern_parse(out, text, strlen(text), NULL) == 0;
}

bool coffer_id_is_valid(const char *id)
{
    return secret_id_is_valid(id);
}

bool coffer_pattern_is_valid(const char *pattern)
{
    cleanup_pattern struct pattern p = PATTERN_INIT;
    return parse(pattern, &p);
}

bool coffer_pattern_match(const char *pattern, const char *id)
{
    cleanup_pattern struct pattern p = PATTERN_INIT;
    return id && parse(pattern, &p) && pattern_match(&p, id);
}

bool coffer_pattern_includes(const char *pattern, const char *other)
{
    cleanup_pattern struct pattern p = PATTERN_INIT, q = PATTERN_INIT;
    return parse(pattern, &p) && parse(other, &q) && pattern_includes(&p, &q);
}

bool coffer_pattern_intersects(const char *a, const char *b)
{
    cleanup_pattern struct pattern p = PATTERN_INIT, q = PATTERN_INIT;
    return parse(a, &p) && parse(b, &q) && pattern_intersects(&p, &q);
}

static int expand(const char *pattern, const char *with, char out[COFFER_ID_MAX + 1],
                  struct err *e)
{
    cleanup_pattern struct pattern p = PATTERN_INIT, q = PATTERN_INIT,
                                   whole = PATTERN_INIT;
    if (!pattern || !with)
        return err_set(e, ERR_INVALID_ARGUMENT, "no pattern");
    int r = pattern_parse(&p, pattern, strlen(pattern), e);
    r = r ?: pattern_parse(&q, with, strlen(with), e);
    r = r ?: pattern_expand(&p, &q, &whole, e);
    if (!r)
        strcpy_cut(out, COFFER_ID_MAX + 1, whole.text);
    return r == ERR_RESOURCE_EXHAUSTED ? err_wrap(e, ERR_INVALID_ARGUMENT, "too long")
                                       : r;
}

int coffer_pattern_expand(const char *pattern, const char *with,
                          char out[COFFER_ID_MAX + 1], struct coffer_error *e)
{
    struct err why = {0};
    return sdk_error(e, expand(pattern, with, out, &why), &why);
}

const char *coffer_reference_pattern(const char *text)
{
    if (!text || !str_starts_with(text, REFERENCE_PREFIX))
        return NULL;
    const char *pattern = text + strlen(REFERENCE_PREFIX);
    return coffer_pattern_is_valid(pattern) ? pattern : NULL;
}
