/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths to be bound, seen by an engine with a root of its own: a process of ours that has
 * changed its root to a folder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macro.h"
#include "base/str.h"
#include "engine/docker_create.h"

struct fixture {
    char folder[64];
    pid_t pid; /* 0: this machine doesn't let us */
    int hold;  /* its end ends the process */
};

/* The end of the process that the root belongs to; it tells that it has changed it. */
static void live_below(const char *folder, int ready, int hold)
{
    char byte;
    bool is_done =
        chroot(folder) == 0 || (unshare(CLONE_NEWUSER) == 0 && chroot(folder) == 0);
    ssize_t n = write(ready, is_done ? "y" : "n", 1);
    while (n > 0)
        n = read(hold, &byte, 1);
    _exit(0);
}

static void start_below(struct fixture *f)
{
    int ready[2], hold[2];
    char answer = 'n';
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
    f->pid = fork();
    assert_true(f->pid >= 0);
    if (!f->pid) {
        close(hold[1]);
        live_below(f->folder, ready[1], hold[0]);
    }
    close(ready[1]);
    close(hold[0]);
    assert_int_equal(read(ready[0], &answer, 1), 1);
    close(ready[0]);
    f->hold = hold[1];
    if (answer == 'y')
        return;
    close(f->hold);
    waitpid(f->pid, NULL, 0);
    f->pid = 0;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    strcpy_cut(f->folder, sizeof(f->folder), "/tmp/engine-binds-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    int fd = open(f->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mkdirat(fd, "there", 0755), 0);
    assert_int_equal(symlinkat("/there", fd, "inside"), 0);
    assert_int_equal(symlinkat(f->folder, fd, "outside"), 0);
    assert_int_equal(symlinkat("../../../there", fd, "up"), 0);
    close(fd);
    start_below(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    static const char *const links[] = {"inside", "outside", "up"};
    struct fixture *f = *state;
    if (f->pid) {
        close(f->hold);
        waitpid(f->pid, NULL, 0);
    }
    int fd = open(f->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < ARRAY_SIZE(links); i++)
        assert_int_equal(unlinkat(fd, links[i], 0), 0);
    assert_int_equal(unlinkat(fd, "there", AT_REMOVEDIR), 0);
    close(fd);
    assert_int_equal(rmdir(f->folder), 0);
    free(f);
    return 0;
}

static int check(pid_t pid, const char *path)
{
    Swarm__Task task = SWARM__TASK__INIT;
    Swarm__TaskSpec spec = SWARM__TASK_SPEC__INIT;
    Swarm__ContainerSpec container = SWARM__CONTAINER_SPEC__INIT;
    Swarm__Mount mount = SWARM__MOUNT__INIT, *mounts[] = {&mount};
    char source[128];
    strcpy_cut(source, sizeof(source), path);
    mount.source = source;
    container.n_mounts = 1;
    container.mounts = mounts;
    spec.runtime_case = SWARM__TASK_SPEC__RUNTIME_CONTAINER;
    spec.container = &container;
    task.spec = &spec;
    const struct engine_container c = {.name = "c", .task = &task};
    return docker_check_binds(&c, DOCKER_PODMAN, pid, NULL);
}

static void paths_are_looked_for_in_the_engines_root(void **state)
{
    struct fixture *f = *state;
    if (!f->pid)
        skip();
    assert_int_equal(check(f->pid, "/there"), 0);
    assert_int_equal(check(f->pid, "/"), 0);
    assert_int_equal(check(f->pid, "/missing"), ERR_INVALID_ARGUMENT);
    assert_int_equal(check(f->pid, f->folder), ERR_INVALID_ARGUMENT);
}

static void absolute_links_are_resolved_there_too(void **state)
{
    struct fixture *f = *state;
    if (!f->pid)
        skip();
    assert_int_equal(check(f->pid, "/inside"), 0);
    assert_int_equal(check(f->pid, "/up"), 0);
    assert_int_equal(check(f->pid, "/outside"), ERR_INVALID_ARGUMENT);
}

static void an_engine_that_is_not_known_has_our_root(void **state)
{
    struct fixture *f = *state;
    char path[96];
    assert_int_equal(check(0, f->folder), 0);
    snprintf(path, sizeof(path), "%s/outside", f->folder);
    assert_int_equal(check(0, path), 0);
    snprintf(path, sizeof(path), "%s/inside", f->folder);
    assert_int_equal(check(0, path), ERR_INVALID_ARGUMENT);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(paths_are_looked_for_in_the_engines_root),
        TEST(absolute_links_are_resolved_there_too),
        TEST(an_engine_that_is_not_known_has_our_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
