/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lies in the folder of the settings: engine.conf, in which one setting gets another
 * value, and all else stays; and the note of a move that is under way.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "pass/settings.h"
#include "pass/store_note.h"

#define LINE "store = file\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void check_settings(const char *text)
{
    cleanup_buf struct buf once = BUF_INIT, twice = BUF_INIT;
    must(!settings_replace(text, "store", "file", &once));
    must(str_ends_with(buf_str(&once), LINE));
    must(once.len <= strlen(text) + 1 + strlen(LINE));
    must(!settings_replace(buf_str(&once), "store", "file", &twice));
    must(str_equal(buf_str(&once), buf_str(&twice)));
    if (!strstr(text, "store"))
        must(memcmp(buf_str(&once), text, strlen(text)) == 0);
}

static void check_note(const char *text)
{
    struct store_note note;
    struct err e = {0};
    char again[2 * STORE_NAME_SIZE + 2];
    if (store_note_parse(text, &note, &e)) {
        must(e.text[0] != '\0');
        return;
    }
    snprintf(again, sizeof(again), "%s %s\n", note.from, note.to);
    must(str_equal(again, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    cleanup_free char *text = mem_dup(n ? (const char *)data : "", n);
    must(text != NULL);
    check_settings(text);
    check_note(text);
    return 0;
}
