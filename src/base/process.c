/* SPDX-License-Identifier: Apache-2.0 */
#include "base/process.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/str.h"

/* A line has its number in each namespace from ours inwards: "NSpid: 1234 1". It stands
 * behind one of all groups, which has no bound of its own. */
static bool is_inside(FILE *status)
{
    static const char key[] = "NSpid:\t";
    cleanup_free char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, status) > 0) {
        const char *numbers = line + sizeof(key) - 1;
        if (str_starts_with(line, key))
            return numbers[strspn(numbers, "0123456789")] != '\n';
    }
    return true;
}

const char *process_stat_word(const char *text, unsigned n)
{
    const char *at = strrchr(text, ')');
    for (; at && n; n--) {
        at = strchr(at, ' ');
        at = at && at[1] && at[1] != ' ' ? at + 1 : NULL;
    }
    return at;
}

bool process_is_elsewhere(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *status = fopen(path, "re");
    if (!status)
        return true;
    bool r = is_inside(status);
    (void)fclose(status);
    return r;
}

bool process_has_other_users(pid_t pid)
{
    char path[64];
    struct stat own, its;
    snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
    return stat("/proc/self/ns/user", &own) || stat(path, &its) ||
           own.st_dev != its.st_dev || own.st_ino != its.st_ino;
}
