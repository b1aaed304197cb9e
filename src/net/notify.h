/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * systemd's two plain protocols (sd_notify(3), sd_listen_fds(3)), without its library.
 * Without a service manager both do nothing.
 */

/* Tells the service manager a state: "READY=1", "STOPPING=1", "STATUS=...". */
void notify_send(const char *state);

/*
 * How many listening sockets were handed to this process: they are the descriptors from
 * NOTIFY_FIRST_FD on. A number that isn't one, or above HTTP_SERVER_LISTENERS_MAX, counts
 * as none.
 */
#define NOTIFY_FIRST_FD 3
unsigned notify_passed_fds(void);

/* The same; children, and whoever asks again, are told of none. */
unsigned notify_take_fds(void);
