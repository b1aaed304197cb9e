/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Docker's command line doesn't hand on SIGTERM and SIGINT that it gets: it closes a
 * socket that it made for its plugins. The connection to that socket, or -1 when there is
 * none; its end is the word that we shall end. The name is read from the environment.
 */
int docker_socket_open(void);
