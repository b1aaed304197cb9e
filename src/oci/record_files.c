/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "oci/record_private.h"

void record_files_deinit(struct record *r)
{
    for (size_t i = 0; i < r->n_files; i++) {
        free(r->files[i].reference);
        free(r->files[i].target);
    }
    free(r->files);
    r->files = NULL;
    r->n_files = 0;
}

int record_add_file(struct record *r, const char *reference, const char *target,
                    struct err *e)
{
    if (r->n_files == RECORD_FILES_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "more than %d files of secrets",
                       RECORD_FILES_MAX);
    cleanup_free char *from = mem_dup(reference, strlen(reference));
    cleanup_free char *to = mem_dup(target, strlen(target));
    struct record_file *longer =
        from && to ? reallocarray(r->files, r->n_files + 1, sizeof(*longer)) : NULL;
    if (!longer)
        return err_no_memory(e);
    r->files = longer;
    longer[r->n_files++] = (struct record_file){TAKE(from), TAKE(to)};
    return 0;
}

int record_files_read(struct record *r, const json_t *list, struct err *e)
{
    int code = 0;
    for (size_t i = 0; i < json_array_size(list) && !code; i++) {
        const json_t *one = json_array_get(list, i);
        const char *reference = json_string_value(json_object_get(one, "reference"));
        const char *target = json_string_value(json_object_get(one, "target"));
        code = reference && target && *target == '/'
                   ? record_add_file(r, reference, target, e)
                   : err_set(e, ERR_DATA_LOSS, "files must be references and targets");
    }
    return code;
}

int record_files_write(const struct record *r, json_t *record)
{
    json_t *list = json_array();
    int failed = json_object_set_new(record, "files", list);
    for (size_t i = 0; i < r->n_files && !failed; i++)
        failed = json_array_append_new(list, json_pack("{s:s, s:s}", "reference",
                                                       r->files[i].reference, "target",
                                                       r->files[i].target));
    return failed;
}
