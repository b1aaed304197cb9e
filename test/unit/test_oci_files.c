/* SPDX-License-Identifier: Apache-2.0 */
/* Whose files are they, what becomes of them when a value is missing, and the child that
 * is waited for. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "oci/child.h"
#include "oci/files.h"
#include "oci/stand_in.h"

/* ---- whose ---- */

static int owner_of(const char *text, struct files_owner *out)
{
    cleanup_buf struct buf b = BUF_INIT;
    cleanup_spec struct spec s = {0};
    assert_int_equal(buf_append_str(&b, text), 0);
    assert_int_equal(spec_read(&s, SPEC_CONFIG, &b, NULL), 0);
    return files_owner_of(&s, out, NULL);
}

static void root_of_the_container_owns_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uid_t uid;
        gid_t gid;
    } cases[] = {
        {"{}", 0, 0},
        {"{\"linux\":{}}", 0, 0},
        {"{\"linux\":{\"uidMappings\":[{\"containerID\":1,\"hostID\":5,\"size\":1},"
         "{\"containerID\":0,\"hostID\":100000,\"size\":65536}],"
         "\"gidMappings\":[{\"containerID\":0,\"hostID\":200000,\"size\":1}]}}",
         100000, 200000},
    };
    static const char *const bad[] = {
        "{\"linux\":{\"uidMappings\":[7]}}",
        "{\"linux\":{\"uidMappings\":[{\"containerID\":0,\"hostID\":-1}]}}",
        "{\"linux\":{\"gidMappings\":[{\"containerID\":0,\"hostID\":4294967295}]}}",
    };
    struct files_owner owner;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(owner_of(cases[i].text, &owner), 0);
        assert_int_equal(owner.uid, cases[i].uid);
        assert_int_equal(owner.gid, cases[i].gid);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_not_equal(owner_of(bad[i], &owner), 0);
}

/* ---- writing, removing ---- */

static int knows_nothing(void *user, const char *pattern, struct secret_envelopes *out,
                         struct err *e)
{
    (void)user;
    (void)pattern;
    (void)out;
    return err_set(e, ERR_NOT_FOUND, "secret not found");
}

static void nothing_is_written_without_every_value(void **state)
{
    (void)state;
    static struct mounts m;
    char reference[] = "se://a", target[] = "/run/secrets/a";
    const struct record_file file = {reference, target};
    const struct files_owner owner = {0, 0};
    const struct secret_source source = {.get = knows_nothing};
    struct secret_files out = {0};
    struct err e = {0};
    m = (struct mounts){.n = 1, .items = {{0, &file}}};
    assert_int_equal(files_write("/nosuch/folder", "abc", &m, &owner, &source, &out, &e),
                     ERR_NOT_FOUND);
    assert_string_equal(e.text, "resolving /run/secrets/a: secret not found: se://a");
    assert_int_equal(access("/nosuch", F_OK), -1);
}

static void only_a_containers_own_folder_is_removed(void **state)
{
    (void)state;
    char folder[] = "/tmp/coffer-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    cleanup_free char *own = str_format("%s/abc", folder);
    cleanup_free char *file = str_format("%s/abc/secrets", folder);
    assert_int_equal(mkdir(own, 0700), 0);
    close(open(file, O_CREAT | O_WRONLY, 0444));
    assert_true(files_are_there(folder, "abc"));
    assert_false(files_are_there(folder, "abd"));
    assert_false(files_are_there(folder, "../abc"));
    assert_int_equal(files_remove(folder, "..", NULL), 0);
    assert_int_equal(files_remove(folder, ".", NULL), 0);
    assert_true(files_are_there(folder, "abc"));
    assert_int_equal(files_remove(folder, "abc", NULL), 0);
    assert_int_equal(files_remove(folder, "abc", NULL), 0);
    assert_false(files_are_there(folder, "abc"));
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(files_remove(folder, "abc", NULL), 0);
}

static void a_stand_in_is_made_once(void **state)
{
    (void)state;
    char folder[] = "/tmp/coffer-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    cleanup_free char *records = str_format("%s/records", folder);
    cleanup_free char *link = str_format("%s/link", folder), *made = NULL, *again = NULL,
                      *seen = NULL;
    struct stat st;
    assert_int_equal(stand_in_make(records, &made, NULL), 0);
    assert_int_equal(stand_in_make(records, &again, NULL), 0);
    assert_string_equal(made, again);
    assert_int_equal(stat(made, &st), 0);
    assert_int_equal(st.st_size, 0);
    assert_false(record_id_is_valid(strrchr(made, '/') + 1));
    assert_int_equal(symlink(records, link), 0);
    assert_int_equal(stand_in_path(link, &seen, NULL), 0);
    assert_string_equal(seen, made);
    unlink(made);
    unlink(link);
    rmdir(records);
    assert_int_equal(rmdir(folder), 0);
}

/* ---- the child ---- */

static int run(const char *script, int *status)
{
    char sh[] = "sh", option[] = "-c";
    cleanup_free char *text = mem_dup(script, strlen(script));
    char *const words[] = {sh, option, text, NULL};
    return child_run("/bin/sh", words, status, NULL);
}

static void the_childs_status_is_ours(void **state)
{
    (void)state;
    char x[] = "x";
    char *const words[] = {x, NULL};
    int status = -1;
    assert_int_equal(run("exit 0", &status), 0);
    assert_int_equal(status, 0);
    assert_int_equal(run("exit 7", &status), 0);
    assert_int_equal(status, 7);
    assert_int_equal(run("kill -9 $$", &status), 0);
    assert_int_equal(status, 128 + SIGKILL);
    assert_int_equal(child_run("/nosuch", words, &status, NULL), 0);
    assert_int_equal(status, 127);
}

static void a_signal_for_us_is_the_childs(void **state)
{
    (void)state;
    int status = -1;
    assert_int_equal(
        run("trap 'exit 9' TERM; kill -TERM $PPID; while :; do :; done", &status), 0);
    assert_int_equal(status, 9);
}

/* What a shell does with a job: it is told that it has stopped, and continues all of it.
 */
static void a_child_that_stops_stops_us_too(void **state)
{
    (void)state;
    int how, status = -1;
    pid_t job = fork();
    if (job == 0) {
        setpgid(0, 0);
        _exit(run("kill -TSTP $$; exit 9", &status) ? 1 : status);
    }
    assert_int_equal(waitpid(job, &how, WUNTRACED), job);
    assert_true(WIFSTOPPED(how));
    assert_int_equal(WSTOPSIG(how), SIGTSTP);
    assert_int_equal(kill(-job, SIGCONT), 0);
    assert_int_equal(waitpid(job, &how, 0), job);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), 9);
}

/* The kernel tells nobody of a child's end then, unless told to. */
static void a_caller_that_ignores_the_ends_of_children_is_no_hindrance(void **state)
{
    (void)state;
    int status = -1;
    void (*before)(int) = signal(SIGCHLD, SIG_IGN);
    int r = run("exit 7", &status);
    assert_true(signal(SIGCHLD, before) == SIG_IGN);
    assert_int_equal(r, 0);
    assert_int_equal(status, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(root_of_the_container_owns_them),
        cmocka_unit_test(nothing_is_written_without_every_value),
        cmocka_unit_test(only_a_containers_own_folder_is_removed),
        cmocka_unit_test(a_stand_in_is_made_once),
        cmocka_unit_test(the_childs_status_is_ours),
        cmocka_unit_test(a_signal_for_us_is_the_childs),
        cmocka_unit_test(a_child_that_stops_stops_us_too),
        cmocka_unit_test(a_caller_that_ignores_the_ends_of_children_is_no_hindrance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
