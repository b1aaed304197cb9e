/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/doctor/doctor.h"

/* Where a program is that PATH (or a usual folder of root's) has. */
static bool find_program(const char *name, char *out, size_t size)
{
    const char *path = getenv("PATH");
    char folders[4096];
    snprintf(folders, sizeof(folders), "%s:/usr/local/sbin:/usr/sbin:/sbin",
             path ? path : "/usr/local/bin:/usr/bin:/bin");
    for (const char *p = folders; *p;) {
        int n = (int)strcspn(p, ":");
        snprintf(out, size, "%.*s/%s", n, p, name);
        if (access(out, X_OK) == 0)
            return true;
        p += n + (p[n] == ':');
    }
    return false;
}

/* Has a folder with a cgroup v2 mount controllers? */
static bool has_controllers(const struct doctor *d, const char *path)
{
    char controllers[4096];
    return doctor_read_line(d, path, controllers, sizeof(controllers)) && *controllers;
}

void doctor_check_runtime(struct doctor *d, const char *crun, const char *runc)
{
    const char *why = NULL;
    if (has_controllers(d, "/sys/fs/cgroup/unified/cgroup.controllers"))
        why = "cgroup controllers of both versions are in use";
    else if (has_controllers(d, "/sys/fs/cgroup/cgroup.controllers") &&
             !doctor_may_raise_limits(d))
        why = "it lifts the limit of locked memory, which no process here may";
    if (!crun && !runc)
        doctor_add(d, DOCTOR_FAIL, "OCI runtime", "Install one: apt install crun.",
                   "neither crun nor runc is installed");
    else if (!why || !crun)
        doctor_add(d, DOCTOR_OK, "OCI runtime", NULL, "%s", crun ? crun : runc);
    else if (runc)
        doctor_add(d, DOCTOR_OK, "OCI runtime", NULL,
                   "%s; crun can't start containers here: %s", runc, why);
    else
        doctor_add(d, DOCTOR_FAIL, "OCI runtime", "Install runc: apt install runc.",
                   "crun can't start containers here: %s", why);
}

void doctor_check_programs(struct doctor *d)
{
    char podman[512], dockerd[512], crun[512], runc[512];
    bool has_podman = find_program("podman", podman, sizeof(podman));
    bool has_dockerd = find_program("dockerd", dockerd, sizeof(dockerd));
    bool has_crun = find_program("crun", crun, sizeof(crun));
    bool has_runc = find_program("runc", runc, sizeof(runc));
    if (has_podman)
        doctor_add(d, DOCTOR_OK, "Podman", NULL, "%s", podman);
    else if (has_dockerd)
        doctor_add(d, DOCTOR_OK, "dockerd",
                   "Tell cofferd of it: --engine "
                   "unix:///var/run/docker.sock.",
                   "%s; Podman is not installed", dockerd);
    else
        doctor_add(d, DOCTOR_FAIL, "container engine", "Install one: apt install podman.",
                   "neither podman nor dockerd is installed");
    doctor_check_runtime(d, has_crun ? crun : NULL, has_runc ? runc : NULL);
}
