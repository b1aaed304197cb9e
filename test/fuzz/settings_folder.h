/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder of settings for one run of the program, removed at its end. */
static char fuzz_folder[64];

static void fuzz_file(char *out, size_t size, const char *name)
{
    snprintf(out, size, "%s/%s", fuzz_folder, name);
}

static void fuzz_remove_folder(void)
{
    static const char *const names[] = {"engine.conf", "plugins/x.conf", "plugins", ""};
    char path[96];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        fuzz_file(path, sizeof(path), names[i]);
        (void)remove(path);
    }
}

static void fuzz_make_folder(void)
{
    char path[96];
    if (*fuzz_folder)
        return;
    snprintf(fuzz_folder, sizeof(fuzz_folder), "/tmp/coffer-fuzz-XXXXXX");
    if (!mkdtemp(fuzz_folder))
        abort();
    fuzz_file(path, sizeof(path), "plugins");
    if (mkdir(path, 0700) || setenv("COFFER_HOME", fuzz_folder, 1) ||
        setenv("HOME", fuzz_folder, 1) || atexit(fuzz_remove_folder))
        abort();
}

/* A new file each time: some file systems sync one that is written over. */
static void fuzz_write(const char *name, const void *data, size_t n)
{
    char path[96];
    fuzz_file(path, sizeof(path), name);
    (void)remove(path);
    FILE *f = fopen(path, "we");
    if (!f || fwrite(data, 1, n, f) != n || fchmod(fileno(f), 0600) || fclose(f))
        abort();
}
