/* SPDX-License-Identifier: Apache-2.0 */
#include "pass/verb.h"

#include "base/str.h"

#define SET_MORE                                                                         \
    "The value is what stands behind the first '=', or all of standard input as it is\n" \
    "(a line end at its end too), or the member \"secret\" of a JSON object there, "     \
    "whose\n"                                                                            \
    "\"metadata\" is kept beside it. On a terminal it is asked for and not shown.\n\n"   \
    "NAME=VALUE is seen by others in the list of processes, for a moment here and as\n"  \
    "long as docker runs, and is kept in your shell's history: better use the others."

#define RUN_MORE                                                                         \
    "A variable whose whole value is a reference, se:// and an id or a pattern, gets "   \
    "the\n"                                                                              \
    "secret instead. One secret must match. The command takes the place of this\n"       \
    "program, so that terminal, signals and exit status are its own."

#define INJECT_MORE                                                                      \
    "Each reference in the file (se://ID, or {{se://ID}} where more text follows) is\n"  \
    "replaced by its secret. The file that is written has mode 0600. \"-\" is "          \
    "standard\n"                                                                         \
    "input, or output."

#define PASSPHRASE_MORE                                                                  \
    "Asks for the old passphrase, if there is one, and twice for the new one. Without "  \
    "a\n"                                                                                \
    "terminal these are lines of standard input, or of files. Secrets stay as they "     \
    "are:\n"                                                                             \
    "it is the key that is encrypted. Take it away by: store key clear"

#define KEY_MORE                                                                         \
    "clear: the key lies in a file of its owner alone. passphrase: it is encrypted "     \
    "with\n"                                                                             \
    "one, and the store is unlocked by it (store unlock). systemd-creds: it can only "   \
    "be\n"                                                                               \
    "opened on this host, by root (see systemd-creds(1)); for the engine of root."

#define UNLOCK_MORE                                                                      \
    "Asks for the passphrase; without a terminal it is a line of standard input. The\n"  \
    "store stays unlocked until \"store lock\", or until the engine ends."

const struct verb verbs[] = {
    {.names = {"set", "store", "save"},
     .usage = "id[=value]",
     .summary = "Set a secret",
     .more = SET_MORE,
     .flags = set_flags,
     .min = 1,
     .max = 1,
     .takes = VERB_TAKES_IDS,
     .run = set_run},
    {.names = {"get"},
     .usage = "NAME",
     .summary = "Get a secret",
     .flags = get_flags,
     .min = 1,
     .max = 1,
     .takes = VERB_TAKES_IDS,
     .run = get_run},
    {.names = {"ls", "list"},
     .usage = "[PATTERN...]",
     .summary = "List all secrets, or those that match",
     .flags = list_flags,
     .max = -1,
     .takes = VERB_TAKES_IDS,
     .run = list_run},
    {.names = {"rm", "delete", "erase", "remove"},
     .usage = "NAME|PATTERN... | --all",
     .summary = "Remove secrets",
     .flags = remove_flags,
     .max = -1,
     .takes = VERB_TAKES_IDS,
     .run = remove_run},
    {.names = {"run"},
     .usage = "[OPTIONS] -- CMD [ARGS...]",
     .summary = "Run a command with secrets in its environment",
     .more = RUN_MORE,
     .flags = run_flags,
     .min = 1,
     .max = -1,
     .first_ends = true,
     .takes = VERB_TAKES_FILES,
     .run = run_run},
    {.names = {"inject"},
     .usage = "[OPTIONS] TEMPLATE|- [FILE|-]",
     .summary = "Fill a template file in with secrets",
     .more = INJECT_MORE,
     .flags = inject_flags,
     .min = 1,
     .max = 2,
     .takes = VERB_TAKES_FILES,
     .run = inject_run},
    {.names = {"doctor"},
     .summary = "Check the secrets engine, and say what to do",
     .run = doctor_run_pass},
    {.group = "store",
     .names = {"show"},
     .summary = "Show which local store is used",
     .run = store_show_run},
    {.group = "store",
     .names = {"set"},
     .usage = "[OPTIONS] keychain|file|auto",
     .summary = "Use another local store",
     .flags = store_set_flags,
     .min = 1,
     .max = 1,
     .takes = VERB_TAKES_STORES,
     .run = store_set_run},
    {.group = "store",
     .names = {"passphrase"},
     .usage = "[OPTIONS]",
     .summary = "Give the encrypted files' key a passphrase, or another one",
     .more = PASSPHRASE_MORE,
     .flags = store_key_flags,
     .run = store_passphrase_run},
    {.group = "store",
     .names = {"key"},
     .usage = "[OPTIONS] clear|passphrase|systemd-creds",
     .summary = "Protect the encrypted files' key otherwise",
     .more = KEY_MORE,
     .flags = store_key_flags,
     .min = 1,
     .max = 1,
     .takes = VERB_TAKES_PROTECTIONS,
     .run = store_key_run},
    {.group = "store",
     .names = {"unlock"},
     .usage = "[OPTIONS]",
     .summary = "Unlock the local store with its passphrase",
     .more = UNLOCK_MORE,
     .flags = store_unlock_flags,
     .run = store_unlock_run},
    {.group = "store",
     .names = {"lock"},
     .summary = "Lock the local store",
     .run = store_lock_run},
    {.group = "plugins",
     .names = {"ls", "list"},
     .summary = "List the engine's plugins",
     .flags = plugins_list_flags,
     .run = plugins_list_run},
    {.group = "plugins",
     .names = {"enable"},
     .usage = "NAME",
     .summary = "Enable a plugin",
     .min = 1,
     .max = 1,
     .takes = VERB_TAKES_PLUGINS,
     .run = plugins_enable_run},
    {.group = "plugins",
     .names = {"disable"},
     .usage = "NAME",
     .summary = "Disable a plugin",
     .min = 1,
     .max = 1,
     .takes = VERB_TAKES_PLUGINS,
     .run = plugins_disable_run},
    {.group = "plugins",
     .names = {"logs"},
     .usage = "NAME",
     .summary = "Show what a plugin wrote",
     .min = 1,
     .max = 1,
     .takes = VERB_TAKES_PLUGINS,
     .run = plugins_logs_run},
    {.names = {"version"},
     .summary = "Show the version",
     .is_hidden = true,
     .run = version_run},
    {0},
};

static const struct {
    const char *name, *summary;
} groups[] = {
    {"plugins", "Manage the engine's plugins"},
    {"store", "Manage the local store"},
};

static bool has_name(const struct verb *v, const char *name)
{
    for (size_t i = 0; i < VERB_NAMES_MAX; i++)
        if (str_equal(v->names[i], name))
            return true;
    return false;
}

const struct verb *verb_find(const char *group, const char *name)
{
    for (const struct verb *v = verbs; v->names[0]; v++)
        if ((group ? str_equal(v->group, group) : !v->group) && has_name(v, name))
            return v;
    return NULL;
}

const char *verb_group_summary(const char *group)
{
    for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
        if (str_equal(groups[i].name, group))
            return groups[i].summary;
    return NULL;
}

bool verb_begins_group(const char *name, const char *next)
{
    if (!verb_group_summary(name))
        return false;
    return !verb_find(NULL, name) || !next || verb_find(name, next);
}
