/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of flags from foreign bytes: the first byte chooses the reader. A mount or
 * reference that is accepted has a target, and no reader fails but by saying so.
 */
#include <stdint.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/service_spec.h"
#include "cli/split.h"
#include "cli/times.h"
#include "cli/values.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_mount(const char *text)
{
    struct err e;
    cleanup_json json_t *mount = NULL;
    if (spec_parse_mount(text, &mount, &e) == 0 && !*field_string(mount, "Target"))
        __builtin_trap();
}

static void read_reference(const char *text)
{
    struct err e;
    cleanup_json json_t *reference = NULL;
    if (spec_parse_reference("secret", text, &reference, &e) == 0 &&
        (!*field_string(reference, "Source") || !*field_string(reference, "File.Name") ||
         field_int(reference, "File.Mode") > 07777))
        __builtin_trap();
}

static void read_words(const char *text)
{
    struct err e;
    cleanup_json json_t *words = json_array();
    if (split_words(text, words, &e) == 0 && json_array_size(words) > strlen(text))
        __builtin_trap();
}

static void read_flag(const struct flag_type *type, const char *text)
{
    struct err e;
    if (type->check(text, &e) && str_is_empty(err_text(&e)))
        __builtin_trap();
}

static void read_time(const char *text)
{
    struct err e;
    char out[TIMES_TEXT_SIZE];
    if (times_parse(text, INT64_C(1800000000000000000), out, &e) == 0 &&
        strlen(out) >= sizeof(out))
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct flag_type *const types[] = {
        &flag_ulimit,  &flag_host,     &flag_preference, &flag_bytes,
        &flag_decimal, &flag_duration, &flag_float,      &flag_variable,
    };
    cleanup_free char *text = size ? mem_dup(data + 1, size - 1) : NULL;
    /* As the command line does: no argument that isn't UTF-8 comes this far. */
    cleanup_json json_t *valid = text ? json_string(text) : NULL;
    if (!valid)
        return 0;
    switch (data[0] % 12) {
    case 0:
        read_mount(text);
        break;
    case 1:
        read_reference(text);
        break;
    case 2:
        read_words(text);
        break;
    case 3:
        read_time(text);
        break;
    default:
        read_flag(types[data[0] % 12 - 4], text);
    }
    return 0;
}
