/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include "base/err.h"

/*
 * Where an engine listens, and connections to it. Abstract names are those of the kernel:
 * a NUL, the name, and no NUL behind it.
 */
struct sdk_socket {
    struct sockaddr_un address;
    socklen_t size;
};

/* In the order they are to be tried. */
#define SDK_SOCKETS_MAX 6

struct sdk_sockets {
    struct sdk_socket items[SDK_SOCKETS_MAX];
    size_t n;
};

/* Long enough for the words for any address. */
#define SDK_SOCKET_TEXT_SIZE 112

/* "/run/x" or "@name", fit to be shown. Returns out. */
const char *sdk_socket_text(const struct sdk_socket *s, char out[SDK_SOCKET_TEXT_SIZE]);

/* From such a text. ERR_INVALID_ARGUMENT when it is empty, or too long for an address. */
int sdk_socket_parse(const char *text, struct sdk_socket *out, struct err *e) MUST_CHECK;

/*
 * The sockets of a user's engine, as coffer_client_new() documents; text (may be NULL) is
 * the only one when it is there. What doesn't fit an address is left out, but for what
 * was asked for: ERR_INVALID_ARGUMENT.
 */
int sdk_sockets_find(const char *text, uid_t uid, struct sdk_sockets *out,
                     struct err *e) MUST_CHECK;

/* Whose server is talked to. */
struct sdk_owner {
    uid_t uid; /* when it is our own: or root, but not behind an abstract name */
    bool is_any;
};

/*
 * Connects, and verifies whose server it is. The descriptor that *out becomes doesn't
 * block. With wait_ms < 0 the call doesn't either: an engine whose queue of connections
 * is full is ERR_UNAVAILABLE; otherwise it waits so long for a place there (0: without
 * limit). ERR_UNAVAILABLE, ERR_PERMISSION_DENIED (the socket is closed to us, or somebody
 * else's), ERR_DEADLINE_EXCEEDED.
 */
int sdk_socket_connect(const struct sdk_socket *s, const struct sdk_owner *owner,
                       int wait_ms, int *out, struct err *e) MUST_CHECK;

/*
 * The first of them where that works. ERR_UNAVAILABLE names all that were tried; a server
 * of somebody else's is passed over, but when there is no other: ERR_PERMISSION_DENIED.
 * Of several, an abstract name, which anybody may take, is never waited for, and somebody
 * else behind it is as if nobody were there. wait_ms is for all of them together.
 */
int sdk_sockets_connect(const struct sdk_sockets *all, const struct sdk_owner *owner,
                        int wait_ms, int *out, struct err *e) MUST_CHECK;
