/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of users who ask for secrets of the swarm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "fault_malloc.h"
#include "grant/askers.h"

struct fixture {
    char folder[64], path[96];
    struct askers askers;
};

/* As programs that change the list do: another file takes its place. */
static void write_list(struct fixture *f, const char *text)
{
    char next[128];
    snprintf(next, sizeof(next), "%s+", f->path);
    FILE *file = fopen(next, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(next, f->path), 0);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    strcpy_cut(f->folder, sizeof(f->folder), "/tmp/askers-test-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof(f->path), "%s/passwd", f->folder);
    write_list(f, "alice:x:1000:1000::/:/bin/sh\n");
    f->askers.passwd = f->path;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    askers_deinit(&f->askers);
    (void)unlink(f->path);
    assert_int_equal(rmdir(f->folder), 0);
    free(f);
    return 0;
}

static struct asker *find(struct fixture *f, uid_t uid, int64_t now)
{
    struct asker *asker = NULL;
    assert_int_equal(askers_find(&f->askers, uid, now, &asker, NULL), 0);
    assert_int_equal(asker->who.uid, uid);
    return asker;
}

static int find_alice(void *user)
{
    struct fixture *f = user;
    struct asker *asker;
    struct err e;
    int r = askers_find(&f->askers, 1000, 1, &asker, &e);
    if (!r)
        assert_true(label_grants("alice", &asker->who));
    return r;
}

static void names_are_read_once(void **state)
{
    assert_true(fault_malloc_each(find_alice, *state) > 0);
    assert_int_equal(fault_malloc_each(find_alice, *state), 0);
}

static void a_changed_list_is_read_anew(void **state)
{
    struct fixture *f = *state;
    assert_true(label_grants("alice", &find(f, 1000, 1)->who));
    write_list(f, "bobby:x:1000:1000::/:/bin/sh\n");
    assert_false(label_grants("alice", &find(f, 1000, 2)->who));
    assert_true(label_grants("bobby", &find(f, 1000, 3)->who));
}

static void without_a_list_nobody_is_known(void **state)
{
    struct fixture *f = *state;
    struct asker *asker;
    struct err e = {0};
    find(f, 1000, 1);
    assert_int_equal(unlink(f->path), 0);
    assert_int_not_equal(askers_find(&f->askers, 1000, 2, &asker, &e), 0);
    assert_non_null(strstr(e.text, f->path));
}

static void who_asked_longest_ago_is_forgotten(void **state)
{
    struct fixture *f = *state;
    for (uid_t i = 0; i < GRANT_ASKERS_MAX; i++)
        find(f, 1000 + i, i);
    find(f, 1000, GRANT_ASKERS_MAX);
    find(f, 1, GRANT_ASKERS_MAX + 1);
    assert_int_equal(f->askers.n, GRANT_ASKERS_MAX);
    assert_int_equal(f->askers.all[0].who.uid, 1000);
    assert_int_equal(f->askers.all[1].who.uid, 1);
    assert_true(label_grants("alice", &find(f, 1000, 100)->who));
}

static void walks_are_counted_by_user_and_time(void **state)
{
    const int64_t now = 5 * CLOCK_HOUR;
    struct fixture *f = *state;
    struct err e = {0};
    for (int i = 0; i < GRANT_WALKS_MAX; i++)
        assert_int_equal(asker_count_walk(find(f, 1000, now), now, NULL), 0);
    assert_int_equal(asker_count_walk(find(f, 1000, now), now, &e),
                     ERR_RESOURCE_EXHAUSTED);
    assert_int_equal(asker_count_walk(find(f, 1001, now), now, NULL), 0);
    assert_int_equal(
        asker_count_walk(find(f, 1000, now), now + GRANT_WALKS_TIME - 1, NULL),
        ERR_RESOURCE_EXHAUSTED);
    assert_int_equal(asker_count_walk(find(f, 1000, now), now + GRANT_WALKS_TIME, NULL),
                     0);
    for (int i = 0; i <= GRANT_WALKS_MAX; i++)
        assert_int_equal(asker_count_walk(find(f, 0, now), now, NULL), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(names_are_read_once),
        TEST(a_changed_list_is_read_anew),
        TEST(without_a_list_nobody_is_known),
        TEST(who_asked_longest_ago_is_forgotten),
        TEST(walks_are_counted_by_user_and_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
