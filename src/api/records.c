/* SPDX-License-Identifier: Apache-2.0 */
#include "api/records.h"

#include <dirent.h>
#include <stdlib.h>

#include "api/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/files.h"

/* An engine with ten thousands of containers. */
#define LIST_ANSWER_MAX (64 * 1024 * 1024)
#define LIST_TIMEOUT (60 * CLOCK_SECOND)

int api_records_id(const struct buf *answer, char **out, struct err *e)
{
    cleanup_json json_t *j = NULL;
    int r = api_json_parse(buf_str(answer), answer->len, &j, e);
    const char *id = json_string_value(json_object_get(j, "Id"));
    if (r)
        return r;
    if (!id)
        return err_set(e, ERR_BAD_MESSAGE, "the engine's answer has no container id");
    *out = mem_dup(id, strlen(id));
    return *out ? 0 : err_no_memory(e);
}

/* ---- removing ---- */

struct removal {
    struct api *api;
    struct map ids;
    struct work_turn turn;
    struct err why; /* the last that failed */
};

static void removal_free(struct removal *v)
{
    map_deinit(&v->ids);
    free(v);
}

/* The record last: while it is there, the files are tried again. */
static int forget(const struct api *a, const char *id, struct err *e)
{
    int r = a->files ? files_remove(a->files, id, e) : 0;
    return r ?: record_remove(a->references, id, e);
}

static void forget_all(struct work_turn *t)
{
    struct removal *v = CONTAINER_OF(t, struct removal, turn);
    for (size_t i = 0; i < v->ids.len; i++) {
        struct err why = {0};
        if (forget(v->api, v->ids.entries[i].key, &why))
            v->why = why;
    }
}

static void on_forgotten(struct work_turn *t)
{
    struct removal *v = CONTAINER_OF(t, struct removal, turn);
    if (v->why.code)
        log_warn("%s", err_text(&v->why));
    removal_free(v);
}

static void start(struct removal *v)
{
    work_queue_add(&v->api->records, &v->turn, forget_all, on_forgotten);
}

static struct removal *new_removal(struct api *a)
{
    struct removal *v = a->references ? calloc(1, sizeof(*v)) : NULL;
    if (v)
        v->api = a;
    return v;
}

void api_forget(struct api *a, const char *container)
{
    struct removal *v = record_id_is_valid(container) ? new_removal(a) : NULL;
    if (v && !map_put(&v->ids, container, v, NULL))
        start(v);
    else if (v)
        removal_free(v);
}

/* ---- all that are gone ---- */

#define TEMPORARY ".tmp" /* what a crash leaves of a record's writing */

/* Those that were there before the engine is asked. */
static int add_name(struct removal *v, const char *name)
{
    char id[CONTAINER_ID_MAX + sizeof(TEMPORARY)];
    size_t n = strlen(name), tail = strlen(TEMPORARY);
    if (n >= sizeof(id))
        return 0;
    n -= str_ends_with(name, TEMPORARY) ? tail : 0;
    memcpy(id, name, n);
    id[n] = '\0';
    return record_id_is_valid(id) ? map_put(&v->ids, id, v, NULL) : 0;
}

static int list_names(struct removal *v, const char *path)
{
    DIR *folder = path ? opendir(path) : NULL;
    int r = 0;
    if (!folder)
        return 0;
    for (struct dirent *entry; !r && (entry = readdir(folder));)
        r = add_name(v, entry->d_name);
    closedir(folder);
    return r;
}

static int keep_those_of(struct removal *v, const struct buf *list)
{
    static const struct json_limits limits = {LIST_ANSWER_MAX, 16 * 1024 * 1024, 32,
                                              true};
    cleanup_json json_t *all = NULL;
    if (json_read(buf_str(list), list->len, &limits, &all, NULL) || !json_is_array(all))
        return ERR_BAD_MESSAGE;
    for (size_t i = 0; i < json_array_size(all); i++) {
        const char *id = json_string_value(json_object_get(json_array_get(all, i), "Id"));
        if (id)
            map_remove(&v->ids, id);
    }
    return 0;
}

static void on_listed(struct http_response *r, int code, const struct err *e, void *user)
{
    struct removal *v = user;
    (void)e;
    if (code || r->head->status != 200 || keep_those_of(v, &r->body))
        removal_free(v);
    else
        start(v);
}

void api_sweep(struct api *a)
{
    static const struct http_request request = {
        .method = "GET", .target = "/containers/json?all=1", .timeout = LIST_TIMEOUT};
    struct removal *v = new_removal(a);
    if (!v)
        return;
    if (list_names(v, a->references) || list_names(v, a->files) || !v->ids.len ||
        http_client_fetch(a->client, &request, LIST_ANSWER_MAX, on_listed, v, NULL, NULL))
        removal_free(v);
}
