/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/spec.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "oci/spec_text.h"
#include "json/syntax.h"

void spec_deinit(struct spec *s)
{
    json_decref(s->env);
    buf_deinit(&s->text);
    *s = (struct spec){0};
}

/* ---- reading ---- */

static int check_texts(const json_t *array, const char *name, struct err *e)
{
    if (!json_is_array(array))
        return err_set(e, ERR_INVALID_ARGUMENT, "process.%s is not a list", name);
    for (size_t i = 0; i < json_array_size(array); i++)
        if (!json_is_string(json_array_get(array, i)))
            return err_set(e, ERR_INVALID_ARGUMENT, "process.%s is not a list of texts",
                           name);
    return 0;
}

static bool is_null(const struct buf *text, struct span at)
{
    return text->data[at.start] == 'n';
}

static int read_env(struct spec *s, struct span process, struct err *e)
{
    struct span at;
    if (!spec_find(&s->text, process, "env", &at) || is_null(&s->text, at))
        return 0;
    int r = spec_value(&s->text, at, &s->env, e);
    return r ? err_wrap(e, r, "process.env") : check_texts(s->env, "env", e);
}

static int read_parts(struct spec *s, struct span all, struct err *e)
{
    struct span process = all, at;
    if (s->text.data[all.start] != '{')
        return err_set(e, ERR_INVALID_ARGUMENT, "is not a JSON object");
    if (s->kind == SPEC_CONFIG && spec_find(&s->text, all, "root", &at))
        s->root = at;
    if (s->kind == SPEC_CONFIG && spec_find(&s->text, all, "mounts", &at) &&
        !is_null(&s->text, at))
        s->mounts = at;
    if (s->kind == SPEC_CONFIG && !spec_find(&s->text, all, "process", &process))
        return 0;
    if (spec_find(&s->text, process, "args", &at) && !is_null(&s->text, at))
        s->args = at;
    return read_env(s, process, e);
}

int spec_read(struct spec *out, enum spec_kind kind, struct buf *text, struct err *e)
{
    cleanup_spec struct spec s = {.kind = kind, .text = *text};
    *text = (struct buf)BUF_INIT;
    if (s.text.len > SPEC_SIZE_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "is longer than %u bytes",
                       SPEC_SIZE_MAX);
    size_t at = json_skip_space(buf_str(&s.text), s.text.len, 0);
    struct span all = {.start = at};
    int r = json_check(buf_str(&s.text), s.text.len, &at, &spec_limits, e);
    r = r ?: json_check_end(s.text.data, s.text.len, at, e);
    all.end = at;
    r = r ?: read_parts(&s, all, e);
    if (r)
        return r;
    *out = s;
    s = (struct spec){0};
    return 0;
}

int spec_mounts(const struct spec *s, json_t **out, struct err *e)
{
    *out = NULL;
    if (!s->mounts.start)
        return 0;
    int r = spec_value(&s->text, s->mounts, out, e);
    return r ? err_wrap(e, r, "mounts") : 0;
}
