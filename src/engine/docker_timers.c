/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Podman has no daemon that could run health checks. Where systemd runs it makes a timer
 * for each container, at its start; elsewhere, or when its environment has
 * DISABLE_HC_SYSTEMD=true, it leaves them to whoever asks. Podman 4.3 finds out by trying
 * systemd's bus, later ones by the folder that is looked at here: systemd makes it when
 * it boots a machine (sd_booted).
 */
#include "engine/docker_timers.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#define ENVIRONMENT_MAX ((size_t)1 << 20)

/* Has a list of NUL-terminated strings this one? */
static bool has_variable(const struct buf *list, const char *variable)
{
    for (size_t at = 0; at < list->len; at += strlen(list->data + at) + 1) {
        if (str_equal(list->data + at, variable))
            return true;
    }
    return false;
}

bool docker_has_timers(const char *process)
{
    cleanup_free char *systemd = str_format("%s/root/run/systemd/system", process);
    cleanup_free char *path = str_format("%s/environ", process);
    cleanup_buf struct buf environment = BUF_INIT;
    if (!systemd || !path || access(systemd, F_OK))
        return false;
    return file_read(path, ENVIRONMENT_MAX, &environment, NULL) != 0 ||
           !has_variable(&environment, "DISABLE_HC_SYSTEMD=true");
}

bool docker_runs_health_checks(enum docker_kind kind, pid_t pid)
{
    char process[32];
    snprintf(process, sizeof(process), "/proc/%d", pid ? (int)pid : 1);
    return kind != DOCKER_PODMAN || docker_has_timers(process);
}
