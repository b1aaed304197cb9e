/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * systemd's two plain protocols (sd_notify(3), sd_listen_fds(3)), without its library.
 * Without a service manager both do nothing.
 */

/* Tells the service manager a state: "READY=1", "STOPPING=1", "STATUS=...". */
void notify_send(const char *state);

/* How many listening sockets were handed over: they are the descriptors from
 * NOTIFY_FIRST_FD on. Asked once. */
#define NOTIFY_FIRST_FD 3
int notify_listen_fds(void);
