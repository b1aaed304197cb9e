/* SPDX-License-Identifier: Apache-2.0 */
/* Specs of the cluster and of nodes, and what the cluster's spec gets where it is silent.
 */
#include "base/clock.h"
#include "base/str.h"
#include "objects/validate.h"

#define CLUSTER_NAME "default"
#define MIN_NODE_CERT_EXPIRY CLOCK_HOUR

static int certificates_validate(const Swarm__CAConfig *ca, struct err *e)
{
    if (!ca)
        return 0;
    if (message_duration(ca->node_cert_expiry, MIN_NODE_CERT_EXPIRY) <
        MIN_NODE_CERT_EXPIRY)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "minimum certificate expiry time is: 1h0m0s");
    if (ca->n_external_cas)
        return refuse(e, "an external certificate authority (--external-ca)",
                      "let the cluster issue its own certificates");
    if (ca->force_rotate || ca->signing_ca_cert.len || ca->signing_ca_key.len)
        return refuse(e, "a new root certificate (swarm ca --rotate)",
                      "leave ForceRotate, SigningCACert and SigningCAKey out");
    return duration_limit_validate(ca->node_cert_expiry, "certificate expiry time", e);
}

static int dispatcher_validate(const Swarm__DispatcherConfig *dispatcher, struct err *e)
{
    if (!dispatcher)
        return 0;
    if (message_duration(dispatcher->heartbeat_period, 0) < 0)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "heartbeat time period cannot be a negative duration");
    return duration_limit_validate(dispatcher->heartbeat_period, "heartbeat time period",
                                   e);
}

static int policies_validate(const Swarm__AcceptancePolicy *acceptance, struct err *e)
{
    for (size_t i = 0; acceptance && i < acceptance->n_policies; i++) {
        const Swarm__AcceptancePolicy__RoleAdmissionPolicy__Secret *secret =
            acceptance->policies[i]->secret;
        if (secret && !str_equal_nocase(secret->alg, "bcrypt"))
            return err_set(e, ERR_INVALID_ARGUMENT,
                           "hashing algorithm is not supported: %s", secret->alg);
    }
    return 0;
}

int cluster_spec_validate(const Swarm__ClusterSpec *spec, struct err *e)
{
    int r = certificates_validate(spec->ca_config, e);
    if (!r)
        r = policies_validate(spec->acceptance_policy, e);
    if (r)
        return r;
    if (spec->encryption_config && spec->encryption_config->auto_lock_managers)
        return refuse(e, "autolock (--autolock)", "leave AutoLockManagers false");
    r = dispatcher_validate(spec->dispatcher, e);
    if (r)
        return r;
    if (!spec->annotations || !str_equal(spec->annotations->name, CLUSTER_NAME))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "modification of cluster name is not allowed");
    r = annotations_validate(spec->annotations, e);
    return r ? r : spec_size_validate(&spec->base, SPEC_SIZE_LIMIT, "cluster spec", e);
}

int node_spec_validate(const Swarm__NodeSpec *spec, struct err *e)
{
    if (spec->desired_role != SWARM__NODE_ROLE__WORKER &&
        spec->desired_role != SWARM__NODE_ROLE__MANAGER)
        return err_set(e, ERR_INVALID_ARGUMENT, "invalid Role: \"%d\"",
                       (int)spec->desired_role);
    if (spec->availability > SWARM__NODE_SPEC__AVAILABILITY__DRAIN)
        return err_set(e, ERR_INVALID_ARGUMENT, "invalid Availability: \"%d\"",
                       (int)spec->availability);
    if (spec->membership > SWARM__NODE_SPEC__MEMBERSHIP__ACCEPTED)
        return err_set(e, ERR_INVALID_ARGUMENT, "invalid Membership: \"%d\"",
                       (int)spec->membership);
    return annotations_validate(spec->annotations, e);
}

static int default_orchestration(Swarm__ClusterSpec *spec)
{
    if (spec->orchestration)
        return 0;
    spec->orchestration = message_new(&swarm__orchestration_config__descriptor);
    if (!spec->orchestration)
        return ERR_NO_MEMORY;
    spec->orchestration->task_history_retention_limit = DEFAULT_TASK_HISTORY;
    return 0;
}

static void default_u64(uint64_t *field, uint64_t value)
{
    if (!*field)
        *field = value;
}

static void default_u32(uint32_t *field, uint32_t value)
{
    if (!*field)
        *field = value;
}

/* The numbers mean something to SwarmKit's Raft only; clients show them and send them
 * back. */
static int default_raft(Swarm__ClusterSpec *spec)
{
    if (!spec->raft)
        spec->raft = message_new(&swarm__raft_config__descriptor);
    if (!spec->raft)
        return ERR_NO_MEMORY;
    default_u64(&spec->raft->snapshot_interval, 10000);
    default_u64(&spec->raft->log_entries_for_slow_followers, 500);
    default_u32(&spec->raft->heartbeat_tick, 1);
    default_u32(&spec->raft->election_tick, 10);
    return 0;
}

static int default_dispatcher(Swarm__ClusterSpec *spec)
{
    if (!spec->dispatcher)
        spec->dispatcher = message_new(&swarm__dispatcher_config__descriptor);
    if (!spec->dispatcher)
        return ERR_NO_MEMORY;
    /* A period of zero would make agents send heartbeats without a pause. */
    if (message_duration(spec->dispatcher->heartbeat_period, 0))
        return 0;
    return message_set_duration(&spec->dispatcher->heartbeat_period,
                                DEFAULT_HEARTBEAT_PERIOD);
}

static int default_certificates(Swarm__ClusterSpec *spec)
{
    if (!spec->ca_config)
        spec->ca_config = message_new(&swarm__caconfig__descriptor);
    if (!spec->ca_config)
        return ERR_NO_MEMORY;
    if (message_duration(spec->ca_config->node_cert_expiry, 0))
        return 0;
    return message_set_duration(&spec->ca_config->node_cert_expiry,
                                DEFAULT_NODE_CERT_EXPIRY);
}

static int default_name(Swarm__ClusterSpec *spec)
{
    if (!spec->annotations)
        spec->annotations = message_new(&swarm__annotations__descriptor);
    if (!spec->annotations)
        return ERR_NO_MEMORY;
    if (!str_is_empty(spec->annotations->name))
        return 0;
    return message_set_string(&spec->annotations->name, CLUSTER_NAME);
}

int cluster_spec_set_defaults(Swarm__ClusterSpec *spec)
{
    int r = default_name(spec);
    if (!r)
        r = default_orchestration(spec);
    if (!r)
        r = default_raft(spec);
    if (!r)
        r = default_dispatcher(spec);
    if (!r)
        r = default_certificates(spec);
    if (!r && !spec->task_defaults)
        spec->task_defaults = message_new(&swarm__task_defaults__descriptor);
    if (!r && !spec->encryption_config)
        spec->encryption_config = message_new(&swarm__encryption_config__descriptor);
    if (!r && (!spec->task_defaults || !spec->encryption_config))
        r = ERR_NO_MEMORY;
    return r;
}
