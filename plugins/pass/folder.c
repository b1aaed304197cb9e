/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/str.h"
#include "resolver/secret_id.h"

#define SUFFIX ".gpg"

int pass_folder_find(const char *configured, char **out, struct err *e)
{
    const char *folder = configured ? configured : getenv("PASSWORD_STORE_DIR");
    const char *home = getenv("HOME");
    if (str_is_empty(folder) && str_is_empty(home))
        return err_set(e, ERR_NOT_FOUND, "there is no home: set folder");
    *out = str_is_empty(folder) ? str_format("%s/.password-store", home)
                                : str_format("%s", folder);
    return *out ? 0 : err_no_memory(e);
}

/* ---- ids ---- */

int pass_id_check(const char *id, struct err *e)
{
    int r = secret_id_check(id, strlen(id), e);
    for (const char *at = id; !r && at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL)
        if (*at == '.' || *at == '-')
            r = err_set(e, ERR_INVALID_ARGUMENT,
                        "%s can't be an entry of a password store: a name in it begins "
                        "with '%c'",
                        id, *at);
    return r;
}

int pass_folder_has(const char *folder, const char *id, bool *out, struct err *e)
{
    struct stat st;
    cleanup_free char *path = str_format("%s/%s" SUFFIX, folder, id);
    if (!path)
        return err_no_memory(e);
    bool is_there = stat(path, &st) == 0;
    if (!is_there && errno != ENOENT && errno != ENOTDIR && errno != ENAMETOOLONG)
        return err_errno(e, errno, "look at %s", path);
    *out = is_there && S_ISREG(st.st_mode);
    return 0;
}

void pass_ids_deinit(struct pass_ids *ids)
{
    for (size_t i = 0; i < ids->n; i++)
        free(ids->list[i]);
    free(ids->list);
    *ids = (struct pass_ids){0};
}

static int add_id(struct pass_ids *ids, const char *id, size_t n, struct err *e)
{
    if (ids->n == ids->cap) {
        size_t cap = ids->cap ? 2 * ids->cap : 16;
        char **list = reallocarray(ids->list, cap, sizeof(*list));
        if (!list)
            return err_no_memory(e);
        ids->list = list;
        ids->cap = cap;
    }
    ids->list[ids->n] = mem_dup(id, n);
    return ids->list[ids->n] ? (ids->n++, 0) : err_no_memory(e);
}

/* ---- walking ---- */

struct walk {
    const char *folder;
    const struct pattern *pattern;
    struct pass_ids *ids;
    size_t n_seen;
};

static int walk_folder(struct walk *w, const char *below, unsigned depth, struct err *e);

static int take_file(struct walk *w, char *id, struct err *e)
{
    size_t n = strlen(id) - strlen(SUFFIX);
    id[n] = '\0';
    return pass_id_check(id, NULL) || !pattern_match(w->pattern, id)
               ? 0
               : add_id(w->ids, id, n, e);
}

/* `name` is what lies in the folder `below` ("" the store's own). */
static int take_entry(struct walk *w, const char *below, const char *name, unsigned depth,
                      struct err *e)
{
    struct stat st;
    if (*name == '.')
        return 0;
    if (++w->n_seen > PASS_ENTRIES_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "%s has more than %d entries",
                       w->folder, PASS_ENTRIES_MAX);
    cleanup_free char *id = str_format("%s%s%s", below, *below ? "/" : "", name);
    cleanup_free char *path = id ? str_format("%s/%s", w->folder, id) : NULL;
    if (!path)
        return err_no_memory(e);
    if (stat(path, &st))
        return 0; /* a link to nowhere, or removed meanwhile */
    if (S_ISDIR(st.st_mode))
        return walk_folder(w, id, depth + 1, e);
    return S_ISREG(st.st_mode) && str_ends_with(id, SUFFIX) ? take_file(w, id, e) : 0;
}

static int walk_folder(struct walk *w, const char *below, unsigned depth, struct err *e)
{
    cleanup_free char *path = str_format("%s/%s", w->folder, below);
    if (!path)
        return err_no_memory(e);
    if (depth > PASS_DEPTH_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "%s lies deeper than %d folders", path,
                       PASS_DEPTH_MAX);
    DIR *folder = opendir(path);
    if (!folder)
        return errno == ENOENT ? 0 : err_errno(e, errno, "open %s", path);
    const struct dirent *entry;
    int r = 0;
    while (!r && (errno = 0, entry = readdir(folder)))
        r = take_entry(w, below, entry->d_name, depth, e);
    if (!r && errno)
        r = err_errno(e, errno, "read %s", path);
    closedir(folder);
    return r;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One entry needs no walk. */
static int look_up(const char *folder, const char *id, struct pass_ids *ids,
                   struct err *e)
{
    bool is_there = false;
    int r = pass_id_check(id, NULL) ? 0 : pass_folder_has(folder, id, &is_there, e);
    return r || !is_there ? r : add_id(ids, id, strlen(id), e);
}

int pass_folder_list(const char *folder, const struct pattern *pattern,
                     struct pass_ids *out, struct err *e)
{
    cleanup_pass_ids struct pass_ids ids = {0};
    struct walk w = {folder, pattern, &ids, 0};
    int r = pattern_is_id(pattern) ? look_up(folder, pattern->text, &ids, e)
                                   : walk_folder(&w, "", 0, e);
    if (r)
        return r;
    if (ids.n)
        qsort(ids.list, ids.n, sizeof(*ids.list), compare);
    *out = ids;
    ids = (struct pass_ids){0};
    return 0;
}
