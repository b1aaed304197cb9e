/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd-creds(1) seals a key for this host: with a secret in /var/lib/systemd, with the
 * TPM where there is one, or both. The key goes through its standard input and output.
 */
#include <string.h>

#include "base/program.h"
#include "base/str.h"
#include "filestore/private.h"

#define PROGRAM "systemd-creds"

/* What it writes. */
#define OUTPUT_MAX 65536

/* Of what it says when it fails, so much is shown. */
#define WORDS_MAX 300

/* The last line that isn't empty is the reason; those before it are remarks. Of one who
 * says more than PROGRAM_ERRORS_MAX that is the last line that was kept. */
static int failed(struct buf *said, struct err *e)
{
    while (said->len && said->data[said->len - 1] == '\n')
        said->data[--said->len] = '\0';
    for (size_t i = 0; i < said->len; i++)
        if (said->data[i] != '\n' && (said->data[i] < ' ' || said->data[i] == 0x7f))
            said->data[i] = '?';
    const char *text = buf_str(said), *line = strrchr(text, '\n');
    line = line ? line + 1 : text;
    const char *hint = strstr(line, "host secret")
                           ? " (only root has it; it is made by: systemd-creds setup)"
                           : "";
    return err_set(e, ERR_PERMISSION_DENIED, PROGRAM ": %.*s%s", WORDS_MAX,
                   *line ? line : "it failed", hint);
}

static int run(const char *verb, const struct buf *input, struct buf *out, struct err *e)
{
    static const char name_flag[] = "--name=" FILESTORE_CREDENTIAL_NAME;
    const char *const words[] = {PROGRAM, verb, name_flag, "-", "-", NULL};
    const struct program program = {.words = words,
                                    .input = buf_str(input),
                                    .input_size = input->len,
                                    .output_max = OUTPUT_MAX};
    cleanup_program_end struct program_end end = {0};
    int r = program_run_within(&program, FILESTORE_CREDENTIAL_TIMEOUT, &end, e);
    if (r == ERR_NOT_FOUND)
        return err_set(e, ERR_UNIMPLEMENTED,
                       PROGRAM
                       " isn't installed (it belongs to systemd, version 250 on)");
    if (r)
        return r;
    if (end.status)
        return failed(&end.errors, e);
    return buf_append(out, buf_str(&end.output), end.output.len) ? err_no_memory(e) : 0;
}

/* ---- what the key's file needs ---- */

/* Base64 in lines, which neither a key of age's nor one that is encrypted by age is. */
bool filestore_is_credential(const struct buf *file)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789+/=\n";
    return file->len && strspn(buf_str(file), alphabet) == file->len;
}

int filestore_credential_open(const struct buf *file, struct buf *out, struct err *e)
{
    return run("decrypt", file, out, e);
}

/* What can't be opened again must not take the key's place. */
int filestore_credential_seal(const struct buf *text, struct buf *out, struct err *e)
{
    cleanup_buf struct buf again = BUF_INIT;
    int r = run("encrypt", text, out, e);
    if (!r)
        r = run("decrypt", out, &again, e);
    if (r)
        return r;
    if (!filestore_is_credential(out) || again.len != text->len ||
        memcmp(buf_str(&again), buf_str(text), text->len) != 0)
        return err_set(e, ERR_IO, PROGRAM " doesn't give back what it was given");
    return 0;
}
