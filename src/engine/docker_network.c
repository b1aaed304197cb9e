/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network side of a task's container: published ports in host mode, names and name
 * servers, and the node's own networks.
 */
#include "engine/docker_create.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/docker_json.h"

/* "IP NAME ALIAS..." in a specification is "NAME:IP" for each name in the API. */
static int append_host(const char *entry, json_t *hosts)
{
    size_t n = strcspn(entry, " \t");
    const char *rest = entry + n;
    int r = 0;
    while (!r && *(rest += strspn(rest, " \t"))) {
        size_t name = strcspn(rest, " \t");
        cleanup_free char *text = str_format("%.*s:%.*s", (int)name, rest, (int)n, entry);
        r = text ? docker_json_append_string(hosts, text) : ERR_NO_MEMORY;
        rest += name;
    }
    return r;
}

static int put_hosts(const Swarm__ContainerSpec *spec, json_t *host)
{
    if (!spec->n_hosts)
        return 0;
    json_t *hosts = json_array();
    int r = docker_json_put(host, "ExtraHosts", hosts);
    for (size_t i = 0; i < spec->n_hosts && !r; i++)
        r = append_host(spec->hosts[i], hosts);
    return r;
}

static int put_dns(const Swarm__ContainerSpec__DNSConfig *d, json_t *host)
{
    if (!d)
        return 0;
    int r = docker_json_put_texts(host, "Dns", d->n_nameservers, d->nameservers);
    r = r ?: docker_json_put_texts(host, "DnsSearch", d->n_search, d->search);
    return r ?: docker_json_put_texts(host, "DnsOptions", d->n_options, d->options);
}

static const char *protocol_name(Swarm__PortConfig__Protocol p)
{
    if (p == SWARM__PORT_CONFIG__PROTOCOL__UDP)
        return "udp";
    return p == SWARM__PORT_CONFIG__PROTOCOL__SCTP ? "sctp" : "tcp";
}

static int put_port(const Swarm__PortConfig *p, json_t *exposed, json_t *bindings)
{
    char port[32], published[16] = "";
    snprintf(port, sizeof(port), "%u/%s", p->target_port, protocol_name(p->protocol));
    int r = docker_json_put(exposed, port, json_object());
    if (r || p->publish_mode != SWARM__PORT_CONFIG__PUBLISH_MODE__HOST)
        return r;
    if (p->published_port)
        snprintf(published, sizeof(published), "%u", p->published_port);
    json_t *list = json_object_get(bindings, port);
    if (!list) {
        list = json_array();
        r = docker_json_put(bindings, port, list);
    }
    return r ?: docker_json_append(list, json_pack("{ss}", "HostPort", published));
}

static int put_ports(const Swarm__Task *task, json_t *body, json_t *host)
{
    const Swarm__Endpoint *endpoint = task->endpoint;
    if (!endpoint || !endpoint->n_ports)
        return 0;
    json_t *exposed = json_object();
    int r = docker_json_put(body, "ExposedPorts", exposed);
    if (r)
        return r;
    json_t *bindings = json_object();
    r = docker_json_put(host, "PortBindings", bindings);
    for (size_t i = 0; i < endpoint->n_ports && !r; i++)
        r = put_port(endpoint->ports[i], exposed, bindings);
    return r;
}

static const char *attached_name(const Swarm__NetworkAttachment *a)
{
    if (!a->network || !a->network->spec || !a->network->spec->annotations)
        return "";
    return a->network->spec->annotations->name;
}

static int put_network_mode(const Swarm__Task *task, json_t *host, struct err *e)
{
    for (size_t i = 0; i < task->n_networks; i++) {
        const char *name = attached_name(task->networks[i]);
        if (!network_driver(name))
            return err_set(e, ERR_UNIMPLEMENTED,
                           "network %s: this node has no overlay networks", name);
    }
    if (task->n_networks > 1)
        return err_set(e, ERR_UNIMPLEMENTED,
                       "a task can't be in more than one network of the engine's own");
    if (!task->n_networks)
        return 0;
    return docker_json_put_text(host, "NetworkMode", attached_name(task->networks[0]));
}

int docker_create_network(const struct engine_container *c, json_t *body, json_t *host,
                          struct err *e)
{
    const Swarm__ContainerSpec *spec = c->task->spec->container;
    int r = put_network_mode(c->task, host, e);
    if (r)
        return r;
    r = put_hosts(spec, host);
    r = r ?: put_dns(spec->dns_config, host);
    r = r ?: put_ports(c->task, body, host);
    if (r == ERR_NO_MEMORY)
        return err_no_memory(e);
    return r ? err_set(e, r, "hosts, names or name servers are not UTF-8") : 0;
}
