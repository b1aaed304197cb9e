/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/mem.h"
#include "fault_malloc.h"
#include "objects/objects.h"
#include "swarm/dispatcher.pb-c.h"

static char *text(const char *s)
{
    return mem_dup(s, strlen(s));
}

/* A secret reference with its file. */
static Swarm__SecretReference *new_reference(const char *name)
{
    Swarm__SecretReference *r = message_new(&swarm__secret_reference__descriptor);
    r->file = message_new(&swarm__file_target__descriptor);
    r->target_case = SWARM__SECRET_REFERENCE__TARGET_FILE;
    assert_int_equal(message_set_string(&r->secret_name, name), 0);
    assert_int_equal(message_set_string(&r->file->name, name), 0);
    r->file->mode = 0400;
    return r;
}

/* A task with something of everything: maps, lists, a oneof, bytes, times, numbers. */
static Swarm__Task *new_task(void)
{
    Swarm__Task *t = message_new(&swarm__task__descriptor);
    t->spec = message_new(&swarm__task_spec__descriptor);
    Swarm__ContainerSpec *c = message_new(&swarm__container_spec__descriptor);
    t->spec->container = c;
    t->spec->runtime_case = SWARM__TASK_SPEC__RUNTIME_CONTAINER;
    t->status = message_new(&swarm__task_status__descriptor);
    t->slot = 3;
    t->status->state = SWARM__TASK_STATE__RUNNING;
    assert_int_equal(message_set_string(&t->id, "t1"), 0);
    assert_int_equal(message_set_time(&t->status->timestamp, 12345), 0);
    assert_int_equal(message_map_put(&c->n_labels, &c->labels, "a", "1"), 0);
    assert_int_equal(message_map_put(&c->n_labels, &c->labels, "b", "2"), 0);
    assert_int_equal(message_append(&c->n_args, &c->args, text("one")), 0);
    assert_int_equal(message_append(&c->n_args, &c->args, text("two")), 0);
    assert_int_equal(message_append(&c->n_secrets, &c->secrets, new_reference("pw")), 0);
    return t;
}

struct fixture {
    Swarm__Task *a; /* two equal tasks, of which a test changes b */
    Swarm__Task *b;
    Swarm__ContainerSpec *container; /* b's */
    struct buf wire;                 /* a's */
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->a = new_task();
    f->b = new_task();
    f->container = f->b->spec->container;
    assert_int_equal(message_pack(&f->a->base, &f->wire), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    message_free(&f->a->base);
    message_free(&f->b->base);
    buf_deinit(&f->wire);
    free(f);
    return 0;
}

static bool are_equal(const struct fixture *f)
{
    bool equal = message_equal(&f->a->base, &f->b->base);
    assert_int_equal(equal, message_equal(&f->b->base, &f->a->base));
    return equal;
}

static void a_round_trip_changes_nothing(void **state)
{
    struct fixture *f = *state;
    cleanup_message ProtobufCMessage *m = NULL;
    assert_int_equal(
        message_unpack(&swarm__task__descriptor, f->wire.data, f->wire.len, &m, NULL), 0);
    assert_true(message_equal(m, &f->a->base));
    cleanup_buf struct buf again = BUF_INIT;
    assert_int_equal(message_pack(m, &again), 0);
    assert_int_equal(again.len, f->wire.len);
    assert_memory_equal(again.data, f->wire.data, again.len);
}

static void pack_appends(void **state)
{
    struct fixture *f = *state;
    cleanup_buf struct buf out = BUF_INIT;
    assert_int_equal(buf_append_str(&out, "head"), 0);
    assert_int_equal(message_pack(&f->a->base, &out), 0);
    assert_int_equal(out.len, 4 + f->wire.len);
    assert_memory_equal(out.data, "head", 4);
    assert_memory_equal(out.data + 4, f->wire.data, f->wire.len);
}

static void no_bytes_are_an_empty_message(void **state)
{
    cleanup_message ProtobufCMessage *m = NULL;
    cleanup_message ProtobufCMessage *empty = message_new(&swarm__task__descriptor);
    assert_int_equal(message_unpack(&swarm__task__descriptor, NULL, 0, &m, NULL), 0);
    assert_true(message_equal(m, empty));
    cleanup_buf struct buf out = BUF_INIT;
    assert_int_equal(message_pack(m, &out), 0);
    assert_int_equal(out.len, 0);
}

static void a_copy_is_equal_and_apart(void **state)
{
    struct fixture *f = *state;
    cleanup_message Swarm__Task *copy = (void *)message_copy(&f->a->base);
    assert_true(message_equal(&copy->base, &f->a->base));
    assert_int_equal(message_set_string(&copy->spec->container->args[0], "other"), 0);
    assert_string_equal(f->a->spec->container->args[0], "one");
}

static void equal_tasks_are_equal(void **state)
{
    assert_true(are_equal(*state));
}

static void null_equals_null_only(void **state)
{
    struct fixture *f = *state;
    assert_true(message_equal(NULL, NULL));
    assert_false(message_equal(&f->a->base, NULL));
    assert_false(message_equal(NULL, &f->a->base));
    assert_false(message_equal(&f->a->base, &f->a->spec->base));
}

static void another_number_is_not_equal(void **state)
{
    struct fixture *f = *state;
    f->b->slot = 4;
    assert_false(are_equal(f));
}

static void another_enum_is_not_equal(void **state)
{
    struct fixture *f = *state;
    f->b->desired_state = SWARM__TASK_STATE__SHUTDOWN;
    assert_false(are_equal(f));
}

static void another_string_is_not_equal(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(message_set_string(&f->b->id, "t2"), 0);
    assert_false(are_equal(f));
    assert_int_equal(message_set_string(&f->b->id, "t1"), 0);
    assert_true(are_equal(f));
}

static void an_unset_string_equals_an_empty_one(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(message_set_string(&f->b->node_id, NULL), 0);
    assert_true(are_equal(f));
}

static void an_absent_message_differs_from_an_empty_one(void **state)
{
    struct fixture *f = *state;
    f->container->init = message_new(&swarm__bool_value__descriptor);
    assert_false(are_equal(f));
}

static void the_order_of_a_map_does_not_matter(void **state)
{
    struct fixture *f = *state;
    Swarm__Pair *first = f->container->labels[0];
    f->container->labels[0] = f->container->labels[1];
    f->container->labels[1] = first;
    assert_true(are_equal(f));
}

static void another_value_in_a_map_is_not_equal(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        message_map_put(&f->container->n_labels, &f->container->labels, "b", "3"), 0);
    assert_false(are_equal(f));
}

static void a_key_that_stands_twice_does_not_hide_another(void **state)
{
    struct fixture *f = *state;
    /* a has {a, b}, b has {a, a}: each of b's is in a. */
    assert_int_equal(message_set_string(&f->container->labels[1]->key, "a"), 0);
    assert_int_equal(message_set_string(&f->container->labels[1]->value, "1"), 0);
    assert_false(are_equal(f));
}

static void the_order_of_a_list_matters(void **state)
{
    struct fixture *f = *state;
    char *first = f->container->args[0];
    f->container->args[0] = f->container->args[1];
    f->container->args[1] = first;
    assert_false(are_equal(f));
}

static void a_longer_list_is_not_equal(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        message_append(&f->container->n_args, &f->container->args, text("three")), 0);
    assert_false(are_equal(f));
}

static void a_difference_deep_down_is_seen(void **state)
{
    struct fixture *f = *state;
    f->container->secrets[0]->file->mode = 0440;
    assert_false(are_equal(f));
}

static void another_member_of_a_oneof_is_not_equal(void **state)
{
    cleanup_message Swarm__ServiceSpec *a = message_new(&swarm__service_spec__descriptor);
    cleanup_message Swarm__ServiceSpec *b = message_new(&swarm__service_spec__descriptor);
    a->replicated = message_new(&swarm__replicated_service__descriptor);
    a->mode_case = SWARM__SERVICE_SPEC__MODE_REPLICATED;
    assert_false(message_equal(&a->base, &b->base));
    b->global = message_new(&swarm__global_service__descriptor);
    b->mode_case = SWARM__SERVICE_SPEC__MODE_GLOBAL;
    assert_false(message_equal(&a->base, &b->base));
}

/* So many that comparing each with each would take minutes. */
#define LONG_MAP 40000

static void put_pair(Swarm__Annotations *a, int number)
{
    cleanup_message Swarm__Pair *pair = message_new(&swarm__pair__descriptor);
    char key[16];
    snprintf(key, sizeof(key), "%d", number);
    assert_int_equal(message_set_string(&pair->key, key), 0);
    assert_int_equal(message_append(&a->n_labels, &a->labels, pair), 0);
    pair = NULL;
}

static void long_maps_are_compared_quickly(void **state)
{
    cleanup_message Swarm__Annotations *a = message_new(&swarm__annotations__descriptor);
    cleanup_message Swarm__Annotations *b = message_new(&swarm__annotations__descriptor);
    for (int i = 0; i < LONG_MAP; i++) {
        put_pair(a, i);
        put_pair(b, LONG_MAP - 1 - i);
    }
    assert_true(message_equal(&a->base, &b->base));
    /* What is there twice counts once, as in a set. */
    put_pair(a, 0);
    put_pair(b, 1);
    assert_true(message_equal(&a->base, &b->base));
    put_pair(a, LONG_MAP);
    put_pair(b, 2);
    assert_false(message_equal(&a->base, &b->base));
    assert_false(message_equal(&b->base, &a->base));
}

static void bytes_are_compared(void **state)
{
    cleanup_message Swarm__SecretSpec *a = message_new(&swarm__secret_spec__descriptor);
    cleanup_message Swarm__SecretSpec *b = message_new(&swarm__secret_spec__descriptor);
    assert_int_equal(message_set_bytes(&a->data, "a\0b", 3), 0);
    assert_int_equal(message_set_bytes(&b->data, "a\0c", 3), 0);
    assert_false(message_equal(&a->base, &b->base));
    assert_int_equal(message_set_bytes(&b->data, "a\0b", 3), 0);
    assert_true(message_equal(&a->base, &b->base));
    assert_int_equal(message_set_bytes(&b->data, NULL, 0), 0);
    assert_false(message_equal(&a->base, &b->base));
}

static void a_map_finds_replaces_and_adds(void **state)
{
    struct fixture *f = *state;
    Swarm__ContainerSpec *c = f->container;
    assert_string_equal(message_map_get(c->n_labels, c->labels, "a"), "1");
    assert_null(message_map_get(c->n_labels, c->labels, "c"));
    assert_null(message_map_get(0, NULL, "a"));
    assert_int_equal(message_map_put(&c->n_labels, &c->labels, "a", "9"), 0);
    assert_int_equal(c->n_labels, 2);
    assert_string_equal(message_map_get(c->n_labels, c->labels, "a"), "9");
}

static void times_survive_a_round_trip(void **state)
{
    static const int64_t times[] = {
        0, 1, -1, CLOCK_SECOND, -CLOCK_SECOND - 1, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
        cleanup_message Swarm__Timestamp *t = NULL;
        cleanup_message Swarm__Duration *d = NULL;
        assert_int_equal(message_set_time(&t, times[i]), 0);
        assert_int_equal(message_set_duration(&d, times[i]), 0);
        assert_in_range(t->nanos, 0, CLOCK_SECOND - 1);
        if (times[i] != INT64_MIN)
            assert_int_equal(message_time(t, 7), times[i]);
        assert_int_equal(message_duration(d, 7), times[i]);
    }
    assert_int_equal(message_time(NULL, 7), 7);
    assert_int_equal(message_duration(NULL, 8), 8);
}

static void times_that_do_not_fit_become_the_nearest(void **state)
{
    Swarm__Timestamp t = SWARM__TIMESTAMP__INIT;
    t.seconds = INT64_MAX;
    assert_int_equal(message_time(&t, 0), INT64_MAX);
    t.seconds = INT64_MIN;
    assert_int_equal(message_time(&t, 0), INT64_MIN);
    t.seconds = INT64_MAX / CLOCK_SECOND;
    t.nanos = INT32_MAX;
    assert_int_equal(message_time(&t, 0), INT64_MAX);
}

static void bytes_that_are_no_message_are_refused(void **state)
{
    struct fixture *f = *state;
    for (size_t n = 1; n < f->wire.len; n++) {
        ProtobufCMessage *m = NULL;
        struct err e = {0};
        int r = message_unpack(&swarm__task__descriptor, f->wire.data, f->wire.len - n,
                               &m, &e);
        if (r)
            assert_int_equal(r, ERR_BAD_MESSAGE);
        else
            message_free(m);
    }
    ProtobufCMessage *m = NULL;
    struct err e = {0};
    assert_int_equal(
        message_unpack(&swarm__task__descriptor, "\x0a\xff\xff\xff\xff\x0f", 6, &m, &e),
        ERR_BAD_MESSAGE);
    assert_null(m);
    assert_string_equal(err_text(&e), "malformed message Task");
}

static void a_field_of_number_zero_is_refused(void **state)
{
    /* At the top, and within the list of tasks. */
    ProtobufCMessage *m = NULL;
    assert_int_equal(
        message_unpack(&swarm__task__descriptor, "\x82\x00\x00", 3, &m, NULL),
        ERR_BAD_MESSAGE);
    assert_int_equal(message_unpack(&swarm__tasks_message__descriptor,
                                    "\x0a\x03\x82\x00\x00", 5, &m, NULL),
                     ERR_BAD_MESSAGE);
    assert_null(m);
}

static void a_message_that_is_too_long_is_refused(void **state)
{
    struct fixture *f = *state;
    ProtobufCMessage *m = NULL;
    assert_int_equal(message_unpack(&swarm__task__descriptor, f->wire.data,
                                    MESSAGE_SIZE_LIMIT + 1, &m, NULL),
                     ERR_RESOURCE_EXHAUSTED);
}

static void a_message_that_would_take_too_much_memory_is_refused(void **state)
{
    /* Each two bytes stand for a whole task. */
    size_t n = (size_t)2 << 20;
    uint8_t *bytes = malloc(n);
    for (size_t i = 0; i < n; i += 2) {
        bytes[i] = 0x0a;
        bytes[i + 1] = 0;
    }
    ProtobufCMessage *m = NULL;
    assert_int_equal(
        message_unpack(&swarm__tasks_message__descriptor, bytes, n, &m, NULL),
        ERR_RESOURCE_EXHAUSTED);
    assert_null(m);
    free(bytes);
}

static int run_unpack(void *user)
{
    struct fixture *f = user;
    ProtobufCMessage *m = NULL;
    int r = message_unpack(&swarm__task__descriptor, f->wire.data, f->wire.len, &m, NULL);
    message_free(m);
    return r;
}

static int run_copy(void *user)
{
    struct fixture *f = user;
    ProtobufCMessage *m = message_copy(&f->a->base);
    if (!m)
        return ERR_NO_MEMORY;
    message_free(m);
    return 0;
}

static int run_setters(void *user)
{
    cleanup_message Swarm__Secret *m = message_new(&swarm__secret__descriptor);
    if (!m)
        return ERR_NO_MEMORY;
    m->spec = message_new(&swarm__secret_spec__descriptor);
    m->meta = message_new(&swarm__meta__descriptor);
    if (!m->spec || !m->meta)
        return ERR_NO_MEMORY;
    m->spec->annotations = message_new(&swarm__annotations__descriptor);
    if (!m->spec->annotations)
        return ERR_NO_MEMORY;
    Swarm__Annotations *a = m->spec->annotations;
    int r = message_set_string(&m->id, "s1");
    if (!r)
        r = message_set_bytes(&m->spec->data, "x", 1);
    if (!r)
        r = message_set_time(&m->meta->created_at, 1);
    if (!r)
        r = message_map_put(&a->n_labels, &a->labels, "k", "v");
    return r ? r : message_map_put(&a->n_labels, &a->labels, "k", "w");
}

static void without_memory_nothing_is_lost(void **state)
{
    assert_true(fault_malloc_each(run_unpack, *state) > 10);
    assert_true(fault_malloc_each(run_copy, *state) > 10);
    assert_true(fault_malloc_each(run_setters, *state) > 10);
}

#define WITH_TASKS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TASKS(a_round_trip_changes_nothing),
        WITH_TASKS(pack_appends),
        cmocka_unit_test(no_bytes_are_an_empty_message),
        WITH_TASKS(a_copy_is_equal_and_apart),
        WITH_TASKS(equal_tasks_are_equal),
        WITH_TASKS(null_equals_null_only),
        WITH_TASKS(another_number_is_not_equal),
        WITH_TASKS(another_enum_is_not_equal),
        WITH_TASKS(another_string_is_not_equal),
        WITH_TASKS(an_unset_string_equals_an_empty_one),
        WITH_TASKS(an_absent_message_differs_from_an_empty_one),
        WITH_TASKS(the_order_of_a_map_does_not_matter),
        WITH_TASKS(another_value_in_a_map_is_not_equal),
        WITH_TASKS(a_key_that_stands_twice_does_not_hide_another),
        WITH_TASKS(the_order_of_a_list_matters),
        WITH_TASKS(a_longer_list_is_not_equal),
        WITH_TASKS(a_difference_deep_down_is_seen),
        cmocka_unit_test(another_member_of_a_oneof_is_not_equal),
        cmocka_unit_test(long_maps_are_compared_quickly),
        cmocka_unit_test(bytes_are_compared),
        WITH_TASKS(a_map_finds_replaces_and_adds),
        cmocka_unit_test(times_survive_a_round_trip),
        cmocka_unit_test(times_that_do_not_fit_become_the_nearest),
        WITH_TASKS(bytes_that_are_no_message_are_refused),
        cmocka_unit_test(a_field_of_number_zero_is_refused),
        WITH_TASKS(a_message_that_is_too_long_is_refused),
        cmocka_unit_test(a_message_that_would_take_too_much_memory_is_refused),
        WITH_TASKS(without_memory_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
