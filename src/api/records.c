/* SPDX-License-Identifier: Apache-2.0 */
#include "api/records.h"

#include <dirent.h>
#include <stdlib.h>

#include "api/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/str.h"
#include "oci/files.h"

/* An engine with ten thousands of containers. */
#define LIST_ANSWER_MAX (64 * 1024 * 1024)
#define LIST_TIMEOUT (60 * CLOCK_SECOND)

struct sweep {
    struct api *api;
    struct map records; /* that were there before the engine was asked */
};

static void sweep_free(struct sweep *s)
{
    map_deinit(&s->records);
    free(s);
}

static int list_names(struct sweep *s, const char *path)
{
    DIR *folder = path ? opendir(path) : NULL;
    int r = 0;
    if (!folder)
        return 0;
    for (struct dirent *entry; !r && (entry = readdir(folder));)
        if (record_id_is_valid(entry->d_name))
            r = map_put(&s->records, entry->d_name, s, NULL);
    closedir(folder);
    return r;
}

/* The record last: while it is there, the files are tried again. */
static int forget(const struct api *a, const char *id, struct err *e)
{
    int r = a->files ? files_remove(a->files, id, e) : 0;
    return r ?: record_remove(a->references, id, e);
}

static void forget_all(struct sweep *s)
{
    struct err e = {0};
    for (size_t i = 0; i < s->records.len; i++)
        if (forget(s->api, s->records.entries[i].key, &e))
            log_warn("%s", err_text(&e));
}

static void on_listed(struct http_response *r, int code, const struct err *e, void *user)
{
    struct sweep *s = user;
    cleanup_json json_t *all = NULL;
    (void)e;
    if (!code && r->head->status == 200 &&
        !json_read(buf_str(&r->body), r->body.len,
                   &(struct json_limits){LIST_ANSWER_MAX, 16 * 1024 * 1024, 32, true},
                   &all, NULL) &&
        json_is_array(all)) {
        for (size_t i = 0; i < json_array_size(all); i++) {
            const char *id =
                json_string_value(json_object_get(json_array_get(all, i), "Id"));
            if (id)
                map_remove(&s->records, id);
        }
        forget_all(s);
    }
    sweep_free(s);
}

void api_records_sweep_now(struct api *a)
{
    static const struct http_request request = {
        .method = "GET", .target = "/containers/json?all=1", .timeout = LIST_TIMEOUT};
    struct sweep *s = calloc(1, sizeof(*s));
    if (!s)
        return;
    s->api = a;
    if (list_names(s, a->references) || list_names(s, a->files) || !s->records.len ||
        http_client_fetch(a->client, &request, LIST_ANSWER_MAX, on_listed, s, NULL, NULL))
        sweep_free(s);
}

void api_records_sweep(struct api *a)
{
    if (a->n_recorded++ % API_RECORDS_BETWEEN == 0)
        api_records_sweep_now(a);
}
