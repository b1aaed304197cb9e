/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coffer-plugin-pass: the entries of a password store (the program `pass`), read and
 * written. The id "a/b" is the entry a/b.
 *
 *   folder = PATH    the store; default: PASSWORD_STORE_DIR, ~/.password-store
 *   value = line     the secret is an entry's first line (what follows is the user's
 *                    notes); "value = whole": it is all of it, byte for byte
 *   timeout = N      seconds for gpg, and for who answers its prompt; default 30
 *
 * gpg asks for its passphrase by the user's agent, never here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "pass/folder.h"
#include "shared/plugin.h"

#define TIMEOUT_SECONDS 30
#define TIMEOUT_SECONDS_MAX 3600

/* For how many entries one request may run gpg. */
#define RUNS_MAX 256

struct store {
    char *folder;
    int64_t timeout; /* seconds */
    bool is_whole;
};

/* ---- running pass ---- */

static int run(const struct store *s, const struct waiter *w, const char *const *words,
               const struct coffer_secret *input, struct program_end *end, struct err *e)
{
    char line[PROGRAM_LINE_SIZE];
    const struct program program = {.words = words,
                                    .input = input ? input->value : NULL,
                                    .input_size = input ? input->size : 0,
                                    .output_max = COFFER_VALUE_MAX + 1};
    struct waiter within = waiter_within(w, s->timeout * 1000);
    int r = waiter_run(&within, &program, end, e);
    if (r == ERR_NOT_FOUND)
        return err_set(e, ERR_UNAVAILABLE, "the program pass isn't there");
    if (r || end->status == 0)
        return r;
    return err_set(e, ERR_INTERNAL, "pass %s ended with status %d: %s", words[1],
                   end->status, program_errors(end, line));
}

static int add(struct coffer_answer *answer, const struct store *s, const char *id,
               const struct buf *entry, struct coffer_error *e)
{
    const char *newline = entry->len ? memchr(entry->data, '\n', entry->len) : NULL;
    struct coffer_secret secret = {
        .id = id, .value = (const unsigned char *)buf_str(entry), .size = entry->len};
    if (newline && !s->is_whole)
        secret.size = (size_t)(newline - entry->data);
    return coffer_answer_add(answer, &secret, e);
}

static int get_one(const struct store *s, const struct waiter *w, const char *id,
                   struct coffer_answer *answer, struct coffer_error *e)
{
    struct err why;
    cleanup_program_end struct program_end end = {0};
    const char *const words[] = {"pass", "show", id, NULL};
    int r = run(s, w, words, NULL, &end, &why);
    return r ? plugin_fail(r, &why, e) : add(answer, s, id, &end.output, e);
}

/* ---- what the engine asks ---- */

static int find(const struct store *s, const char *text, struct pass_ids *out,
                struct err *e)
{
    cleanup_pattern struct pattern pattern = PATTERN_INIT;
    int r = pattern_parse(&pattern, text, strlen(text), e);
    return r ? r : pass_folder_list(s->folder, &pattern, out, e);
}

static int get(struct coffer_plugin *plugin, const char *pattern,
               struct coffer_answer *answer, void *user, struct coffer_error *e)
{
    const struct store *s = user;
    struct err why;
    struct waiter w = waiter_of(plugin);
    cleanup_pass_ids struct pass_ids ids = {0};
    int r = plugin_fail(find(s, pattern, &ids, &why), &why, e);
    if (!r && ids.n > RUNS_MAX)
        return coffer_error_set(e, COFFER_INVALID,
                                "%s matches %zu entries; more than %d aren't decrypted "
                                "at once",
                                pattern, ids.n, RUNS_MAX);
    for (size_t i = 0; !r && i < ids.n; i++)
        r = get_one(s, &w, ids.list[i], answer, e);
    return r;
}

static int list(struct coffer_plugin *plugin, const char *pattern,
                struct coffer_answer *answer, void *user, struct coffer_error *e)
{
    struct err why;
    cleanup_pass_ids struct pass_ids ids = {0};
    int r = plugin_fail(find(user, pattern, &ids, &why), &why, e);
    for (size_t i = 0; !r && i < ids.n; i++) {
        const struct coffer_secret secret = {.id = ids.list[i],
                                             .value = (const unsigned char *)""};
        r = coffer_answer_add(answer, &secret, e);
    }
    return r;
}

/* What could be saved, but would not come back as it was, is refused. */
static int check(const struct store *s, const struct coffer_secret *secret, struct err *e)
{
    if (secret->metadata_count)
        return err_set(e, ERR_UNIMPLEMENTED,
                       "a password store has no place for metadata");
    if (!s->is_whole && secret->size && memchr(secret->value, '\n', secret->size))
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "%s: a value of several lines needs \"value = whole\" in the "
                       "plugin's configuration",
                       secret->id);
    return pass_id_check(secret->id, e);
}

static int insert(const struct store *s, const struct waiter *w,
                  const struct coffer_secret *secret, bool overwrite, struct err *e)
{
    bool is_there;
    cleanup_program_end struct program_end end = {0};
    const char *const words[] = {"pass",    "insert",   "--multiline",
                                 "--force", secret->id, NULL};
    int r = pass_folder_has(s->folder, secret->id, &is_there, e);
    if (!r && is_there && !overwrite)
        return err_set(e, ERR_ALREADY_EXISTS, "secret %s already exists", secret->id);
    return r ? r : run(s, w, words, secret, &end, e);
}

static int save(struct coffer_plugin *plugin, const struct coffer_secret *secret,
                bool overwrite, void *user, struct coffer_error *e)
{
    const struct store *s = user;
    struct err why;
    struct waiter w = waiter_of(plugin);
    int r = check(s, secret, &why);
    if (!r)
        r = insert(s, &w, secret, overwrite, &why);
    return plugin_fail(r, &why, e);
}

static int take_away(struct coffer_plugin *plugin, const char *id, void *user,
                     struct coffer_error *e)
{
    const struct store *s = user;
    struct err why;
    bool is_there = false;
    struct waiter w = waiter_of(plugin);
    cleanup_program_end struct program_end end = {0};
    const char *const words[] = {"pass", "rm", "--force", id, NULL};
    int r = pass_id_check(id, &why);
    if (!r)
        r = pass_folder_has(s->folder, id, &is_there, &why);
    if (!r && !is_there)
        r = err_set(&why, ERR_NOT_FOUND, "secret not found");
    if (!r)
        r = run(s, &w, words, NULL, &end, &why);
    return plugin_fail(r, &why, e);
}

/* Whether gpg's agent knows the key's passphrase is between it and the user. */
static int unlock(struct coffer_plugin *plugin, const unsigned char *passphrase,
                  size_t size, void *user, struct coffer_error *e)
{
    return coffer_error_set(e, COFFER_UNSUPPORTED,
                            "a password store is unlocked by gpg's agent");
}

static int lock(struct coffer_plugin *plugin, void *user, struct coffer_error *e)
{
    return coffer_error_set(e, COFFER_UNSUPPORTED,
                            "a password store is locked by gpg's agent: gpgconf --reload "
                            "gpg-agent");
}

/* ---- life ---- */

static int start(struct coffer_plugin *plugin, void *user, struct coffer_error *e)
{
    struct store *s = user;
    struct err why;
    const char *value = coffer_plugin_config(plugin, "value");
    int r = pass_folder_find(coffer_plugin_config(plugin, "folder"), &s->folder, &why);
    if (!r)
        r = plugin_config_number(plugin, "timeout", 1, TIMEOUT_SECONDS_MAX,
                                 TIMEOUT_SECONDS, &s->timeout, &why);
    s->is_whole = str_equal(value, "whole");
    if (!r && value && !s->is_whole && !str_equal(value, "line"))
        r = err_set(&why, ERR_INVALID_ARGUMENT, "value: must be \"line\" or \"whole\"");
    if (!r && setenv("PASSWORD_STORE_DIR", s->folder, 1))
        r = err_errno(&why, errno, "set PASSWORD_STORE_DIR");
    return plugin_fail(r, &why, e);
}

int main(int argc, char **argv)
{
    static const struct coffer_plugin_callbacks callbacks = {
        .size = sizeof(callbacks),
        .start = start,
        .get = get,
        .save = save,
        .remove = take_away,
        .list = list,
        .unlock = unlock,
        .lock = lock,
    };
    struct store s = {0};
    const struct coffer_plugin_options options = {.size = sizeof(options),
                                                  .name = "pass",
                                                  .version = "v" COFFER_VERSION,
                                                  .pattern = "**",
                                                  .callbacks = &callbacks,
                                                  .user = &s};
    int status = plugin_main(&options);
    free(s.folder);
    return status;
}
