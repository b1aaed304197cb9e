/* SPDX-License-Identifier: Apache-2.0 */
#include "manager/filter.h"

#include "base/str.h"
#include "manager/constraint.h"

static bool is_ready(const Swarm__Node *n)
{
    return n->status->state == SWARM__NODE_STATUS__STATE__READY &&
           n->spec->availability == SWARM__NODE_SPEC__AVAILABILITY__ACTIVE;
}

bool filter_fits(const Swarm__Node *node, const struct ledger_node *usage,
                 const Swarm__TaskSpec *spec)
{
    const Swarm__Resources *wanted =
        spec->resources ? spec->resources->reservations : NULL;
    if (!wanted || (wanted->nano_cpus <= 0 && wanted->memory_bytes <= 0))
        return true;
    const Swarm__Resources *has = node->description ? node->description->resources : NULL;
    int64_t cpus = (has ? has->nano_cpus : 0) - (usage ? usage->nano_cpus : 0);
    int64_t memory = (has ? has->memory_bytes : 0) - (usage ? usage->memory_bytes : 0);
    return wanted->nano_cpus <= (cpus > 0 ? cpus : 0) &&
           wanted->memory_bytes <= (memory > 0 ? memory : 0);
}

/* Docker and the kernel have different names for the same machine. */
static const char *common_name(const char *architecture)
{
    if (str_equal(architecture, "x86_64"))
        return "amd64";
    return str_equal(architecture, "aarch64") ? "arm64" : architecture;
}

static bool platform_is(const Swarm__Platform *wanted, const Swarm__Platform *actual)
{
    return (str_is_empty(wanted->os) || str_equal(wanted->os, actual->os)) &&
           (str_is_empty(wanted->architecture) ||
            str_equal(common_name(wanted->architecture),
                      common_name(actual->architecture)));
}

static bool is_for_platform(const Swarm__Node *n, const Swarm__Placement *placement)
{
    if (!placement || !placement->n_platforms)
        return true;
    const Swarm__Platform *actual = n->description ? n->description->platform : NULL;
    for (size_t i = 0; actual && i < placement->n_platforms; i++)
        if (platform_is(placement->platforms[i], actual))
            return true;
    return false;
}

enum filter filter_node(const Swarm__Node *node, const struct ledger_node *usage,
                        const Swarm__TaskSpec *spec)
{
    if (!is_ready(node))
        return FILTER_READY;
    if (!filter_fits(node, usage, spec))
        return FILTER_RESOURCES;
    if (!constraints_allow(spec->placement, node))
        return FILTER_CONSTRAINTS;
    return is_for_platform(node, spec->placement) ? FILTERS : FILTER_PLATFORM;
}

/* ---- explanation ---- */

static int explain_one(enum filter f, size_t n, struct buf *out)
{
    static const char *const reasons[FILTERS] = {
        [FILTER_RESOURCES] = "insufficient resources",
        [FILTER_CONSTRAINTS] = "scheduling constraints not satisfied",
        [FILTER_PLATFORM] = "unsupported platform",
    };
    const char *nodes = n == 1 ? "node" : "nodes";
    if (f == FILTER_READY)
        return buf_printf(out, "%zu %s not available for new tasks", n, nodes);
    return buf_printf(out, "%s on %zu %s", reasons[f], n, nodes);
}

/* Takes the filter that refused most nodes out of the tally; false when none is left. */
static bool take_most(struct filter_tally *tally, enum filter *f, size_t *n)
{
    *f = FILTER_READY;
    *n = 0;
    for (enum filter i = 0; i < FILTERS; i++)
        if (tally->refused[i] > *n) {
            *f = i;
            *n = tally->refused[i];
        }
    if (*n)
        tally->refused[*f] = 0;
    return *n > 0;
}

int filter_explain(const struct filter_tally *tally, struct buf *out)
{
    struct filter_tally left = *tally;
    enum filter f = FILTERS;
    size_t n, reasons = 0;
    int e = buf_append_str(out, "no suitable node");
    while (!e && take_most(&left, &f, &n)) {
        e = buf_append_str(out, reasons++ ? "; " : " (");
        if (!e)
            e = explain_one(f, n, out);
    }
    return e || !reasons ? e : buf_append_str(out, ")");
}
