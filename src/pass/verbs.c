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

#define GET_MORE                                                                         \
    "Says that a secret is there, and shows stars for its value. --reveal shows it if\n" \
    "the engine's policy permits it; without one, on a terminal only."

#define LIST_MORE                                                                        \
    "Only the local store's; what other plugins have isn't listed. In a pattern a "      \
    "name\n"                                                                             \
    "may be * (one name) or ** (any number of them). Columns: .ID, .Provider,\n"         \
    ".CreatedAt (when the value was saved), .Metadata. One that is damaged is listed,\n" \
    "and the status is 1 then."

#define REMOVE_MORE                                                                      \
    "What patterns match is shown, and asked for; without a terminal that needs\n"       \
    "--force. --all removes without asking, as Docker's does."

#define STORE_SET_MORE                                                                   \
    "auto: the keychain where a desktop has one, else encrypted files. --move copies "   \
    "all\n"                                                                              \
    "secrets, looks at the copies, and then removes them where they were. One that "     \
    "was\n"                                                                              \
    "interrupted has lost nothing, and is finished by the same command."

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
     .examples = "@ set gh-token\n"
                 "pass show gh | head -1 | tr -d '\\n' | @ set gh-token\n"
                 "@ set db/password --metadata owner=ann < password.txt\n"
                 "echo '{\"secret\": \"s3\", \"metadata\": {\"owner\": \"ann\"}}' | @ "
                 "set db/password",
     .flags = set_flags,
     .min = 1,
     .max = 1,
     .takes = VERB_TAKES_IDS,
     .run = set_run},
    {.names = {"get"},
     .usage = "NAME",
     .summary = "Get a secret",
     .more = GET_MORE,
     .examples = "@ get gh-token\n"
                 "@ get --reveal gh-token",
     .flags = get_flags,
     .min = 1,
     .max = 1,
     .takes = VERB_TAKES_IDS,
     .run = get_run},
    {.names = {"ls", "list"},
     .usage = "[PATTERN...]",
     .summary = "List all secrets, or those that match",
     .more = LIST_MORE,
     .examples = "@ ls\n"
                 "@ ls 'db/**' --format table\n"
                 "@ ls --format '{{.ID}} {{.CreatedAt}}'",
     .flags = list_flags,
     .max = -1,
     .takes = VERB_TAKES_IDS,
     .run = list_run},
    {.names = {"rm", "delete", "erase", "remove"},
     .usage = "NAME|PATTERN... | --all",
     .summary = "Remove secrets",
     .more = REMOVE_MORE,
     .examples = "@ rm gh-token db/password\n"
                 "@ rm --force 'old/**'",
     .flags = remove_flags,
     .max = -1,
     .takes = VERB_TAKES_IDS,
     .run = remove_run},
    {.names = {"run"},
     .usage = "[OPTIONS] -- CMD [ARGS...]",
     .summary = "Run a command with secrets in its environment",
     .more = RUN_MORE,
     .examples = "GH_TOKEN=se://gh-token @ run -- gh repo list\n"
                 "@ run --env-file app.env --mask -- ./deploy\n"
                 "AUTH='Bearer {{se://gh-token}}' @ run --inject -- ./call",
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
     .examples = "@ inject app.conf.in app.conf\n"
                 "@ inject app.conf.in | ssh host 'cat > app.conf'",
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
     .more = STORE_SET_MORE,
     .examples = "@ store set --move file\n"
                 "@ store set auto",
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
     .examples = "@ store passphrase\n"
                 "@ store passphrase --old-file old.txt --new-file new.txt",
     .flags = store_key_flags,
     .run = store_passphrase_run},
    {.group = "store",
     .names = {"key"},
     .usage = "[OPTIONS] clear|passphrase|systemd-creds",
     .summary = "Protect the encrypted files' key otherwise",
     .more = KEY_MORE,
     .examples = "@ store key systemd-creds\n"
                 "@ store key clear",
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
     .examples = "@ store unlock\n"
                 "@ store unlock --passphrase-file /run/secrets/passphrase",
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
    if (str_equal(next, "--help") || str_equal(next, "-h"))
        return true;
    return !verb_find(NULL, name) || !next || verb_find(name, next);
}
