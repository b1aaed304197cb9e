/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "fault_malloc.h"
#include "objects/objects.h"

static void ids_are_the_middle_digits_in_base_36(void **state)
{
    static const struct {
        uint8_t first;
        uint8_t step;
        uint8_t start;
        const char *id;
    } cases[] = {
        {0x00, 0, 0x00, "hvy0lj3x0b883f8e30fyp2172"},
        {0x00, 1, 0x00, "hw05xdvcpbrfi4jekqvbjy4b2"},
        {0xff, 0, 0xff, "zrw1727u0mgg6ugs60vxe42e4"},
        {0x80, 0, 0x00, "hvy0lj3x0b883f8e30fyp2172"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint8_t random[OBJECT_ID_RANDOM_BYTES];
        for (size_t k = 0; k < sizeof(random); k++)
            random[k] = (uint8_t)(cases[i].start + k * cases[i].step);
        random[0] = cases[i].first;
        char id[OBJECT_ID_SIZE];
        object_id_from_random(random, id);
        assert_string_equal(id, cases[i].id);
        assert_true(object_id_is_valid(id));
    }
}

static void what_is_no_id_is_told_apart(void **state)
{
    static const char *const bad[] = {
        "", "hvy0lj3x0b883f8e30fyp217", "hvy0lj3x0b883f8e30fyp21722",
        "Hvy0lj3x0b883f8e30fyp2172", "hvy0lj3x0b883f8e30fyp217/"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(object_id_is_valid(bad[i]));
    assert_false(object_id_is_valid(NULL));
}

static void kinds_have_names_and_types(void **state)
{
    for (enum object_kind kind = 0; kind < OBJECT_KINDS; kind++) {
        assert_int_equal(object_kind_from_name(object_kind_name(kind)), kind);
        assert_non_null(object_descriptor(kind));
    }
    assert_string_equal(object_kind_name(OBJECT_SECRET), "secret");
    assert_int_equal(object_kind_from_name("volume"), OBJECT_KINDS);
    assert_int_equal(object_kind_from_name(NULL), OBJECT_KINDS);
}

static struct object *new_empty(enum object_kind kind)
{
    struct object *o = NULL;
    void *message = message_new(object_descriptor(kind));
    assert_int_equal(object_new(kind, message, &o), 0);
    return o;
}

static void an_object_of_each_kind_is_complete(void **state)
{
    for (enum object_kind kind = 0; kind < OBJECT_KINDS; kind++) {
        cleanup_object struct object *o = new_empty(kind);
        assert_int_equal(o->kind, kind);
        assert_string_equal(object_id(o), "");
        assert_string_equal(object_name(o), "");
        assert_non_null(object_annotations(o));
        assert_non_null(object_meta(o));
        assert_int_equal(object_version(o), 0);
    }
}

static void a_task_a_node_and_a_service_have_what_readers_look_at(void **state)
{
    cleanup_object struct object *task = new_empty(OBJECT_TASK);
    cleanup_object struct object *node = new_empty(OBJECT_NODE);
    cleanup_object struct object *service = new_empty(OBJECT_SERVICE);
    assert_non_null(task->task->spec);
    assert_non_null(task->task->status);
    assert_non_null(task->task->service_annotations);
    assert_non_null(node->node->status);
    assert_non_null(service->service->spec->task);
}

static struct object *new_secret(void)
{
    struct object *o = new_empty(OBJECT_SECRET);
    assert_int_equal(message_set_string(&o->secret->id, "s1"), 0);
    assert_int_equal(message_set_string(&o->secret->spec->annotations->name, "pw"), 0);
    assert_int_equal(message_set_bytes(&o->secret->spec->data, "x", 1), 0);
    object_meta(o)->version->index = 9;
    return o;
}

static void what_is_there_already_stays(void **state)
{
    cleanup_object struct object *o = new_secret();
    cleanup_object struct object *again = NULL;
    assert_int_equal(object_new(OBJECT_SECRET, message_copy(o->message), &again), 0);
    assert_true(message_equal(o->message, again->message));
    assert_string_equal(object_id(again), "s1");
    assert_string_equal(object_name(again), "pw");
    assert_int_equal(object_version(again), 9);
}

static void tasks_and_nodes_have_no_unique_name(void **state)
{
    cleanup_object struct object *task = new_empty(OBJECT_TASK);
    cleanup_object struct object *node = new_empty(OBJECT_NODE);
    assert_int_equal(message_set_string(&task->task->annotations->name, "web.1.x"), 0);
    assert_int_equal(message_set_string(&node->node->spec->annotations->name, "n"), 0);
    assert_string_equal(object_name(task), "");
    assert_string_equal(object_name(node), "");
    assert_string_equal(object_annotations(task)->name, "web.1.x");
    assert_string_equal(object_annotations(node)->name, "n");
}

static void a_copy_can_be_changed_alone(void **state)
{
    cleanup_object struct object *o = new_secret();
    cleanup_object struct object *copy = NULL;
    assert_int_equal(object_copy(o, &copy), 0);
    assert_int_equal(message_set_string(&copy->secret->id, "s2"), 0);
    assert_string_equal(object_id(o), "s1");
    assert_int_equal(copy->refs, 1);
}

static void the_last_reference_frees(void **state)
{
    struct object *o = new_secret();
    assert_ptr_equal(object_ref(o), o);
    object_unref(o);
    assert_string_equal(object_id(o), "s1");
    object_unref(o);
    object_unref(NULL);
}

static int run_new(void *user)
{
    enum object_kind kind = *(enum object_kind *)user;
    void *message = message_new(object_descriptor(kind));
    if (!message)
        return ERR_NO_MEMORY;
    cleanup_object struct object *o = NULL;
    return object_new(kind, message, &o);
}

static int run_copy(void *user)
{
    cleanup_object struct object *o = NULL;
    return object_copy(user, &o);
}

static void without_memory_nothing_is_lost(void **state)
{
    for (enum object_kind kind = 0; kind < OBJECT_KINDS; kind++)
        assert_true(fault_malloc_each(run_new, &kind) >= 5);
    cleanup_object struct object *o = new_secret();
    assert_true(fault_malloc_each(run_copy, o) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_the_middle_digits_in_base_36),
        cmocka_unit_test(what_is_no_id_is_told_apart),
        cmocka_unit_test(kinds_have_names_and_types),
        cmocka_unit_test(an_object_of_each_kind_is_complete),
        cmocka_unit_test(a_task_a_node_and_a_service_have_what_readers_look_at),
        cmocka_unit_test(what_is_there_already_stays),
        cmocka_unit_test(tasks_and_nodes_have_no_unique_name),
        cmocka_unit_test(a_copy_can_be_changed_alone),
        cmocka_unit_test(the_last_reference_frees),
        cmocka_unit_test(without_memory_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
