/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/plugin.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/str.h"
#include "resolver/realm.h"

/* What a code of ours is to the SDK. */
static int plugin_code(int code)
{
    switch (code) {
    case 0:
        return COFFER_OK;
    case ERR_NO_MEMORY:
        return COFFER_NO_MEMORY;
    case ERR_INVALID_ARGUMENT:
        return COFFER_INVALID;
    case ERR_NOT_FOUND:
        return COFFER_NOT_FOUND;
    case ERR_ALREADY_EXISTS:
        return COFFER_EXISTS;
    case ERR_PERMISSION_DENIED:
        return COFFER_DENIED;
    case ERR_FAILED_PRECONDITION:
        return COFFER_LOCKED;
    case ERR_UNAVAILABLE:
        return COFFER_UNAVAILABLE;
    case ERR_DEADLINE_EXCEEDED:
        return COFFER_TIMEOUT;
    case ERR_CANCELED:
        return COFFER_CANCELED;
    case ERR_UNIMPLEMENTED:
        return COFFER_UNSUPPORTED;
    case ERR_BAD_MESSAGE:
        return COFFER_PROTOCOL;
    default:
        return COFFER_INTERNAL;
    }
}

int plugin_fail(int code, const struct err *from, struct coffer_error *e)
{
    return code ? coffer_error_set(e, plugin_code(code), "%s", err_text(from))
                : COFFER_OK;
}

bool plugin_shows(const struct coffer_plugin *plugin, const char *id)
{
    const struct realm *realm = realm_of(id);
    return !realm || !realm->is_internal ||
           str_equal(coffer_plugin_config(plugin, "internal"), "show");
}

int plugin_config_number(const struct coffer_plugin *plugin, const char *key, int64_t min,
                         int64_t max, int64_t otherwise, int64_t *out, struct err *e)
{
    const char *text = coffer_plugin_config(plugin, key);
    int64_t n = otherwise;
    if (text && (!str_to_i64(text, &n) || n < min || n > max))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "%s: must be a whole number from %lld to %lld", key,
                       (long long)min, (long long)max);
    *out = n;
    return 0;
}

bool plugin_harden(void)
{
    const struct rlimit none = {0, 0};
    return !prctl(PR_SET_DUMPABLE, 0L) && !setrlimit(RLIMIT_CORE, &none);
}

int plugin_main(const struct coffer_plugin_options *options)
{
    struct coffer_error e;
    if (!plugin_harden()) {
        fprintf(stderr, "coffer-plugin-%s: core dumps can't be forbidden\n",
                options->name);
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL); /* who started us may ignore it */
    int r = coffer_plugin_run(options, &e);
    if (r)
        fprintf(stderr, "coffer-plugin-%s: %s\n", options->name, e.text);
    return r ? EXIT_FAILURE : EXIT_SUCCESS;
}
