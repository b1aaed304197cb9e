/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcoffer: clients and plugins of a secrets engine, coffer's or Docker's.
 *
 * A secret has an *id* such as "myapp/api-key"; a *pattern* is an id in which a component
 * may be "*" (exactly one component) or "**" (any number of them, none included); a
 * *reference* is "se://" followed by an id or a pattern. A client asks an engine for the
 * secrets that a pattern matches. The engine asks its plugins, programs that reach the
 * back ends.
 *
 * Every function that can fail returns COFFER_OK (0) or another enum coffer_code and,
 * where it takes a struct coffer_error that is not NULL, puts there what failed, on which
 * object. Outputs are written on success only. Strings are NUL-terminated UTF-8 unless a
 * length stands beside them. Nothing here is safe to share between threads without a
 * lock; different objects in different threads are fine. The library starts no threads,
 * changes no signal handlers, and writes to no stream. Memory that held a value is wiped
 * before it is freed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#define COFFER_MUST_CHECK __attribute__((warn_unused_result))
#else
#define COFFER_MUST_CHECK
#endif

/* ---- errors ------------------------------------------------------------------------ */

enum coffer_code {
    COFFER_OK = 0,
    COFFER_INVALID, /* an argument, an id, a pattern or a configuration makes no sense */
    COFFER_NOT_FOUND,   /* no secret has this id, none matches this pattern */
    COFFER_DENIED,      /* the engine or its back end refuses */
    COFFER_UNAVAILABLE, /* no engine, or a back end isn't there now */
    COFFER_LOCKED,      /* the back end must be unlocked by a person first */
    COFFER_EXISTS,      /* what should be made is there */
    COFFER_TIMEOUT,
    COFFER_CANCELED, /* nobody waits for it any more */
    COFFER_NO_MEMORY,
    COFFER_PROTOCOL,    /* what came from the other side makes no sense */
    COFFER_UNSUPPORTED, /* the other side doesn't have this */
    COFFER_INTERNAL,    /* the other side failed and says why */
    COFFER_AGAIN,       /* not an error: a call isn't complete, wait for its descriptor */
};

#define COFFER_ERROR_TEXT_SIZE 1024

struct coffer_error {
    int code;                          /* enum coffer_code */
    char text[COFFER_ERROR_TEXT_SIZE]; /* one line for a person, never a secret */
};

/* Sets *e (may be NULL) to a code and a formatted text, cut where it is too long. Returns
 * code, so that a callback can write "return coffer_error_set(...)". */
int coffer_error_set(struct coffer_error *e, int code, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/* The library's version, "1.2.3". Never freed. */
const char *coffer_version(void);

/* ---- ids, patterns, references ----------------------------------------------------- */

/* Longest id and pattern that are taken, in bytes. */
#define COFFER_ID_MAX 1024

/* One or more components of A-Z a-z 0-9 . _ - : with single slashes between them. */
bool coffer_id_is_valid(const char *id);

/* Like an id, but a component may be just "*" or just "**". */
bool coffer_pattern_is_valid(const char *pattern);

/* Whether pattern matches id; both must be valid, else false. Time is linear in the
 * product of their lengths, whatever they are. */
bool coffer_pattern_match(const char *pattern, const char *id);

/* Whether each id that `other` matches is matched by `pattern` too. Exact. False when one
 * of them isn't valid. */
bool coffer_pattern_includes(const char *pattern, const char *other);

/* Whether some id is matched by both. Exact. False when one of them isn't valid. */
bool coffer_pattern_intersects(const char *a, const char *b);

/* Puts an id or a pattern in the place of the one component "**" of a pattern: into
 * "app" with that behind it "key" is put as "app/key". COFFER_INVALID when one of them
 * isn't valid, the first has no "**" or several, or the result would be too long;
 * COFFER_NO_MEMORY. */
int coffer_pattern_expand(const char *pattern, const char *with,
                          char out[COFFER_ID_MAX + 1],
                          struct coffer_error *e) COFFER_MUST_CHECK;

/* The id or pattern within a reference: a pointer behind the "se://" of text. NULL when
 * text doesn't begin with it or what follows isn't a valid pattern. */
const char *coffer_reference_pattern(const char *text);

/* ---- secrets ----------------------------------------------------------------------- */

struct coffer_pair {
    const char *key;
    const char *value;
};

/* One secret of an answer. All of it belongs to the answer and lives as long as that. */
struct coffer_secret {
    const char *id;
    const unsigned char *value; /* `size` bytes, and a NUL that size doesn't count */
    size_t size;
    const char *provider; /* the name of the plugin it came from; "" unknown */
    const char *version;  /* the back end's own words; "" unknown */
    int64_t created_at;   /* seconds since 1970; 0 unset, as for the two below */
    int64_t resolved_at;
    int64_t expires_at;
    const struct coffer_pair *metadata; /* not secret */
    size_t metadata_count;
};

/* An answer: secrets in the order of the names of their plugins. */
struct coffer_secrets;

size_t coffer_secrets_count(const struct coffer_secrets *s);

/* The secret at index, which must be less than the count. */
const struct coffer_secret *coffer_secrets_get(const struct coffer_secrets *s,
                                               size_t index);

/* Wipes the values and frees everything. s may be NULL. */
void coffer_secrets_free(struct coffer_secrets *s);

/* ---- client ------------------------------------------------------------------------ */

struct coffer_client_options {
    size_t size; /* sizeof(struct coffer_client_options): lets the struct grow */
    /* A path, or "@name" for an abstract name; NULL: the sockets of this user's engine,
     * in the order that coffer_client_new documents. */
    const char *socket;
    int timeout_ms; /* for one call; 0: none */
    /* Whose engine it must be, with has_server_uid; without, the effective user's. The
     * server's process must be that user's, or root's for the caller's own engine (behind
     * an abstract name, which a container may have taken, neither root's nor one in a
     * container), unless any_server. */
    bool any_server;
    bool has_server_uid;
    uid_t server_uid;
};

struct coffer_client;

/*
 * A client of one engine. Nothing is connected yet. options may be NULL for the defaults.
 * Without a socket these are tried in turn, for each call anew: the path in
 * COFFER_ENGINE_SOCKET, and then no other; $COFFER_HOME/engine.sock, and then no other;
 * $XDG_RUNTIME_DIR/coffer/engine.sock (without XDG_RUNTIME_DIR, or when that isn't this
 * user's folder, in /run/user/UID if that is, else ~/.cache);
 * /run/coffer-engine/engine.sock (root's only); the abstract name
 * "docker-secrets-engine/UID/daemon.sock"; and
 * $XDG_CACHE_HOME/docker-secrets-engine/engine.sock (~/.cache without XDG_CACHE_HOME).
 * For the engine of another user the environment doesn't count: /run/user/UID,
 * /run/coffer-engine (root's) and the abstract name are tried. The server's user is
 * verified (SO_PEERCRED) before anything is sent.
 * COFFER_INVALID, COFFER_NO_MEMORY.
 */
int coffer_client_new(const struct coffer_client_options *options,
                      struct coffer_client **out,
                      struct coffer_error *e) COFFER_MUST_CHECK;

/* No call of this client may be in use any more. client may be NULL. */
void coffer_client_free(struct coffer_client *client);

/* All secrets that the pattern matches; at least one. The caller frees *out.
 * COFFER_NOT_FOUND when there is none, COFFER_DENIED, COFFER_UNAVAILABLE, COFFER_TIMEOUT,
 * COFFER_INTERNAL when a plugin that might have had it failed. */
int coffer_client_get(struct coffer_client *client, const char *pattern,
                      struct coffer_secrets **out,
                      struct coffer_error *e) COFFER_MUST_CHECK;

/* Asks to be let at the secrets of `count` patterns, all or none; a person may be asked.
 * *expires_at (may be NULL) is when the grant ends, 0 when the engine doesn't say.
 * COFFER_DENIED when it was refused. */
int coffer_client_authorize(struct coffer_client *client, const char *const *patterns,
                            size_t count, int64_t *expires_at,
                            struct coffer_error *e) COFFER_MUST_CHECK;

/* Who answers. The strings are copied into *out, cut where they are too long. */
struct coffer_engine_version {
    char version[128], date[64], commit[128];
};
int coffer_client_version(struct coffer_client *client, struct coffer_engine_version *out,
                          struct coffer_error *e) COFFER_MUST_CHECK;

/* The plugins of an engine. */
enum coffer_plugin_status {
    COFFER_PLUGIN_UNKNOWN = 0,
    COFFER_PLUGIN_RUNNING = 1,
    COFFER_PLUGIN_STOPPED = 2,
    COFFER_PLUGIN_CRASHED = 3,
    COFFER_PLUGIN_RETRIES_EXCEEDED = 4,
};

struct coffer_plugin_info {
    const char *name, *version;
    const char *pattern; /* NULL for an access control module */
    bool is_disabled, is_external, is_configurable;
    int status;                 /* enum coffer_plugin_status */
    const char *status_message; /* "" none */
};

struct coffer_plugin_list;
int coffer_client_list_plugins(struct coffer_client *client,
                               struct coffer_plugin_list **out,
                               struct coffer_error *e) COFFER_MUST_CHECK;
size_t coffer_plugin_list_count(const struct coffer_plugin_list *l);
const struct coffer_plugin_info *
coffer_plugin_list_get(const struct coffer_plugin_list *l, size_t index);
void coffer_plugin_list_free(struct coffer_plugin_list *l);

int coffer_client_enable_plugin(struct coffer_client *client, const char *name,
                                struct coffer_error *e) COFFER_MUST_CHECK;
int coffer_client_disable_plugin(struct coffer_client *client, const char *name,
                                 struct coffer_error *e) COFFER_MUST_CHECK;

/* ---- the local store: an extension of coffer's engine ----------------------------- */

/* These reach the one writable local store (keychain or encrypted files). Docker's engine
 * doesn't have them: COFFER_UNSUPPORTED. */

/* Saves a secret of `size` bytes (0 is allowed) and its metadata (may be NULL with count
 * 0). Without `overwrite`, COFFER_EXISTS when the id is taken. COFFER_LOCKED. */
int coffer_client_save(struct coffer_client *client, const char *id,
                       const unsigned char *value, size_t size,
                       const struct coffer_pair *metadata, size_t metadata_count,
                       bool overwrite, struct coffer_error *e) COFFER_MUST_CHECK;

/* Removes a secret. COFFER_NOT_FOUND, COFFER_LOCKED. */
int coffer_client_remove(struct coffer_client *client, const char *id,
                         struct coffer_error *e) COFFER_MUST_CHECK;

/* The key of the metadata of a secret that is listed but can't be read, since its file is
 * damaged: the value says why, there is no other metadata, and it may have been lost. No
 * secret is saved with it. */
#define COFFER_METADATA_DAMAGED "coffer:damaged"

/* The secrets of the local store that a pattern matches, sorted by id, without values
 * (value NULL, size 0); an empty answer is no error, and one that is damaged is listed
 * (see above). */
int coffer_client_list(struct coffer_client *client, const char *pattern,
                       struct coffer_secrets **out,
                       struct coffer_error *e) COFFER_MUST_CHECK;

/* One secret of the local store with its value, whatever other plugins have; also one of
 * the realms that coffer_client_get doesn't show. The caller frees *out.
 * COFFER_NOT_FOUND, COFFER_LOCKED; COFFER_DENIED: the engine's policy. */
int coffer_client_read(struct coffer_client *client, const char *id,
                       struct coffer_secrets **out,
                       struct coffer_error *e) COFFER_MUST_CHECK;

/* The local store itself. The strings are copied into the struct, cut where they are too
 * long. */
struct coffer_store_state {
    char kind[32];   /* "file", "keychain" */
    char place[512]; /* where its secrets are; "" unknown */
    char key[512];   /* what opens them, in words; "" unknown */
    bool is_locked;
    bool has_passphrase; /* is needed to unlock it */
};

/* COFFER_UNSUPPORTED when the store doesn't tell. */
int coffer_client_store_state(struct coffer_client *client,
                              struct coffer_store_state *out,
                              struct coffer_error *e) COFFER_MUST_CHECK;

/* A passphrase, or any other secret bytes. */
struct coffer_bytes {
    const unsigned char *data; /* may be NULL when size is 0 */
    size_t size;
};

/* Gives the key of the local store another protection: "clear" (a file of its user's
 * alone), "passphrase", or "systemd-creds". `old` is the passphrase that it has,
 * `new_one` the one that it gets; empty where there is none. COFFER_DENIED: the old one
 * is wrong; COFFER_LOCKED: it is needed; COFFER_UNSUPPORTED: not this store, or not here.
 */
int coffer_client_protect(struct coffer_client *client, const char *protection,
                          struct coffer_bytes old, struct coffer_bytes new_one,
                          struct coffer_error *e) COFFER_MUST_CHECK;

/* Unlocks the local store with a passphrase of `size` bytes. COFFER_DENIED: it is wrong.
 */
int coffer_client_unlock(struct coffer_client *client, const unsigned char *passphrase,
                         size_t size, struct coffer_error *e) COFFER_MUST_CHECK;
int coffer_client_lock(struct coffer_client *client,
                       struct coffer_error *e) COFFER_MUST_CHECK;

/* ---- client in an event loop ------------------------------------------------------ */

/*
 * One call that is under way. Wait until coffer_call_fd() is ready for
 * coffer_call_events() (bits of poll(2)), or until coffer_call_timeout() milliseconds
 * have passed, then call coffer_call_step(), until that returns something else than
 * COFFER_AGAIN. Descriptor and events may change with each step.
 */
struct coffer_call;

/* Begins what coffer_client_get() does. COFFER_INVALID, COFFER_UNAVAILABLE,
 * COFFER_DENIED, COFFER_NO_MEMORY; what else may go wrong coffer_call_step() tells. */
int coffer_call_get(struct coffer_client *client, const char *pattern,
                    struct coffer_call **out, struct coffer_error *e) COFFER_MUST_CHECK;
int coffer_call_fd(const struct coffer_call *call);
short coffer_call_events(const struct coffer_call *call);
int coffer_call_timeout(const struct coffer_call *call); /* -1: none */
int coffer_call_step(struct coffer_call *call, struct coffer_error *e) COFFER_MUST_CHECK;

/* After coffer_call_step() returned COFFER_OK: the answer, which the caller frees; NULL
 * when it was taken before. */
struct coffer_secrets *coffer_call_take(struct coffer_call *call);

/* Also cancels a call that is under way. call may be NULL. */
void coffer_call_free(struct coffer_call *call);

/* ---- plugins ---------------------------------------------------------------------- */

struct coffer_plugin;

/* Where a callback puts the secrets it found. */
struct coffer_answer;

/* Adds a secret: everything is copied. Of *secret id, value and size must be there;
 * provider and resolved_at are filled by the engine. COFFER_INVALID (id, or too large),
 * COFFER_NO_MEMORY. */
int coffer_answer_add(struct coffer_answer *answer, const struct coffer_secret *secret,
                      struct coffer_error *e) COFFER_MUST_CHECK;

/* Longest value, in bytes, and how many secrets an answer may have. */
#define COFFER_VALUE_MAX (1u << 20)
#define COFFER_ANSWER_MAX 4096

/*
 * What a plugin does. Each callback returns COFFER_OK, or a code with a text for a
 * person; it may block, up to the engine's request timeout (coffer_plugin_deadline_ms).
 * `plugin` is for the functions below, `user` is what the options had.
 */
struct coffer_plugin_callbacks {
    size_t size; /* sizeof(struct coffer_plugin_callbacks) */

    /* Once, before all others: registered, and the configuration is there (an engine of
     * Docker's has none). NULL: nothing to do. On failure the plugin ends and its text is
     * the plugin's status message. */
    int (*start)(struct coffer_plugin *plugin, void *user, struct coffer_error *e);

    /* Adds each secret that the pattern matches. None: COFFER_NOT_FOUND, or COFFER_OK
     * with an empty answer. */
    int (*get)(struct coffer_plugin *plugin, const char *pattern,
               struct coffer_answer *answer, void *user, struct coffer_error *e);

    /* All five or none: a plugin that can be the local store. list adds secrets without
     * their values. unlock and lock may do nothing where there is nothing to unlock. */
    int (*save)(struct coffer_plugin *plugin, const struct coffer_secret *secret,
                bool overwrite, void *user, struct coffer_error *e);
    int (*remove)(struct coffer_plugin *plugin, const char *id, void *user,
                  struct coffer_error *e);
    int (*list)(struct coffer_plugin *plugin, const char *pattern,
                struct coffer_answer *answer, void *user, struct coffer_error *e);
    int (*unlock)(struct coffer_plugin *plugin, const unsigned char *passphrase,
                  size_t size, void *user, struct coffer_error *e);
    int (*lock)(struct coffer_plugin *plugin, void *user, struct coffer_error *e);

    /* Each may be NULL, also of a store: what it is (see coffer_client_store_state), and
     * another protection for its key (see coffer_client_protect). */
    int (*state)(struct coffer_plugin *plugin, struct coffer_store_state *out, void *user,
                 struct coffer_error *e);
    int (*protect)(struct coffer_plugin *plugin, const char *protection,
                   struct coffer_bytes old, struct coffer_bytes new_one, void *user,
                   struct coffer_error *e);
};

struct coffer_plugin_options {
    size_t size;      /* sizeof(struct coffer_plugin_options) */
    const char *name; /* NULL: the name of the program; an engine that launched the plugin
                         has its own word, which wins */
    const char *version; /* "v" and a semantic version, such as "v1.0.0" */
    const char *pattern; /* the ids it may answer for, such as "**" */
    const char *socket;  /* of the engine, for a plugin that was started by hand; NULL: as
                            coffer_client_new finds it */
    int register_timeout_ms; /* 0: 5000, as Docker's engine has it */
    const struct coffer_plugin_callbacks *callbacks;
    void *user;
};

/* Connects (through the descriptor that an engine handed over, else by the socket),
 * registers, and serves until the engine says shutdown or goes (COFFER_OK), or
 * coffer_plugin_stop(). COFFER_INVALID, COFFER_UNAVAILABLE, COFFER_TIMEOUT, COFFER_EXISTS
 * (the name is taken), COFFER_PROTOCOL. */
int coffer_plugin_run(const struct coffer_plugin_options *options,
                      struct coffer_error *e) COFFER_MUST_CHECK;

/* Within a callback: makes coffer_plugin_run() return when the callback has. */
void coffer_plugin_stop(struct coffer_plugin *plugin);

/* A line of the plugin's configuration ("address = https://..." is key "address"), which
 * coffer's engine sends after registration; NULL when there is none. References in it are
 * resolved: such a value is a secret. Lives as long as the plugin. */
const char *coffer_plugin_config(const struct coffer_plugin *plugin, const char *key);

/* Milliseconds that are left for the call which the callback serves; -1: no limit. */
int coffer_plugin_deadline_ms(const struct coffer_plugin *plugin);

/*
 * Within a callback: waits until a descriptor is ready for `events` (bits of poll(2)), at
 * most timeout_ms (-1: no limit of its own). Meanwhile the engine's pings are answered;
 * an engine gives a plugin up that leaves one unanswered for ten seconds, so a callback
 * that may take that long should wait here and not elsewhere. COFFER_TIMEOUT: that time,
 * or the call's, is over; COFFER_CANCELED: nobody waits for the callback's answer any
 * more.
 */
int coffer_plugin_wait(struct coffer_plugin *plugin, int fd, short events, int timeout_ms,
                       struct coffer_error *e) COFFER_MUST_CHECK;

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif
