/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <coffer/coffer.h>

#include "base/buf.h"
#include "base/err.h"
#include "sdk/link.h"
#include "wire/message.h"

/* How many lines a plugin's configuration may have. */
#define SDK_CONFIG_MAX 256

/* An engine that is asked for a connection answers within this time. */
#define SDK_HIJACK_TIME (2 * CLOCK_SECOND)

/* How long the engine has at the end to take what is left for it. */
#define SDK_DRAIN_TIME (2 * CLOCK_SECOND)

/* The time to register in when nobody says another; Docker's engine allows as much. */
#define SDK_REGISTER_TIME (5 * CLOCK_SECOND)

struct sdk_config {
    struct {
        char *key;
        char *value; /* may be a secret */
    } lines[SDK_CONFIG_MAX];
    size_t n;
};

struct coffer_plugin {
    struct coffer_plugin_options options;
    struct coffer_plugin_callbacks callbacks;
    char *name;
    int64_t register_time;
    int64_t request_time; /* of a call that names none; 0: no limit */
    struct sdk_link link;
    struct sdk_config config;
    bool is_configured;
    bool is_started;  /* start() was called; `failure` if it failed */
    bool is_stopping; /* nothing new is begun */
    struct err failure;
    struct sdk_exchange *current; /* what is being served */
    int64_t deadline;             /* of that; CLOCK_NEVER for none */
};

/* plugin_connect.c: fills name, register_time and link. */
int sdk_plugin_connect(struct coffer_plugin *p, struct err *e) MUST_CHECK;

/* plugin_register.c. ERR_ALREADY_EXISTS when the name is taken. */
int sdk_plugin_register(struct coffer_plugin *p, struct err *e) MUST_CHECK;

/* plugin_serve.c: answers one request that is whole. What goes wrong with it goes to the
 * engine; an error here is one of the connection, or of memory. */
int sdk_plugin_serve(struct coffer_plugin *p, struct sdk_exchange *x,
                     struct err *e) MUST_CHECK;

/* ---- plugin_methods.c ---- */

/* What the engine may call. `run` packs its answer into out; its errors are for the
 * engine. */
struct sdk_method {
    const char *path;
    const ProtobufCMessageDescriptor *request;
    int (*run)(struct coffer_plugin *p, const ProtobufCMessage *request, struct buf *out,
               struct err *e);
    bool ends; /* the plugin, even when there is no memory to answer */
};

/* NULL for none that this plugin has. */
const struct sdk_method *sdk_method_find(const struct coffer_plugin *p, const char *path);

/* Can it be the local store? */
bool sdk_plugin_is_store(const struct coffer_plugin *p);

/* ---- plugin_config.c ---- */

/* Takes the lines over, into text. ERR_INVALID_ARGUMENT, ERR_NO_MEMORY. */
int sdk_config_fill(struct sdk_config *c, const ProtobufCMessage *configure_request,
                    struct err *e) MUST_CHECK;
void sdk_config_deinit(struct sdk_config *c);
