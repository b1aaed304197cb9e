/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/doctor/doctor.h"

/* Linux's number of CAP_SYS_RESOURCE. */
#define SYS_RESOURCE_BIT 24
#define FILES_MIN 65536

/* The capabilities this process may have: the line "CapBnd:" of its status. */
static bool read_bounding_set(const struct doctor *d, unsigned long long *set)
{
    static const char name[] = "CapBnd:";
    char line[256];
    bool found = false;
    FILE *f = doctor_open(d, "/proc/self/status");
    while (f && !found && fgets(line, sizeof(line), f))
        found = str_starts_with(line, name);
    if (found)
        *set = strtoull(line + sizeof(name) - 1, NULL, 16);
    if (f)
        fclose(f);
    return found;
}

bool doctor_may_raise_limits(const struct doctor *d)
{
    unsigned long long set = 0;
    return !read_bounding_set(d, &set) || set >> SYS_RESOURCE_BIT & 1;
}

static void check_capabilities(struct doctor *d)
{
    unsigned long long set = 0;
    if (!read_bounding_set(d, &set))
        return;
    if (set >> SYS_RESOURCE_BIT & 1)
        doctor_add(d, DOCTOR_OK, "CAP_SYS_RESOURCE", NULL, "available");
    else
        doctor_add(
            d, DOCTOR_WARN, "CAP_SYS_RESOURCE",
            "No process here can raise a hard limit. cofferd lowers the limits of "
            "each container to what the engine may set; `--ulimit` can't go above.",
            "missing");
}

static void check_files(struct doctor *d)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    unsigned long long hard = limit.rlim_max;
    if (hard < FILES_MIN)
        doctor_add(d, DOCTOR_WARN, "open files",
                   "Raise the hard limit (LimitNOFILE= of the unit) when there are "
                   "thousands of clients or containers.",
                   "a process may have %llu", hard);
    else
        doctor_add(d, DOCTOR_OK, "open files", NULL, "a process may have %llu", hard);
}

static void check_user(struct doctor *d)
{
    if (geteuid() != 0)
        doctor_add(d, DOCTOR_WARN, "user", "Run `coffer doctor` as root to check all.",
                   "user %u: some checks are left out", (unsigned int)geteuid());
}

void doctor_check_limits(struct doctor *d)
{
    check_user(d);
    check_capabilities(d);
    check_files(d);
}
