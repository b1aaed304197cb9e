/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static bool part_is(const char *part, size_t n, const char *text)
{
    return n == strlen(text) && memcmp(part, text, n) == 0;
}

/* Takes the last part off. */
static size_t up(const char *path, size_t len)
{
    while (len && path[--len] != '/')
        ;
    return len;
}

char *path_clean(const char *path)
{
    char *clean = malloc(strlen(path) + 2);
    size_t len = 0;
    if (!clean)
        return NULL;
    while (*path) {
        size_t n = strcspn(path, "/");
        if (part_is(path, n, "..")) {
            len = up(clean, len);
        } else if (n && !part_is(path, n, ".")) {
            clean[len++] = '/';
            memcpy(clean + len, path, n);
            len += n;
        }
        path += n + (path[n] == '/');
    }
    if (!len)
        clean[len++] = '/';
    clean[len] = '\0';
    return clean;
}

bool path_is_within(const char *path, const char *directory)
{
    if (str_equal(directory, "/"))
        return path[0] == '/';
    size_t n = strlen(directory);
    return str_starts_with(path, directory) && (path[n] == '/' || !path[n]);
}
