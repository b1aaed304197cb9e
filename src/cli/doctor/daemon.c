/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "cli/doctor/doctor.h"

static void check_socket(struct doctor *d)
{
    struct stat st;
    const char *path = client_socket(d->cli->client);
    if (lstat(path, &st)) {
        doctor_add(d, DOCTOR_FAIL, "socket", "Start cofferd: systemctl start coffer.",
                   "%s: %s", path, strerror(errno));
        return;
    }
    const struct group *group = getgrgid(st.st_gid);
    if (!S_ISSOCK(st.st_mode))
        doctor_add(d, DOCTOR_FAIL, "socket", "Remove it and start cofferd.",
                   "%s is no socket", path);
    else if (st.st_mode & S_IRWXO)
        doctor_add(d, DOCTOR_FAIL, "socket",
                   "Whoever may use it is root on this machine: chmod 0660.",
                   "%s is open to every user (mode %04o)", path, st.st_mode & 07777);
    else
        doctor_add(d, DOCTOR_OK, "socket", NULL, "%s, mode %04o, group %s", path,
                   st.st_mode & 07777, group ? group->gr_name : "unknown");
}

/* The name and version of each part that /version tells. */
static void tell_components(struct doctor *d, const json_t *version)
{
    const json_t *all = field_get(version, "Components");
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *one = json_array_get(all, i);
        const char *text = field_string(one, "Version");
        doctor_add(d, DOCTOR_OK, "version", NULL, "%s %.*s", field_string(one, "Name"),
                   (int)strcspn(text, "\n"), text);
    }
}

static void check_swarm(struct doctor *d)
{
    const char *state = field_string(d->info, "Swarm.LocalNodeState");
    const char *error = field_string(d->info, "Swarm.Error");
    if (*error)
        doctor_add(d, DOCTOR_FAIL, "swarm", NULL, "%s: %s", state, error);
    else if (str_equal(state, "active"))
        doctor_add(d, DOCTOR_OK, "swarm", NULL, "this node is %s of it",
                   field_bool(d->info, "Swarm.ControlAvailable") ? "a manager"
                                                                 : "a worker");
    else
        doctor_add(d, DOCTOR_WARN, "swarm", "Run `coffer swarm init`.",
                   "this node is %s: there are no services and secrets", state);
}

static void tell_warnings(struct doctor *d)
{
    const json_t *all = field_get(d->info, "Warnings");
    for (size_t i = 0; i < json_array_size(all); i++) {
        const char *text = json_string_value(json_array_get(all, i));
        doctor_add(d, DOCTOR_WARN, "daemon", NULL, "%s", text ? text : "");
    }
}

void doctor_check_daemon(struct doctor *d)
{
    struct err e = {0};
    cleanup_json json_t *version = NULL;
    check_socket(d);
    int r = client_get(d->cli->client, "/info", &d->info, &e);
    if (r == ERR_UNAVAILABLE || r == ERR_PERMISSION_DENIED) {
        doctor_add(d, DOCTOR_FAIL, "daemon",
                   "Start cofferd; its log says what is wrong: journalctl -u coffer.",
                   "%s", err_text(&e));
        return;
    }
    if (r) {
        doctor_add(d, DOCTOR_FAIL, "engine",
                   "cofferd runs, its container engine doesn't answer: look at the log, "
                   "journalctl -u coffer -u coffer-podman.",
                   "%s", err_text(&e));
        return;
    }
    if (client_get(d->cli->client, "/version", &version, &e) == 0)
        tell_components(d, version);
    check_swarm(d);
    tell_warnings(d);
}
