/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/err.h"
#include "objects/objects.h"

/* The port on which managers are reached, as Docker has it. */
#define ADDRESS_SWARM_PORT 2377

/*
 * The address of a manager as other nodes are told it, "host:port": from what the user
 * said (an address or an interface's name, either with ":port" or without), or, when that
 * is empty, the first address of this machine that isn't loopback's. ERR_INVALID_ARGUMENT
 * with Docker's text when there is none or it isn't one.
 */
int address_resolve(const char *said, char *out, size_t size, struct err *e) MUST_CHECK;

/* The host part of "host:port", without the brackets of an IPv6 address. */
void address_host(const char *addr, char *out, size_t size);
