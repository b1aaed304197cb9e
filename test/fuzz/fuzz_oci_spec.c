/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json and process.json: what can be rewritten is readable again, with the two
 * arguments at the front and the same environment; nothing is resolved from what can't.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "oci/files.h"
#include "oci/references.h"
#include "oci/spec.h"
#include "json/json.h"

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void find(const json_t *env)
{
    static struct references refs;
    const struct fallback all = {.for_all = true};
    if (!references_find(&refs, env, &all, NULL))
        must(refs.n_named <= refs.n && refs.n <= json_array_size(env));
    references_deinit(&refs);
}

static void look_at_mounts(const struct spec *s)
{
    static struct mounts m;
    char reference[] = "se://a", target[] = "/run/secrets/a";
    struct record_file file = {reference, target};
    const struct record record = {.files = &file, .n_files = 1};
    cleanup_json json_t *list = NULL;
    struct files_owner owner;
    if (!spec_mounts(s, &list, NULL) &&
        !mounts_find(list, "/refs/.file", &record, &m, NULL))
        must(m.n <= json_array_size(list));
    if (s->kind == SPEC_CONFIG && !files_owner_of(s, &owner, NULL))
        must(owner.uid != UINT32_MAX && owner.gid != UINT32_MAX);
}

static int read_copy(struct spec *out, enum spec_kind kind, const void *data, size_t n)
{
    cleanup_buf struct buf text = BUF_INIT;
    must(!buf_append(&text, data, n));
    return spec_read(out, kind, &text, NULL);
}

static void check(enum spec_kind kind, const uint8_t *data, size_t n)
{
    static const char *const two[2] = {"/proc/self/fd/4", "3"};
    static const struct spec_changes changes = {.arguments = two, .bundle = "/bundle"};
    cleanup_spec struct spec s = {0}, again = {0};
    cleanup_buf struct buf out = BUF_INIT;
    if (read_copy(&s, kind, data, n))
        return;
    find(s.env);
    look_at_mounts(&s);
    if (spec_write(&s, &changes, &out, NULL))
        return;
    must(!read_copy(&again, kind, out.data, out.len));
    must(again.args.start && json_equal(s.env, again.env) == (s.env != NULL));
    must(!memcmp(out.data + again.args.start, "[\"/proc/self/fd/4\",\"3\",", 23));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    check(SPEC_CONFIG, data, n);
    check(SPEC_PROCESS, data, n);
    return 0;
}
