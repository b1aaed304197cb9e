/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "oci/record_private.h"

void record_given_deinit(struct record *r)
{
    for (size_t i = 0; i < r->given.len; i++)
        free(r->given.entries[i].value);
    map_deinit(&r->given);
}

int record_add_given(struct record *r, const char *reference, const char *path,
                     struct err *e)
{
    void *old = NULL;
    if (r->given.len == RECORD_KEYS_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "more than %d references to secrets of the swarm",
                       RECORD_KEYS_MAX);
    cleanup_free char *copy = mem_dup(path, strlen(path));
    if (!copy || map_put(&r->given, reference, copy, &old))
        return err_no_memory(e);
    free(old);
    copy = NULL;
    return 0;
}

const char *record_given_path(const struct record *r, const char *reference)
{
    return map_get(&r->given, reference);
}

int record_given_read(struct record *r, json_t *object, struct err *e)
{
    int code = 0;
    for (void *at = json_object_iter(object); at && !code;
         at = json_object_iter_next(object, at)) {
        const char *path = json_string_value(json_object_iter_value(at));
        code = path && *path == '/'
                   ? record_add_given(r, json_object_iter_key(at), path, e)
                   : err_set(e, ERR_DATA_LOSS, "what is given must be paths");
    }
    return code;
}

int record_given_write(const struct record *r, json_t *record)
{
    json_t *object = json_object();
    int failed = json_object_set_new(record, "given", object);
    for (size_t i = 0; i < r->given.len && !failed; i++)
        failed = json_object_set_new(object, r->given.entries[i].key,
                                     json_string(r->given.entries[i].value));
    return failed;
}
