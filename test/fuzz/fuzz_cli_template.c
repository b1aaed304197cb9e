/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A template of foreign bytes over data that has every kind of value: it is parsed or
 * refused, and what is parsed can be run, as rows of a table too.
 */
#include <stdint.h>

#include "base/mem.h"
#include "cli/client.h"
#include "cli/table.h"
#include "cli/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Longer ones only cost time. */
#define SIZE_MAX_HERE 512

static const char value[] =
    "{\"Name\": \"web\", \"N\": 3, \"On\": true, \"Nil\": null, \"Real\": 0.5, \"List\": "
    "[\"a\", {\"b\": [1]}], \"Labels\": {\"y\": \"2\", \"x\": \"1\"}, \".Label\": "
    "{\"k\": "
    "\"v\"}}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct template *t = NULL;
    struct err e;
    cleanup_buf struct buf out = BUF_INIT, laid_out = BUF_INIT;
    cleanup_free char *text = size <= SIZE_MAX_HERE ? mem_dup(data, size) : NULL;
    cleanup_json json_t *root = json_loads(value, 0, NULL);
    if (!text || template_parse(text, &t, &e))
        return 0;
    if (template_run(t, root, size % 2, &out, &e) == 0 &&
        table_lay_out(buf_str(&out), &laid_out))
        __builtin_trap();
    template_free(t);
    return 0;
}
