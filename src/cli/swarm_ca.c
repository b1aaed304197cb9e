/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/swarm_private.h"

#include <string.h>

#include "cli/output.h"

const struct flag swarm_ca_flags[] = {
    {"ca-cert", 0, &flag_string, "", NULL,
     "a root certificate of your own is not supported"},
    {"ca-key", 0, &flag_string, "", NULL, "a root key of your own is not supported"},
    {"cert-expiry", 0, &flag_duration,
     "Validity period for node certificates (ns|us|ms|s|m|h)", "2160h0m0s", NULL},
    {"detach", 'd', &flag_switch,
     "Say nothing of a rotation that goes on in the background", NULL, NULL},
    {"external-ca", 0, &flag_string, "", NULL,
     "external certificate authorities are not supported"},
    {"quiet", 'q', &flag_switch, "Suppress progress output", NULL, NULL},
    {"rotate", 0, &flag_switch, "Ask the manager for a new root CA", NULL, NULL},
    {0},
};

static void print_root(const json_t *cluster)
{
    const char *root = field_string(cluster, "TLSInfo.TrustRoot");
    size_t n = strlen(root);
    while (n > 0 && root[n - 1] == '\n')
        n--;
    printf("%.*s\n", (int)n, root);
}

/* A number that rises asks for a new root; whether that can be is the manager's to say.
 */
static int rotate(struct cli *c, json_t *cluster, struct err *e)
{
    json_t *spec = field_object(cluster, "Spec");
    int64_t so_far = field_int(spec, "CAConfig.ForceRotate");
    int r = swarm_change_spec(spec, &c->flags, e);
    if (!r && field_set_int(spec, "CAConfig.ForceRotate", so_far + 1))
        r = err_no_memory(e);
    if (!r)
        r = swarm_post_update(c, cluster, "", e);
    if (r)
        return r;
    if (!flags_switch(&c->flags, "detach") && !flags_switch(&c->flags, "quiet"))
        fputs("The rotation goes on in the background.\n", stderr);
    return 0;
}

int swarm_run_ca(struct cli *c, struct err *e)
{
    cleanup_json json_t *cluster = NULL;
    int r = client_get(c->client, "/swarm", &cluster, e);
    if (r)
        return r;
    if (flags_switch(&c->flags, "rotate"))
        return rotate(c, cluster, e);
    if (flags_has(&c->flags, "cert-expiry"))
        return err_set(
            e, ERR_INVALID_ARGUMENT,
            "`--cert-expiry` flag requires the `--rotate` flag to update the CA");
    if (!*field_string(cluster, "TLSInfo.TrustRoot"))
        puts("No CA information available");
    else
        print_root(cluster);
    return 0;
}
