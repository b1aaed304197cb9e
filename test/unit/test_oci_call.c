/* SPDX-License-Identifier: Apache-2.0 */
/* From a command line and a bundle to the real runtime's command line and descriptors. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "oci/block_write.h"
#include "oci/bundle.h"
#include "oci/call.h"
#include "oci/report.h"

struct fixture {
    char folder[64];
    char config[96], log[96];
    char *argv[8]; /* what arguments lends */
    struct settings settings;
    struct arguments arguments;
    struct call call;
    struct err e;
};

#define CONFIG                                                                           \
    "{\"process\":{\"args\":[\"sh\"],\"env\":[\"A=se://a\",\"KEY=\"]},"                  \
    "\"root\":{\"path\":\"rootfs\"}}"

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    strcpy_cut(f->folder, sizeof(f->folder), "/tmp/coffer-test-XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    snprintf(f->config, sizeof(f->config), "%s/config.json", f->folder);
    snprintf(f->log, sizeof(f->log), "%s/log", f->folder);
    f->settings.references = str_format("%s/records", f->folder);
    *state = f;
    return file_replace(f->config, 0600, CONFIG, strlen(CONFIG), NULL);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    cleanup_free char *command = str_format("rm -r %s", f->folder);
    int r = system(command);
    call_deinit(&f->call);
    arguments_deinit(&f->arguments);
    settings_deinit(&f->settings);
    free(f);
    return r;
}

static int start(struct fixture *f, int argc, char **argv)
{
    assert_int_equal(arguments_parse(&f->arguments, argc, argv, &f->e), 0);
    return call_read(&f->call, &f->arguments, &f->settings, &f->e);
}

static int create_as(struct fixture *f, char *id)
{
    static char rt[] = "rt", verb[] = "create", option[] = "--preserve-fds", fds[] = "40",
                bundle[] = "-b";
    char *argv[] = {rt, verb, option, fds, bundle, f->folder, id};
    memcpy(f->argv, argv, sizeof(argv));
    return start(f, ARRAY_SIZE(argv), f->argv);
}

static int create(struct fixture *f)
{
    static char id[] = "container";
    return create_as(f, id);
}

static void nobody_is_asked_unless_somebody_is_named(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(create(f), ERR_FAILED_PRECONDITION);
    assert_non_null(strstr(f->e.text, "resolving A: se://a: "));
}

static void an_id_that_has_no_record_lets_nothing_pass(void **state)
{
    struct fixture *f = *state;
    static char id[] = "a:b";
    assert_int_equal(create_as(f, id), ERR_FAILED_PRECONDITION);
}

static void mounts_that_are_none_of_ours_are_the_runtimes_affair(void **state)
{
    struct fixture *f = *state;
    static const char text[] = "{\"process\":{\"args\":[\"sh\"],\"env\":[]},\"mounts\":"
                               "[{\"destination\":\"tmp\",\"source\":\"x\"},7]}";
    assert_int_equal(file_replace(f->config, 0600, text, strlen(text), NULL), 0);
    assert_int_equal(create(f), 0);
    assert_int_equal(f->call.mounts.n, 0);
}

/* Others can write to the folder: it is not trusted. */
static void what_is_wrong_with_the_records_stops_no_other_container(void **state)
{
    struct fixture *f = *state;
    static const char text[] = "{\"process\":{\"args\":[\"sh\"],\"env\":[\"A=1\",\"B\"]},"
                               "\"mounts\":[{\"destination\":\"/tmp\"}]}";
    assert_int_equal(mkdir(f->settings.references, 0700), 0);
    assert_int_equal(chmod(f->settings.references, 0777), 0);
    assert_int_equal(create(f), ERR_PERMISSION_DENIED);
    call_deinit(&f->call);
    arguments_deinit(&f->arguments);
    assert_int_equal(file_replace(f->config, 0600, text, strlen(text), NULL), 0);
    assert_int_equal(create(f), 0);
}

static int restore(struct fixture *f, const char *source)
{
    cleanup_free char *text = str_format(
        "{\"process\":{\"args\":[\"sh\"],\"env\":[\"A=se://a\"]},\"mounts\":["
        "{\"destination\":\"/run/secrets/a\",\"type\":\"bind\",\"source\":\"%s\"}]}",
        source);
    char *argv[] = {(char[]){"rt"},       (char[]){"restore"},  (char[]){"--image-path"},
                    (char[]){"/x"},       (char[]){"--bundle"}, f->folder,
                    (char[]){"container"}};
    call_deinit(&f->call);
    arguments_deinit(&f->arguments);
    assert_int_equal(file_replace(f->config, 0600, text, strlen(text), NULL), 0);
    memcpy(f->argv, argv, sizeof(argv));
    return start(f, ARRAY_SIZE(argv), f->argv);
}

static void a_checkpoint_with_files_is_not_restored(void **state)
{
    struct fixture *f = *state;
    cleanup_free char *stand_in = str_format("%s/.file", f->settings.references);
    assert_int_equal(restore(f, "/somewhere"), 0);
    assert_int_equal(f->call.references.n, 0);
    assert_int_equal(restore(f, stand_in), ERR_UNIMPLEMENTED);
    assert_non_null(strstr(f->e.text, "restored from a checkpoint"));
}

static void write_record(const struct fixture *f, const char *reference)
{
    cleanup_record struct record r = {.uid = 42};
    assert_int_equal(record_add_key(&r, "KEY", 3, NULL), 0);
    assert_int_equal(record_add_reference(&r, reference, NULL), 0);
    assert_int_equal(record_write(f->settings.references, "container", &r, NULL), 0);
}

static void the_record_says_who_is_asked(void **state)
{
    struct fixture *f = *state;
    f->settings.has_uid = true;
    f->settings.uid = 1;
    write_record(f, "A=se://a");
    assert_int_equal(create(f), 0);
    assert_int_equal(f->call.uid, 42);
    assert_int_equal(f->call.references.n, 2);
}

static void an_image_names_no_secret_of_its_user(void **state)
{
    struct fixture *f = *state;
    write_record(f, "B=se://b");
    assert_int_equal(create(f), ERR_PERMISSION_DENIED);
    assert_non_null(strstr(f->e.text, "resolving A: se://a: "));
}

static void what_the_task_was_given_nobody_is_asked_for(void **state)
{
    struct fixture *f = *state;
    cleanup_record struct record r = {.uid = 0};
    assert_int_equal(record_add_key(&r, "KEY", 3, NULL), 0);
    assert_int_equal(record_add_reference(&r, "A=se://a", NULL), 0);
    assert_int_equal(record_add_given(&r, "se://a", "/x/a", NULL), 0);
    assert_int_equal(record_write(f->settings.references, "container", &r, NULL), 0);
    assert_int_equal(create(f), 0);
    assert_int_equal(f->call.references.n, 2);
    assert_string_equal(f->call.references.items[0].path, "/x/a");
    assert_null(f->call.references.items[1].path);
}

static void no_file_is_written_through_a_link(void **state)
{
    struct fixture *f = *state;
    cleanup_buf struct buf config = BUF_INIT, now = BUF_INIT;
    cleanup_free char *folder = str_format("%s/coffer", f->folder), *made = NULL;
    cleanup_free char *link_name =
        str_format("%s/config.json.%ld", folder, (long)getpid());
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(link(f->config, link_name), 0);
    assert_int_equal(buf_append_str(&config, "{}"), 0);
    assert_int_equal(bundle_make(f->folder, &config, &made, &f->e), 0);
    assert_int_equal(file_read(f->config, 4096, &now, NULL), 0);
    assert_string_equal(buf_str(&now), CONFIG);
}

static void else_the_settings_do(void **state)
{
    struct fixture *f = *state;
    f->settings.has_uid = true;
    f->settings.uid = 1;
    assert_int_equal(create(f), 0);
    assert_int_equal(f->call.uid, 1);
    assert_int_equal(f->call.references.n, 1);
}

static void assert_words(char **words, const char *wanted)
{
    cleanup_buf struct buf text = BUF_INIT;
    for (size_t i = 0; words[i]; i++)
        assert_int_equal(buf_printf(&text, "%s%s", i ? " " : "", words[i]), 0);
    assert_string_equal(buf_str(&text), wanted);
}

static void assert_block(int fd)
{
    char block[256];
    size_t count;
    ssize_t n = read(fd, block, sizeof(block));
    assert_true(n > 0 && block_check(block, (size_t)n, &count) && count == 1);
    assert_int_equal(read(fd, block, sizeof(block)), 0);
}

/* A helper that nothing can change any more. */
static void assert_sealed(int fd)
{
    char c;
    assert_int_equal(write(fd, "x", 1), -1);
    assert_int_equal(ftruncate(fd, 0), -1);
    assert_int_equal(pread(fd, &c, 1, 0), 1);
    assert_int_equal(c, '{');
}

static void descriptors_come_behind_the_callers(void **state)
{
    struct fixture *f = *state;
    cleanup_buf struct buf block = BUF_INIT, config = BUF_INIT, now = BUF_INIT;
    cleanup_free char **words = NULL, *wanted = NULL, *made = NULL;
    f->settings.has_uid = true;
    assert_int_equal(create(f), 0);
    assert_int_equal(block_append(&block, "A", "1", 1, NULL), 0);
    assert_int_equal(call_compose(&f->call, "crun", f->config, &block, &words, &f->e), 0);
    wanted = str_format("crun create --preserve-fds 42 --bundle %s/coffer container",
                        f->folder);
    assert_words(words, wanted);
    assert_block(43);
    assert_sealed(44);
    close(43);
    close(44);
    made = str_format("%s/coffer/config.json", f->folder);
    assert_int_equal(file_read(made, 4096, &config, NULL), 0);
    assert_non_null(strstr(config.data, "[\"/proc/self/fd/44\",\"43\",\"sh\"]"));
    assert_non_null(strstr(config.data, "\"A=se://a\""));
    assert_int_equal(file_read(f->config, 4096, &now, NULL), 0);
    assert_string_equal(now.data, CONFIG);
}

static void exec_gets_a_file_in_memory(void **state)
{
    struct fixture *f = *state;
    static const char text[] = "{\"args\":[\"id\"],\"env\":[\"A=se://a\"]}";
    cleanup_buf struct buf block = BUF_INIT;
    cleanup_free char **words = NULL;
    char *argv[] = {(char[]){"rt"}, (char[]){"exec"},      (char[]){"-p"},
                    f->config,      (char[]){"container"}, NULL};
    f->settings.has_uid = true;
    assert_int_equal(file_replace(f->config, 0600, text, strlen(text), NULL), 0);
    assert_int_equal(start(f, 5, argv), 0);
    assert_int_equal(block_append(&block, "A", "1", 1, NULL), 0);
    assert_int_equal(call_compose(&f->call, "crun", f->config, &block, &words, &f->e), 0);
    assert_string_equal(words[4], "--process");
    char now[128] = "";
    cleanup_fd int fd = open(words[5], O_RDONLY);
    assert_true(read(fd, now, sizeof(now) - 1) > 0);
    assert_string_equal(now, "{\"args\":[\"/proc/self/fd/4\",\"3\",\"id\"],"
                             "\"env\":[\"A=se://a\"]}");
    close(f->call.handover.block);
    close(f->call.handover.helper);
    close(f->call.handover.process);
}

static void exec_has_the_references_of_the_record_alone(void **state)
{
    struct fixture *f = *state;
    static const char text[] = "{\"args\":[\"id\"],\"env\":[\"A=se://a\",\"B=se://b\"]}";
    char *argv[] = {(char[]){"rt"}, (char[]){"exec"},      (char[]){"-p"},
                    f->config,      (char[]){"container"}, NULL};
    assert_int_equal(file_replace(f->config, 0600, text, strlen(text), NULL), 0);
    write_record(f, "A=se://a");
    assert_int_equal(start(f, 5, argv), ERR_PERMISSION_DENIED);
    assert_non_null(strstr(f->e.text, "resolving B: se://b: it was not given to exec"));
}

/* An image with the same reference gets nothing by that. */
static void what_was_given_to_exec_is_for_exec_alone(void **state)
{
    struct fixture *f = *state;
    static const char text[] = "{\"args\":[\"id\"],\"env\":[\"A=se://a\"]}";
    char *argv[] = {(char[]){"rt"}, (char[]){"exec"},      (char[]){"-p"},
                    f->config,      (char[]){"container"}, NULL};
    cleanup_record struct record r = {0};
    char *given = (char[]){"A=se://a"};
    bool is_new;
    assert_int_equal(record_add_exec(&r, &given, 1, &is_new, NULL), 0);
    assert_int_equal(record_write(f->settings.references, "container", &r, NULL), 0);
    assert_int_equal(create(f), ERR_PERMISSION_DENIED);
    call_deinit(&f->call);
    arguments_deinit(&f->arguments);
    assert_int_equal(file_replace(f->config, 0600, text, strlen(text), NULL), 0);
    assert_int_equal(start(f, 5, argv), 0);
}

static void references_of_exec_without_a_file_are_refused(void **state)
{
    struct fixture *f = *state;
    char *argv[] = {(char[]){"rt"},       (char[]){"exec"},      (char[]){"-e"},
                    (char[]){"A=se://a"}, (char[]){"container"}, (char[]){"id"}};
    assert_int_equal(start(f, 6, argv), ERR_UNIMPLEMENTED);
    assert_non_null(strstr(f->e.text, "A=se://a"));
}

static void an_unknown_option_and_references_are_refused(void **state)
{
    struct fixture *f = *state;
    char *argv[] = {(char[]){"rt"}, (char[]){"create"}, (char[]){"--what"},
                    (char[]){"-b"}, f->folder,          (char[]){"container"}};
    f->settings.has_uid = true;
    assert_int_equal(start(f, 6, argv), ERR_INVALID_ARGUMENT);
    assert_non_null(strstr(f->e.text, "--what"));
}

static void a_log_gets_the_reason(void **state)
{
    struct fixture *f = *state;
    struct report json = {f->log, "json"}, text = {f->log, NULL};
    struct err e = {0};
    cleanup_buf struct buf log = BUF_INIT;
    err_set(&e, ERR_NOT_FOUND, "no \"x\"");
    report_warning(&json, &e);
    err_set(&e, ERR_NOT_FOUND, "a line\n\033[2Jand more");
    report_warning(&text, &e);
    assert_int_equal(file_read(f->log, 4096, &log, NULL), 0);
    assert_true(str_starts_with(log.data,
                                "{\"level\":\"warning\",\"msg\":\"no \\\"x\\\"\","
                                "\"time\":\""));
    assert_non_null(strstr(log.data, "\ntime=\""));
    assert_non_null(strstr(log.data, "a line??[2Jand more\"\n"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nobody_is_asked_unless_somebody_is_named),
        TEST(an_id_that_has_no_record_lets_nothing_pass),
        TEST(mounts_that_are_none_of_ours_are_the_runtimes_affair),
        TEST(what_is_wrong_with_the_records_stops_no_other_container),
        TEST(a_checkpoint_with_files_is_not_restored),
        TEST(the_record_says_who_is_asked),
        TEST(an_image_names_no_secret_of_its_user),
        TEST(what_the_task_was_given_nobody_is_asked_for),
        TEST(no_file_is_written_through_a_link),
        TEST(else_the_settings_do),
        TEST(descriptors_come_behind_the_callers),
        TEST(exec_gets_a_file_in_memory),
        TEST(exec_has_the_references_of_the_record_alone),
        TEST(what_was_given_to_exec_is_for_exec_alone),
        TEST(references_of_exec_without_a_file_are_refused),
        TEST(an_unknown_option_and_references_are_refused),
        TEST(a_log_gets_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
