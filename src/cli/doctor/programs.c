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
    if (has_crun || has_runc)
        doctor_add(d, DOCTOR_OK, "OCI runtime", NULL, "%s", has_crun ? crun : runc);
    else
        doctor_add(d, DOCTOR_FAIL, "OCI runtime", "Install one: apt install crun.",
                   "neither crun nor runc is installed");
}
