/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "pass/verb.h"

static void offer(const char *word, const char *beginning)
{
    if (word && str_starts_with(word, beginning))
        puts(word);
}

static void offer_flags(const struct flag *table, const char *beginning)
{
    for (; table && table->name; table++) {
        char word[80];
        snprintf(word, sizeof(word), "--%s", table->name);
        offer(word, beginning);
    }
}

static void offer_verbs(const char *group, const char *beginning)
{
    const char *last = NULL;
    for (const struct verb *v = verbs; v->names[0]; v++) {
        if (v->is_hidden)
            continue;
        if (group ? str_equal(v->group, group) : !v->group)
            offer(v->names[0], beginning);
        else if (!group && !str_equal(v->group, last))
            offer(v->group, beginning);
        last = v->group;
    }
}

/* Ids of the local store. */
static void offer_ids(struct secrets *s, const char *beginning)
{
    cleanup_secret_envelopes struct secret_envelopes found = {0};
    if (s->ops->list(s, "**", &found, NULL))
        return;
    for (size_t i = 0; i < found.len; i++)
        offer(found.items[i].id, beginning);
}

static int offer_plugin(const struct coffer_plugin_info *plugin, void *beginning,
                        struct err *e)
{
    offer(plugin->name, beginning);
    return 0;
}

static bool offer_arguments(struct secrets *s, const struct verb *v,
                            const char *beginning)
{
    switch (v->takes) {
    case VERB_TAKES_IDS:
        offer_ids(s, beginning);
        break;
    case VERB_TAKES_PLUGINS:
        if (s->ops->each_plugin(s, offer_plugin, (char *)(uintptr_t)beginning, NULL))
            return false;
        break;
    case VERB_TAKES_STORES:
        offer("auto", beginning);
        offer("file", beginning);
        offer("keychain", beginning);
        break;
    case VERB_TAKES_PROTECTIONS:
        offer("clear", beginning);
        offer("passphrase", beginning);
        offer("systemd-creds", beginning);
        break;
    case VERB_TAKES_FILES:
        return true;
    case VERB_TAKES_NOTHING:
        break;
    }
    return false;
}

/* Does the word before the last one want a value? */
static const struct flag *open_flag(const struct verb *v, int argc, char **argv)
{
    const char *before = argc > 1 ? argv[argc - 2] : "";
    if (!v->flags || !str_starts_with(before, "--"))
        return NULL;
    const struct flag *flag = flag_find(v->flags, before + 2, strlen(before + 2));
    return flag && flag->type->name ? flag : NULL;
}

static bool complete_verb(struct secrets *s, const struct verb *v, int argc, char **argv)
{
    const char *last = argv[argc - 1];
    if (open_flag(v, argc, argv))
        return true;
    if (last[0] != '-')
        return offer_arguments(s, v, last);
    offer_flags(v->flags, last);
    return false;
}

bool verb_complete(struct secrets *s, int argc, char **argv)
{
    if (argc == 0)
        return false;
    const char *group = argc > 1 && verb_group_summary(argv[0]) ? argv[0] : NULL;
    int at = group ? 1 : 0;
    const struct verb *v = argc > at + 1 ? verb_find(group, argv[at]) : NULL;
    if (v)
        return complete_verb(s, v, argc - at - 1, argv + at + 1);
    if (argc == at + 1)
        offer_verbs(group, argv[at]);
    return false;
}
