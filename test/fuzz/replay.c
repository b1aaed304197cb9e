/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target over the files of a corpus folder, once each: what the fuzzer found
 * stays a test without it.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        return 1;
    }
    size_t cap = 1 << 20;
    uint8_t *data = malloc(cap);
    if (!data)
        abort();
    size_t len = fread(data, 1, cap, f);
    fclose(f);
    /* An exact block, so that a sanitizer sees a read one byte behind. */
    uint8_t *exact = malloc(len ? len : 1);
    if (!exact)
        abort();
    memcpy(exact, data, len);
    free(data);
    LLVMFuzzerTestOneInput(exact, len);
    free(exact);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
        return 2;
    }
    DIR *folder = opendir(argv[1]);
    if (!folder) {
        perror(argv[1]);
        return 1;
    }
    int files = 0, failed = 0;
    for (struct dirent *d; (d = readdir(folder));) {
        if (d->d_name[0] == '.')
            continue;
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s", argv[1], d->d_name);
        failed |= run_file(path);
        files++;
    }
    closedir(folder);
    if (!files) {
        fprintf(stderr, "%s: no files\n", argv[1]);
        return 1;
    }
    printf("%d files\n", files);
    return failed;
}
