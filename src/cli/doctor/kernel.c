/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "base/str.h"
#include "cli/doctor/doctor.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
#define CGROUP2_MAGIC 0x63677270
/* This program was not written before 2025. */
#define EARLIEST_NOW (INT64_C(1735689600) * CLOCK_SECOND)

static bool parse_version(const char *release, unsigned long *major, unsigned long *minor)
{
    char *end;
    *major = strtoul(release, &end, 10);
    if (end == release || *end != '.')
        return false;
    const char *rest = end + 1;
    *minor = strtoul(rest, &end, 10);
    return end != rest;
}

static void check_version(struct doctor *d)
{
    struct utsname name;
    unsigned long major = 0, minor = 0;
    if (uname(&name) || !parse_version(name.release, &major, &minor)) {
        doctor_add(d, DOCTOR_WARN, "kernel", NULL, "its version can't be read");
        return;
    }
    if (major < 5 || (major == 5 && minor < 3))
        doctor_add(d, DOCTOR_FAIL, "kernel", "Run Linux 5.3 or newer (pidfd).",
                   "Linux %s", name.release);
    else
        doctor_add(d, DOCTOR_OK, "kernel", NULL, "Linux %s", name.release);
}

static void check_cgroups(struct doctor *d)
{
    struct statfs fs;
    struct stat st;
    if (statfs(CGROUP_ROOT, &fs)) {
        doctor_add(d, DOCTOR_FAIL, "cgroups", "Mount cgroup2 at " CGROUP_ROOT ".",
                   "nothing is mounted at " CGROUP_ROOT);
        return;
    }
    if ((unsigned long)fs.f_type == CGROUP2_MAGIC) {
        doctor_add(d, DOCTOR_OK, "cgroups", NULL, "version 2");
        return;
    }
    bool hybrid = stat(CGROUP_ROOT "/unified", &st) == 0 &&
                  statfs(CGROUP_ROOT "/unified", &fs) == 0 &&
                  (unsigned long)fs.f_type == CGROUP2_MAGIC;
    if (hybrid)
        doctor_add(d, DOCTOR_WARN, "cgroups",
                   "Version 2 alone is better: boot with "
                   "systemd.unified_cgroup_hierarchy=1. Podman needs "
                   "cgroup_manager=cgroupfs here.",
                   "versions 1 and 2 side by side (hybrid)");
    else
        doctor_add(d, DOCTOR_WARN, "cgroups",
                   "Version 1 still works, with cgroup_manager=cgroupfs for Podman; "
                   "version 2 is better.",
                   "version 1");
}

static void check_core_dumps(struct doctor *d)
{
    char pattern[256];
    if (!doctor_read_line(d, "/proc/sys/kernel/core_pattern", pattern, sizeof(pattern)))
        return;
    if (!*pattern || str_equal(pattern, "|/bin/false"))
        doctor_add(d, DOCTOR_OK, "core dumps", NULL, "none are kept");
    else
        doctor_add(
            d, DOCTOR_WARN, "core dumps",
            "cofferd makes none of itself, but a program in a container may: its "
            "core has the secrets it has read. Limit them (--ulimit core=0) or set "
            "kernel.core_pattern=|/bin/false.",
            "programs that crash are written to '%s'", pattern);
}

static void check_time(struct doctor *d)
{
    if (output_now() < EARLIEST_NOW)
        doctor_add(d, DOCTOR_FAIL, "time",
                   "Set the clock: certificates are not valid yet, and delays are wrong.",
                   "the clock stands before 2025");
    else
        doctor_add(d, DOCTOR_OK, "time", NULL, "the clock looks sane");
}

void doctor_check_kernel(struct doctor *d)
{
    check_version(d);
    check_cgroups(d);
    check_core_dumps(d);
    check_time(d);
}
