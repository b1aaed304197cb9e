/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A child commits and tells of each commit through a pipe when it is done; it is killed
 * after some of them. What it told must be there, and nothing half.
 *
 * Commit n creates secret n and removes secret n - WINDOW, so that at any time just the
 * last WINDOW ones exist.
 */
#include "sealed_fixture.h"

#include <signal.h>
#include <sys/wait.h>

#define WINDOW 5
#define ROUNDS 25

/* Enough that the log is written back to the database in between, too. */
#define MOST_ACKS 300

static void id_of(unsigned n, char out[16])
{
    snprintf(out, 16, "n%06u", n);
}

static int commit_nth(struct sealed_fixture *f, unsigned n)
{
    char id[16];
    struct store_tx *tx = begin(f);
    id_of(n, id);
    assert_int_equal(store_tx_create(tx, new_secret(f, id, CANARY), NULL), 0);
    if (n > WINDOW) {
        id_of(n - WINDOW, id);
        assert_int_equal(store_tx_remove(tx, OBJECT_SECRET, id, NULL), 0);
    }
    return commit(f, tx);
}

/* Never returns: it is killed. */
static void run_child(struct sealed_fixture *f, unsigned n, int acks)
{
    int r = reload(f);
    if (r != 0 && r != ERR_NOT_FOUND)
        _exit(1);
    for (;;) {
        n++;
        if (commit_nth(f, n))
            _exit(2);
        if (write(acks, &n, sizeof(n)) != sizeof(n))
            _exit(3);
    }
}

/* The last commit that the child told of, after it was killed behind `count` of them. */
static unsigned kill_child(struct sealed_fixture *f, unsigned n, int count)
{
    int fds[2], status;
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(fds[0]);
        run_child(f, n, fds[1]);
    }
    close(fds[1]);
    while (count-- > 0)
        assert_int_equal(read(fds[0], &n, sizeof(n)), sizeof(n));
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    while (read(fds[0], &n, sizeof(n)) == sizeof(n))
        ;
    close(fds[0]);
    return n;
}

/* The number of the last commit that is there. */
static unsigned check_store(struct sealed_fixture *f)
{
    int r = reload(f);
    if (r == ERR_NOT_FOUND)
        return 0;
    assert_int_equal(r, 0);
    unsigned last = (unsigned)store_version(store_view(f->store));
    unsigned first = last > WINDOW ? last - WINDOW + 1 : 1;
    assert_int_equal(secrets(f), last - first + 1);
    for (unsigned n = first; n <= last; n++) {
        char id[16];
        id_of(n, id);
        assert_non_null(store_get(store_view(f->store), OBJECT_SECRET, id));
    }
    return last;
}

static void nothing_that_was_acknowledged_is_lost(void **state)
{
    struct sealed_fixture *f = *state;
    sealed_close(TAKE(f->sealed));
    unsigned n = 0;
    for (int round = 0; round < ROUNDS; round++) {
        unsigned acknowledged = kill_child(f, n, round * 37 % MOST_ACKS);
        n = check_store(f);
        assert_in_range(n, acknowledged, acknowledged + 1);
        sealed_close(TAKE(f->sealed));
    }
    assert_true(n > ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_that_was_acknowledged_is_lost,
                                        sealed_fixture_setup, sealed_fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
