/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/block_write.h"
#include "oci/references.h"
#include "resolver/choice.h"
#include "resolver/reference.h"

/* The words of an error that isn't about the secret alone. */
static int explain(const struct variable *v, int r, struct err *e)
{
    return v->reference ? err_wrap(e, r, "resolving %s: %s", v->name, v->reference)
                        : err_wrap(e, r, "resolving %s", v->name);
}

static int ask(const struct variable *v, const struct secret_source *source,
               struct secret_envelopes *found, struct err *e)
{
    cleanup_pattern struct pattern p = PATTERN_INIT;
    int r = v->reference ? reference_parse(v->reference, REFERENCE_PATTERN, &p, e)
                         : pattern_parse(&p, v->name, strlen(v->name), e);
    if (r)
        return explain(v, r, e);
    r = source->get(source->user, p.text, found, e);
    return r && r != ERR_NOT_FOUND ? explain(v, r, e) : r;
}

static int read_value(const struct variable *v, struct buf *value, struct err *e)
{
    int r = file_read(v->path, SECRET_VALUE_MAX, value, e);
    if (r == ERR_NOT_FOUND)
        err_set(e, r, "the task that it was given to is over");
    return r ? explain(v, r, e) : 0;
}

int references_value(const struct variable *v, const struct secret_source *source,
                     struct buf *value, struct err *e)
{
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    const struct secret_envelope *one;
    const char *reference = v->reference ? v->reference : v->name;
    if (v->path)
        return read_value(v, value, e);
    int r = ask(v, source, &found, e);
    if (r && r != ERR_NOT_FOUND)
        return r;
    r = choice_make(&found, CHOICE_ONLY, v->name, reference, &one, e);
    if (r)
        return r;
    return buf_append(value, one->value.data, one->value.len) ? err_no_memory(e) : 0;
}

static int resolve(const struct variable *v, const struct secret_source *source,
                   struct buf *block, struct err *e)
{
    cleanup_buf struct buf value = BUF_INIT;
    int r = references_value(v, source, &value, e);
    if (r)
        return r;
    r = block_append(block, v->name, value.data, value.len, e);
    return r ? explain(v, r, e) : 0;
}

/* Nobody is asked again after having been out of reach, or too slow, once. */
static int resolve_fallback(const struct variable *v, const struct secret_source *source,
                            struct buf *block, bool *is_there, struct err *e)
{
    struct err why = {0};
    int r = *is_there ? resolve(v, source, block, &why) : 0;
    if (r == ERR_NO_MEMORY)
        return err_no_memory(e);
    if (r && r != ERR_NOT_FOUND)
        source->warn(source->user, v->name, &why);
    *is_there = *is_there && r != ERR_UNAVAILABLE && r != ERR_DEADLINE_EXCEEDED;
    return 0;
}

int references_resolve(const struct references *refs, const struct secret_source *source,
                       struct buf *block, struct err *e)
{
    bool is_there = true;
    int r = 0;
    for (size_t i = 0; i < refs->n && !r; i++) {
        const struct variable *v = &refs->items[i];
        r = v->reference ? resolve(v, source, block, e)
                         : resolve_fallback(v, source, block, &is_there, e);
    }
    return r;
}
