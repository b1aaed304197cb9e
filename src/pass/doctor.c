/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/swap.h"
#include "pass/engine_process.h"
#include "pass/plain_text.h"
#include "pass/store_note.h"
#include "pass/verb.h"

/* Looks at the secrets engine as its user needs it: findings, and what to do. */

/* What was found may be the words of an engine or a plugin. */
static void tell(struct pass *p, bool good, const char *check, const char *found,
                 const char *todo)
{
    printf("[%s] %s: ", good ? "ok  " : "fail", check);
    plain_text_print(stdout, found);
    putchar('\n');
    if (!good && todo)
        printf("         %s\n", todo);
    if (!good)
        p->status = PASS_FAILED;
}

static void check_engine(struct pass *p, bool *answers)
{
    struct coffer_engine_version version;
    struct err why = {0};
    *answers = !p->secrets->ops->version(p->secrets, &version, &why);
    tell(p, *answers, "engine", *answers ? version.version : err_text(&why),
         "see engine.log beside the socket; or start it: coffer-engined");
}

static int check_socket(struct pass *p, struct err *e)
{
    cleanup_free char *path = NULL;
    int r = engine_process_socket(&path, e);
    if (r)
        return r;
    bool there = path[0] == '@' || access(path, F_OK) == 0;
    tell(p, there, "socket", path, "the engine that answers isn't coffer's");
    return 0;
}

static void check_damage(struct pass *p, const struct secret_envelopes *found)
{
    for (size_t i = 0; i < found->len; i++) {
        const char *why = secret_envelope_get(&found->items[i], SECRET_METADATA_DAMAGED);
        if (why)
            tell(p, false, "secret", why, "set it anew, or remove it (rm)");
    }
}

static bool check_store(struct pass *p)
{
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    struct err why = {0};
    char text[64];
    int r = p->secrets->ops->list(p->secrets, "**", &found, &why);
    snprintf(text, sizeof(text), "%zu secrets", found.len);
    tell(p, !r, "store", r ? err_text(&why) : text,
         r == ERR_FAILED_PRECONDITION
             ? "unlock it (store unlock), or choose another one (store set file)"
             : "see: plugins logs docker-pass; or choose another one (store set file)");
    check_damage(p, &found);
    return !r;
}

static void check_lock(struct pass *p)
{
    struct coffer_store_state state;
    struct err why = {0};
    int r = p->secrets->ops->state(p->secrets, &state, &why);
    if (r && r != ERR_UNIMPLEMENTED)
        tell(p, false, "key", err_text(&why), NULL);
    else if (!r && *state.key)
        tell(p, !state.is_locked, "key", state.key, "it is locked: store unlock");
}

static void check_move(struct pass *p)
{
    struct store_note open;
    struct err why = {0};
    char text[80];
    bool is_open = false;
    if (store_note_read(&open, &is_open, &why))
        tell(p, false, "move", err_text(&why), "remove that file");
    if (!is_open)
        return;
    snprintf(text, sizeof(text), "from %s to %s, interrupted", open.from, open.to);
    tell(p, false, "move", text, "finish it: store set --move, with the same store");
}

/* The plugins' memory isn't locked, but what the engine keeps, it keeps for longer. */
static void check_memory(struct pass *p)
{
    enum engine_memory memory = swap_is_there() ? engine_process_memory() : ENGINE_LOCKED;
    if (memory == ENGINE_UNLOCKED)
        tell(p, false, "memory", "what the engine keeps may be written to the swap",
             "raise its limit (ulimit -l, LimitMEMLOCK=), or encrypt the swap");
    else if (memory == ENGINE_PARTLY_LOCKED)
        tell(p, true, "memory",
             "what doesn't fit into the engine's locked memory may be written to the "
             "swap (ulimit -l, LimitMEMLOCK=)",
             NULL);
}

static int check_plugin(const struct coffer_plugin_info *plugin, void *user,
                        struct err *e)
{
    struct pass *p = user;
    cleanup_free char *check = str_format("plugin %s", plugin->name);
    if (!check)
        return err_no_memory(e);
    bool good = plugin->is_disabled || plugin->status == COFFER_PLUGIN_RUNNING;
    const char *state = plugin->is_disabled ? "disabled" : good ? "running" : "failed";
    const char *words = plugin->status_message;
    tell(p, good, check, *words ? words : state, "see: plugins logs NAME");
    return 0;
}

int doctor_run_pass(struct pass *p, struct err *e)
{
    bool answers;
    check_engine(p, &answers);
    if (!answers)
        return 0;
    int r = check_socket(p, e);
    if (r)
        return r;
    if (check_store(p))
        check_lock(p);
    check_move(p);
    check_memory(p);
    return p->secrets->ops->each_plugin(p->secrets, check_plugin, p, e);
}
