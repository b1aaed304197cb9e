/* SPDX-License-Identifier: Apache-2.0 */
#include "manager/constraint.h"

#include <arpa/inet.h>

#include "base/str.h"

#define NODE_LABELS "node.labels."
#define ENGINE_LABELS "engine.labels."

/* The longest text of an address or a subnet, with its NUL. */
#define SUBNET_TEXT_SIZE 64

static bool equal_nocase(const char *text, const char *part, size_t n)
{
    return strlen(text) == n && strncasecmp(text, part, n) == 0;
}

static bool key_is(const struct constraint *c, const char *key)
{
    return equal_nocase(key, c->key, c->key_len);
}

static bool value_holds(const struct constraint *c, const char *actual)
{
    return equal_nocase(actual ? actual : "", c->value, c->value_len) != c->is_negated;
}

/* ---- addresses ---- */

struct address {
    uint8_t bytes[16];
    unsigned bits; /* 32 or 128 */
};

static bool address_parse(const char *text, struct address *out)
{
    if (inet_pton(AF_INET, text, out->bytes) == 1)
        out->bits = 32;
    else if (inet_pton(AF_INET6, text, out->bytes) == 1)
        out->bits = 128;
    else
        return false;
    return true;
}

/* Are the first n bits of both the same? */
static bool prefix_equal(const struct address *a, const struct address *b, unsigned n)
{
    if (memcmp(a->bytes, b->bytes, n / 8) != 0)
        return false;
    unsigned rest = n % 8;
    return rest == 0 || (a->bytes[n / 8] ^ b->bytes[n / 8]) >> (8 - rest) == 0;
}

/* text is an address, or a subnet "10.0.0.0/8". */
static bool subnet_parse(char *text, struct address *net, unsigned *prefix)
{
    uint64_t n;
    char *slash = strchr(text, '/');
    if (slash)
        *slash = '\0';
    if (!address_parse(text, net))
        return false;
    *prefix = net->bits;
    if (!slash)
        return true;
    if (!str_to_u64(slash + 1, &n) || n > net->bits)
        return false;
    *prefix = (unsigned)n;
    return true;
}

static bool address_holds(const struct constraint *c, const char *actual)
{
    char text[SUBNET_TEXT_SIZE];
    struct address net, node;
    unsigned prefix;
    if (c->value_len >= sizeof(text))
        return false;
    memcpy(text, c->value, c->value_len);
    text[c->value_len] = '\0';
    if (!subnet_parse(text, &net, &prefix))
        return false;
    bool is_within = address_parse(actual ? actual : "", &node) &&
                     node.bits == net.bits && prefix_equal(&net, &node, prefix);
    return is_within != c->is_negated;
}

/* ---- keys ---- */

/* The value of the label whose name follows the prefix in the constraint's key. */
static bool label_holds(const struct constraint *c, size_t prefix, size_t n,
                        Swarm__Pair *const *labels)
{
    const char *name = c->key + prefix;
    size_t len = c->key_len - prefix;
    const char *value = "";
    for (size_t i = 0; i < n; i++)
        if (strlen(labels[i]->key) == len && memcmp(labels[i]->key, name, len) == 0)
            value = labels[i]->value;
    return value_holds(c, value);
}

static bool key_has_prefix(const struct constraint *c, const char *prefix)
{
    size_t n = strlen(prefix);
    return c->key_len > n && strncasecmp(c->key, prefix, n) == 0;
}

static bool described_holds(const struct constraint *c, const Swarm__NodeDescription *d)
{
    const Swarm__Platform *platform = d ? d->platform : NULL;
    if (key_is(c, "node.hostname"))
        return value_holds(c, d ? d->hostname : "");
    if (key_is(c, "node.platform.os"))
        return value_holds(c, platform ? platform->os : "");
    if (key_is(c, "node.platform.arch"))
        return value_holds(c, platform ? platform->architecture : "");
    if (key_has_prefix(c, ENGINE_LABELS))
        return label_holds(c, strlen(ENGINE_LABELS),
                           d && d->engine ? d->engine->n_labels : 0,
                           d && d->engine ? d->engine->labels : NULL);
    return false;
}

static bool holds(const struct constraint *c, const Swarm__Node *n)
{
    if (key_is(c, "node.id"))
        return value_holds(c, n->id);
    if (key_is(c, "node.ip"))
        return address_holds(c, n->status->addr);
    if (key_is(c, "node.role"))
        return value_holds(c,
                           n->role == SWARM__NODE_ROLE__MANAGER ? "manager" : "worker");
    if (key_has_prefix(c, NODE_LABELS))
        return label_holds(c, strlen(NODE_LABELS), n->spec->annotations->n_labels,
                           n->spec->annotations->labels);
    return described_holds(c, n->description);
}

bool constraints_allow(const Swarm__Placement *placement, const Swarm__Node *n)
{
    for (size_t i = 0; placement && i < placement->n_constraints; i++) {
        struct constraint c;
        if (constraint_parse(placement->constraints[i], &c, NULL) || !holds(&c, n))
            return false;
    }
    return true;
}
