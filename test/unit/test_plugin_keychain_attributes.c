/* SPDX-License-Identifier: Apache-2.0 */
/* How a secret is written into the attributes of a keyring's item, and read from them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "keychain/attributes.h"

struct fixture {
    struct secret_envelope secret, read;
    GVariant *attributes;
    struct err e;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_int_equal(secret_envelope_set_id(&f->secret, "db/password", NULL), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    g_clear_pointer(&f->attributes, g_variant_unref);
    secret_envelope_deinit(&f->secret);
    secret_envelope_deinit(&f->read);
    free(f);
    return 0;
}

static void make(struct fixture *f)
{
    GVariant *made;
    assert_int_equal(keychain_attributes("g", &f->secret, &made, &f->e), 0);
    f->attributes = g_variant_ref_sink(made);
}

static void parse(struct fixture *f, const char *text)
{
    f->attributes = g_variant_ref_sink(g_variant_new_parsed(text));
}

static void an_item_is_found_by_its_group_its_name_and_its_id(void **state)
{
    struct fixture *f = *state;
    make(f);
    assert_int_equal(g_variant_n_children(f->attributes), 3);
    assert_string_equal(keychain_attribute(f->attributes, "service:group"), "g");
    assert_string_equal(keychain_attribute(f->attributes, "service:name"),
                        "docker-pass-cli");
    assert_string_equal(keychain_attribute(f->attributes, "id"), "db/password");
}

static void metadata_can_have_the_name_of_an_attribute(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(secret_envelope_put(&f->secret, "id", "other", NULL), 0);
    assert_int_equal(secret_envelope_put(&f->secret, "x_a", "1", NULL), 0);
    make(f);
    assert_string_equal(keychain_attribute(f->attributes, "id"), "db/password");
    assert_string_equal(keychain_attribute(f->attributes, "x_id"), "other");
    assert_int_equal(keychain_attributes_read(f->attributes, &f->read, &f->e), 0);
    assert_string_equal(f->read.id, "db/password");
    assert_int_equal(f->read.n_metadata, 2);
    assert_string_equal(secret_envelope_get(&f->read, "id"), "other");
    assert_string_equal(secret_envelope_get(&f->read, "x_a"), "1");
}

static void attributes_of_others_are_no_metadata(void **state)
{
    struct fixture *f = *state;
    parse(f, "{'id': 'a', 'xdg:schema': 's', 'service:name': 'n', 'x_': 'empty', "
             "'color': 'red'}");
    assert_int_equal(keychain_attributes_read(f->attributes, &f->read, &f->e), 0);
    assert_null(secret_envelope_get(&f->read, "xdg:schema"));
    assert_null(secret_envelope_get(&f->read, "color"));
    assert_null(secret_envelope_get(&f->read, "service:name"));
}

static void an_item_without_a_valid_id_is_refused(void **state)
{
    struct fixture *f = *state;
    parse(f, "{'id': 'a//b'}");
    assert_int_equal(keychain_attributes_read(f->attributes, &f->read, &f->e),
                     ERR_INVALID_ARGUMENT);
    g_clear_pointer(&f->attributes, g_variant_unref);
    parse(f, "{'x_id': 'a'}");
    assert_int_equal(keychain_attributes_read(f->attributes, &f->read, &f->e),
                     ERR_INVALID_ARGUMENT);
}

static void metadata_that_d_bus_cannot_carry_is_refused(void **state)
{
    struct fixture *f = *state;
    GVariant *made;
    assert_int_equal(secret_envelope_put(&f->secret, "k", "\xff", NULL), 0);
    assert_int_equal(keychain_attributes("g", &f->secret, &made, &f->e),
                     ERR_INVALID_ARGUMENT);
    assert_string_equal(f->e.text,
                        "metadata of db/password isn't UTF-8, which a keyring needs");
}

static void the_label_names_group_name_and_id(void **state)
{
    char *label = keychain_label("com.docker.pass", "a/b");
    assert_string_equal(label, "com.docker.pass:docker-pass-cli:a/b");
    g_free(label);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_item_is_found_by_its_group_its_name_and_its_id,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(metadata_can_have_the_name_of_an_attribute, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(attributes_of_others_are_no_metadata, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_item_without_a_valid_id_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(metadata_that_d_bus_cannot_carry_is_refused,
                                        setup, teardown),
        cmocka_unit_test(the_label_names_group_name_and_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
