/* SPDX-License-Identifier: Apache-2.0 */
#include "grant/askers.h"

#include <errno.h>

#include "base/mem.h"

static void forget_names(struct asker *asker)
{
    grantee_deinit(&asker->who);
    asker->has_names = false;
}

void askers_deinit(struct askers *a)
{
    for (size_t i = 0; i < a->n; i++)
        forget_names(&a->all[i]);
    a->n = 0;
}

static struct asker *find_known(struct askers *a, uid_t uid)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->all[i].who.uid == uid)
            return &a->all[i];
    return NULL;
}

static struct asker *make_room(struct askers *a)
{
    if (a->n < GRANT_ASKERS_MAX)
        return &a->all[a->n++];
    struct asker *oldest = &a->all[0];
    for (size_t i = 1; i < a->n; i++)
        if (a->all[i].asked < oldest->asked)
            oldest = &a->all[i];
    forget_names(oldest);
    return oldest;
}

/* ---- names ---- */

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool is_unchanged(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           is_same_time(&a->st_mtim, &b->st_mtim) &&
           is_same_time(&a->st_ctim, &b->st_ctim);
}

/* A change after this look is seen by the next one, whichever of both was read. */
static int look_for_change(struct askers *a, struct err *e)
{
    struct stat now;
    if (stat(a->passwd, &now))
        return err_errno(e, errno, "look at %s", a->passwd);
    if (is_unchanged(&now, &a->seen))
        return 0;
    for (size_t i = 0; i < a->n; i++)
        forget_names(&a->all[i]);
    a->seen = now;
    return 0;
}

static int read_names(const char *path, struct asker *asker, struct err *e)
{
    FILE *passwd = fopen(path, "re");
    if (!passwd)
        return err_errno(e, errno, "open %s", path);
    int r = grantee_find(passwd, asker->who.uid, &asker->who, e);
    (void)fclose(passwd);
    asker->has_names = !r;
    return r;
}

int askers_find(struct askers *a, uid_t uid, int64_t now, struct asker **out,
                struct err *e)
{
    int r = look_for_change(a, e);
    if (r)
        return r;
    struct asker *asker = find_known(a, uid);
    if (!asker) {
        asker = make_room(a);
        *asker = (struct asker){.who = {.uid = uid, .names = BUF_INIT}};
    }
    asker->asked = now;
    r = asker->has_names ? 0 : read_names(a->passwd, asker, e);
    if (!r)
        *out = asker;
    return r;
}

/* ---- walks ---- */

int asker_count_walk(struct asker *asker, int64_t now, struct err *e)
{
    if (asker->who.uid == 0)
        return 0;
    if (now - asker->began >= GRANT_WALKS_TIME) {
        asker->began = now;
        asker->walks = 0;
    }
    if (asker->walks >= GRANT_WALKS_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED,
                       "more than %d patterns in a second: ask for ids, or later",
                       GRANT_WALKS_MAX);
    asker->walks++;
    return 0;
}
