/* SPDX-License-Identifier: Apache-2.0 */
#include "api/records.h"

#include <dirent.h>
#include <stdlib.h>

#include "api/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/str.h"
#include "oci/record.h"

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

static int list_records(struct sweep *s)
{
    DIR *folder = opendir(s->api->references);
    int r = 0;
    if (!folder)
        return 0;
    for (struct dirent *entry; !r && (entry = readdir(folder));)
        if (record_id_is_valid(entry->d_name))
            r = map_put(&s->records, entry->d_name, s, NULL);
    closedir(folder);
    return r;
}

static void remove_records(struct sweep *s)
{
    struct err e = {0};
    for (size_t i = 0; i < s->records.len; i++)
        if (record_remove(s->api->references, s->records.entries[i].key, &e))
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
        remove_records(s);
    }
    sweep_free(s);
}

void api_records_sweep(struct api *a)
{
    static const struct http_request request = {
        .method = "GET", .target = "/containers/json?all=1", .timeout = LIST_TIMEOUT};
    if (a->n_recorded++ % API_RECORDS_BETWEEN)
        return;
    struct sweep *s = calloc(1, sizeof(*s));
    if (!s)
        return;
    s->api = a;
    if (list_records(s) || !s->records.len ||
        http_client_fetch(a->client, &request, LIST_ANSWER_MAX, on_listed, s, NULL, NULL))
        sweep_free(s);
}
