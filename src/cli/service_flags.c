/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/service.h"
#include "cli/service_spec.h"

/* The flags of `service create` and `service update`. What both have is written once. */

#define ONE(name, letter, type, help)                                                    \
    {                                                                                    \
        name, letter, &type, help, NULL, NULL                                            \
    }
#define REFUSED(name, letter, type, why)                                                 \
    {                                                                                    \
        name, letter, &type, "", NULL, why                                               \
    }

#define NO_PORTS "published ports are not supported yet"
#define NO_WINDOWS "this is for Windows, which is not supported"
#define NO_JOBS "jobs are not supported yet"
#define NO_GENERIC "user defined resources are not supported"
#define NO_API "this needs a newer version of Docker's API than 1.41"
#define NO_REGISTRY "registry credentials are not handed on to nodes yet"

#define COMMON_FLAGS                                                                     \
    ONE("cap-add", 0, flag_list, "Add Linux capabilities"),                              \
        ONE("cap-drop", 0, flag_list, "Drop Linux capabilities"),                        \
        REFUSED("credential-spec", 0, flag_string, NO_WINDOWS),                          \
        ONE("detach", 'd', flag_switch,                                                  \
            "Exit immediately instead of waiting for the service to converge"),          \
        ONE("endpoint-mode", 0, flag_string, "Endpoint mode (vip or dnsrr)"),            \
        ONE("entrypoint", 0, flag_command,                                               \
            "Overwrite the default ENTRYPOINT of the image"),                            \
        ONE("health-cmd", 0, flag_string, "Command to run to check health"),             \
        ONE("health-interval", 0, flag_duration,                                         \
            "Time between running the check (ms|s|m|h)"),                                \
        ONE("health-retries", 0, flag_uint,                                              \
            "Consecutive failures needed to report unhealthy"),                          \
        REFUSED("health-start-interval", 0, flag_duration, NO_API),                      \
        ONE("health-start-period", 0, flag_duration,                                     \
            "Start period for the container to initialize before counting retries "      \
            "towards "                                                                   \
            "unstable (ms|s|m|h)"),                                                      \
        ONE("health-timeout", 0, flag_duration,                                          \
            "Maximum time to allow one check to run (ms|s|m|h)"),                        \
        ONE("hostname", 0, flag_string, "Container hostname"),                           \
        ONE("init", 0, flag_switch,                                                      \
            "Use an init inside each service container to forward signals and reap "     \
            "processes"),                                                                \
        REFUSED("isolation", 0, flag_string, NO_WINDOWS),                                \
        ONE("limit-cpu", 0, flag_decimal, "Limit CPUs"),                                 \
        ONE("limit-memory", 0, flag_bytes, "Limit Memory"),                              \
        ONE("limit-pids", 0, flag_int,                                                   \
            "Limit maximum number of processes (default 0 = unlimited)"),                \
        ONE("log-driver", 0, flag_string, "Logging driver for service"),                 \
        ONE("log-opt", 0, flag_label, "Logging driver options"),                         \
        REFUSED("max-concurrent", 0, flag_uint, NO_JOBS),                                \
        ONE("no-healthcheck", 0, flag_switch,                                            \
            "Disable any container-specified HEALTHCHECK"),                              \
        ONE("no-resolve-image", 0, flag_switch,                                          \
            "Do not query the registry to resolve image digest and supported "           \
            "platforms"),                                                                \
        REFUSED("oom-score-adj", 0, flag_int, NO_API),                                   \
        ONE("quiet", 'q', flag_switch, "Suppress progress output"),                      \
        ONE("read-only", 0, flag_switch,                                                 \
            "Mount the container's root filesystem as read only"),                       \
        ONE("replicas", 0, flag_uint, "Number of tasks"),                                \
        ONE("replicas-max-per-node", 0, flag_uint,                                       \
            "Maximum number of tasks per node (default 0 = unlimited)"),                 \
        ONE("reserve-cpu", 0, flag_decimal, "Reserve CPUs"),                             \
        ONE("reserve-memory", 0, flag_bytes, "Reserve Memory"),                          \
        ONE("restart-condition", 0, flag_string,                                         \
            "Restart when condition is met (\"none\", \"on-failure\", \"any\")"),        \
        ONE("restart-delay", 0, flag_duration,                                           \
            "Delay between restart attempts (ns|us|ms|s|m|h)"),                          \
        ONE("restart-max-attempts", 0, flag_uint,                                        \
            "Maximum number of restarts before giving up"),                              \
        ONE("restart-window", 0, flag_duration,                                          \
            "Window used to evaluate the restart policy (ns|us|ms|s|m|h)"),              \
        POLICY_FLAGS("rollback", "rollback", "rolled back"),                             \
        ONE("rollback-failure-action", 0, flag_string,                                   \
            "Action on rollback failure (\"pause\", \"continue\")"),                     \
        ONE("stop-grace-period", 0, flag_duration,                                       \
            "Time to wait before force killing a container (ns|us|ms|s|m|h)"),           \
        ONE("stop-signal", 0, flag_string, "Signal to stop the container"),              \
        ONE("tty", 't', flag_switch, "Allocate a pseudo-TTY"),                           \
        POLICY_FLAGS("update", "update", "updated"),                                     \
        ONE("update-failure-action", 0, flag_string,                                     \
            "Action on update failure (\"pause\", \"continue\", \"rollback\")"),         \
        ONE("user", 'u', flag_string,                                                    \
            "Username or UID (format: <name|uid>[:<group|gid>])"),                       \
        REFUSED("with-registry-auth", 0, flag_switch, NO_REGISTRY),                      \
        ONE("workdir", 'w', flag_string, "Working directory inside the container")

#define POLICY_FLAGS(prefix, noun, done)                                                 \
    ONE(prefix "-delay", 0, flag_duration,                                               \
        "Delay between task " noun "s (ns|us|ms|s|m|h)"),                                \
        ONE(prefix "-max-failure-ratio", 0, flag_float,                                  \
            "Failure rate to tolerate during an " noun),                                 \
        ONE(prefix "-monitor", 0, flag_duration,                                         \
            "Duration after each task " noun                                             \
            " to monitor for failure (ns|us|ms|s|m|h)"),                                 \
        ONE(prefix "-order", 0, flag_string,                                             \
            "Order of an " noun " (\"start-first\", \"stop-first\")"),                   \
        ONE(prefix "-parallelism", 0, flag_uint,                                         \
            "Maximum number of tasks " done " simultaneously (0: all at once)")

const struct flag service_create_flags[] = {
    COMMON_FLAGS,
    ONE("config", 0, flag_config, "Specify configurations to expose to the service"),
    ONE("constraint", 0, flag_list, "Placement constraints"),
    ONE("container-label", 0, flag_label, "Container labels"),
    ONE("dns", 0, flag_list, "Set custom DNS servers"),
    ONE("dns-option", 0, flag_list, "Set DNS options"),
    ONE("dns-search", 0, flag_list, "Set custom DNS search domains"),
    ONE("env", 'e', flag_variable, "Set environment variables"),
    ONE("env-file", 0, flag_list, "Read in a file of environment variables"),
    REFUSED("generic-resource", 0, flag_list, NO_GENERIC),
    ONE("group", 0, flag_list,
        "Set one or more supplementary user groups for the container"),
    ONE("host", 0, flag_host, "Set one or more custom host-to-IP mappings (host:ip)"),
    ONE("label", 'l', flag_label, "Service labels"),
    ONE("mode", 0, flag_string, "Service mode (\"replicated\", \"global\")"),
    ONE("mount", 0, flag_mount, "Attach a filesystem mount to the service"),
    ONE("name", 0, flag_string, "Service name"),
    ONE("network", 0, flag_network, "Network attachment: host, bridge or none"),
    ONE("placement-pref", 0, flag_preference, "Add a placement preference"),
    REFUSED("publish", 'p', flag_string, NO_PORTS),
    ONE("secret", 0, flag_secret, "Specify secrets to expose to the service"),
    ONE("sysctl", 0, flag_label, "Sysctl options"),
    ONE("ulimit", 0, flag_ulimit, "Ulimit options"),
    {0},
};

const struct flag service_update_flags[] = {
    COMMON_FLAGS,
    ONE("args", 0, flag_command, "Service command args"),
    ONE("config-add", 0, flag_config, "Add or update a config file on a service"),
    ONE("config-rm", 0, flag_list, "Remove a configuration file"),
    ONE("constraint-add", 0, flag_list, "Add or update a placement constraint"),
    ONE("constraint-rm", 0, flag_list, "Remove a constraint"),
    ONE("container-label-add", 0, flag_label, "Add or update a container label"),
    ONE("container-label-rm", 0, flag_list, "Remove a container label by its key"),
    ONE("dns-add", 0, flag_list, "Add or update a custom DNS server"),
    ONE("dns-option-add", 0, flag_list, "Add or update a DNS option"),
    ONE("dns-option-rm", 0, flag_list, "Remove a DNS option"),
    ONE("dns-rm", 0, flag_list, "Remove a custom DNS server"),
    ONE("dns-search-add", 0, flag_list, "Add or update a custom DNS search domain"),
    ONE("dns-search-rm", 0, flag_list, "Remove a DNS search domain"),
    ONE("env-add", 0, flag_variable, "Add or update an environment variable"),
    ONE("env-rm", 0, flag_list, "Remove an environment variable"),
    ONE("force", 0, flag_switch, "Force update even if no changes require it"),
    REFUSED("generic-resource-add", 0, flag_list, NO_GENERIC),
    REFUSED("generic-resource-rm", 0, flag_list, NO_GENERIC),
    ONE("group-add", 0, flag_list,
        "Add an additional supplementary user group to the container"),
    ONE("group-rm", 0, flag_list,
        "Remove a previously added supplementary user group from the container"),
    ONE("host-add", 0, flag_host, "Add a custom host-to-IP mapping (\"host:ip\")"),
    ONE("host-rm", 0, flag_list, "Remove a custom host-to-IP mapping (\"host:ip\")"),
    ONE("image", 0, flag_string, "Service image tag"),
    ONE("label-add", 0, flag_label, "Add or update a service label"),
    ONE("label-rm", 0, flag_list, "Remove a label by its key"),
    ONE("mount-add", 0, flag_mount, "Add or update a mount on a service"),
    ONE("mount-rm", 0, flag_list, "Remove a mount by its target path"),
    ONE("network-add", 0, flag_network, "Add a network: host, bridge or none"),
    ONE("network-rm", 0, flag_list, "Remove a network"),
    ONE("placement-pref-add", 0, flag_preference, "Add a placement preference"),
    ONE("placement-pref-rm", 0, flag_list, "Remove a placement preference"),
    REFUSED("publish-add", 0, flag_string, NO_PORTS),
    REFUSED("publish-rm", 0, flag_string, NO_PORTS),
    ONE("rollback", 0, flag_switch, "Rollback to previous specification"),
    ONE("secret-add", 0, flag_secret, "Add or update a secret on a service"),
    ONE("secret-rm", 0, flag_list, "Remove a secret"),
    ONE("sysctl-add", 0, flag_label, "Add or update a Sysctl option"),
    ONE("sysctl-rm", 0, flag_list, "Remove a Sysctl option"),
    ONE("ulimit-add", 0, flag_ulimit, "Add or update a ulimit option"),
    ONE("ulimit-rm", 0, flag_list, "Remove a ulimit option"),
    {0},
};
