/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>

#include "base/str.h"

#define HOST_SIZE INET6_ADDRSTRLEN

static bool is_ip(const char *s)
{
    struct in6_addr any;
    return inet_pton(AF_INET, s, &any) == 1 || inet_pton(AF_INET6, s, &any) == 1;
}

/* An address of this machine: of one interface, or (NULL) of the first that isn't
 * loopback. IPv4 goes first. */
static bool find_interface_address(const char *name, char out[HOST_SIZE])
{
    struct ifaddrs *all;
    bool found = false;
    if (getifaddrs(&all))
        return false;
    for (int family = AF_INET; !found; family = AF_INET6) {
        for (struct ifaddrs *i = all; i && !found; i = i->ifa_next) {
            if (!i->ifa_addr || i->ifa_addr->sa_family != family ||
                !(i->ifa_flags & IFF_UP))
                continue;
            if (name ? !str_equal(i->ifa_name, name) : (i->ifa_flags & IFF_LOOPBACK) != 0)
                continue;
            socklen_t n = family == AF_INET ? sizeof(struct sockaddr_in)
                                            : sizeof(struct sockaddr_in6);
            found = !getnameinfo(i->ifa_addr, n, out, HOST_SIZE, NULL, 0, NI_NUMERICHOST);
        }
        if (family == AF_INET6)
            break;
    }
    freeifaddrs(all);
    return found;
}

/* Splits "host:port" and "[v6]:port"; a bare IPv6 address has no port. */
static bool split(const char *said, char host[HOST_SIZE], uint64_t *port)
{
    *port = ADDRESS_SWARM_PORT;
    const char *end = said[0] == '[' ? strchr(said, ']') : strchr(said, ':');
    if (said[0] != '[' && (!end || strchr(end + 1, ':'))) {
        strcpy_cut(host, HOST_SIZE, said);
        return strlen(said) < HOST_SIZE;
    }
    const char *start = said[0] == '[' ? said + 1 : said;
    if (!end || (size_t)(end - start) >= HOST_SIZE)
        return false;
    memcpy(host, start, (size_t)(end - start));
    host[end - start] = '\0';
    const char *rest = said[0] == '[' ? end + 1 : end;
    if (!*rest)
        return true;
    return *rest == ':' && str_to_u64(rest + 1, port) && *port > 0 && *port < 65536;
}

/* An address stays as it is, an interface's name becomes its address. */
static bool resolve_host(const char *name, char out[HOST_SIZE])
{
    if (!is_ip(name))
        return find_interface_address(name, out);
    strcpy_cut(out, HOST_SIZE, name);
    return true;
}

int address_resolve(const char *said, char *out, size_t size, struct err *e)
{
    char host[HOST_SIZE], name[HOST_SIZE];
    uint64_t port = ADDRESS_SWARM_PORT;
    if (str_is_empty(said)) {
        /* A machine without a network is a swarm of its own all the same. */
        if (!find_interface_address(NULL, host))
            strcpy_cut(host, sizeof(host), "127.0.0.1");
    } else if (!split(said, name, &port) || !resolve_host(name, host)) {
        return err_set(
            e, ERR_INVALID_ARGUMENT,
            "advertise address must be a non-zero IP address or network interface "
            "(with optional port number)");
    }
    if (str_equal(host, "0.0.0.0") || str_equal(host, "::"))
        return err_set(
            e, ERR_INVALID_ARGUMENT,
            "advertise address must be a non-zero IP address or network interface "
            "(with optional port number)");
    snprintf(out, size, strchr(host, ':') ? "[%s]:%d" : "%s:%d", host, (int)port);
    return 0;
}

void address_host(const char *addr, char *out, size_t size)
{
    bool has_brackets = addr[0] == '[';
    strcpy_cut(out, size, addr + has_brackets);
    char *end = has_brackets ? strchr(out, ']') : strrchr(out, ':');
    if (end)
        *end = '\0';
}
