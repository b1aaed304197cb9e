/* SPDX-License-Identifier: Apache-2.0 */
#include "base/path.h"

#include <string.h>

#include "base/str.h"

bool path_is_within(const char *path, const char *directory)
{
    if (str_equal(directory, "/"))
        return path[0] == '/';
    size_t n = strlen(directory);
    return str_starts_with(path, directory) && (path[n] == '/' || !path[n]);
}
