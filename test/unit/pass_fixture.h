/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Secrets without an engine, in memory, and what a verb prints. Two plugins may have the
 * same id: "vault" is asked behind the store.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "pass/verb.h"
#include "resolver/pattern.h"

struct fake {
    struct secrets secrets;
    struct secret_envelopes store, vault;
    const char *broken; /* a pattern that can't be asked for */
    bool is_denied;     /* authorize */
    bool has_no_store;  /* as Docker's engine */
    bool is_locked;     /* the store, to those who save */
    size_t n_authorized, n_gets, n_ends;
    char out[4096];
    struct err e;
};

static inline struct fake *fake_of(struct secrets *s)
{
    return CONTAINER_OF(s, struct fake, secrets);
}

static inline void fake_add(struct secret_envelopes *to, const char *id,
                            const char *value, const char *provider)
{
    struct secret_envelope one = {0};
    assert_int_equal(secret_envelope_set_id(&one, id, NULL), 0);
    assert_int_equal(secret_envelope_set_value(&one, value, strlen(value), NULL), 0);
    assert_int_equal(secret_envelope_set_provider(&one, provider, NULL), 0);
    assert_int_equal(secret_envelopes_append(to, &one, NULL), 0);
}

static inline int fake_find(const struct secret_envelopes *from, const char *text,
                            struct secret_envelopes *out, struct err *e)
{
    cleanup_pattern struct pattern p = PATTERN_INIT;
    int r = pattern_parse(&p, text, strlen(text), e);
    for (size_t i = 0; i < from->len && !r; i++) {
        cleanup_secret_envelope struct secret_envelope copy = {0};
        if (!pattern_match(&p, from->items[i].id))
            continue;
        r = secret_envelope_copy(&from->items[i], &copy, e);
        if (!r)
            r = secret_envelopes_append(out, &copy, e);
    }
    return r;
}

static inline int fake_get(struct secrets *s, const char *const *patterns, size_t n,
                           struct secret_envelopes *out, size_t *failed, struct err *e)
{
    struct fake *f = fake_of(s);
    int r = 0;
    f->n_gets++;
    for (size_t i = 0; i < n && !r; i++) {
        *failed = i;
        if (str_equal(patterns[i], f->broken))
            return err_set(e, ERR_INTERNAL, "the vault is sealed");
        r = fake_find(&f->store, patterns[i], &out[i], e);
        if (!r)
            r = fake_find(&f->vault, patterns[i], &out[i], e);
    }
    return r;
}

static inline int fake_authorize(struct secrets *s, const char *const *patterns, size_t n,
                                 struct err *e)
{
    struct fake *f = fake_of(s);
    f->n_authorized += n;
    return f->is_denied ? err_set(e, ERR_PERMISSION_DENIED, "authorizing: access denied")
                        : 0;
}

static inline int fake_list(struct secrets *s, const char *pattern,
                            struct secret_envelopes *out, struct err *e)
{
    struct fake *f = fake_of(s);
    if (f->has_no_store)
        return err_set(e, ERR_UNIMPLEMENTED, "no store");
    return fake_find(&f->store, pattern, out, e);
}

static inline int fake_remove(struct secrets *s, const char *id, struct err *e)
{
    struct secret_envelopes *store = &fake_of(s)->store;
    for (size_t i = 0; i < store->len; i++)
        if (str_equal(store->items[i].id, id)) {
            secret_envelope_deinit(&store->items[i]);
            store->items[i] = store->items[--store->len];
            return 0;
        }
    return err_set(e, ERR_NOT_FOUND, "secret not found");
}

static inline int fake_save(struct secrets *s, const struct secret_envelope *secret,
                            bool overwrite, struct err *e)
{
    cleanup_secret_envelope struct secret_envelope copy = {0};
    if (fake_of(s)->is_locked)
        return err_set(e, ERR_FAILED_PRECONDITION, "the store is locked");
    for (size_t i = 0; i < fake_of(s)->store.len && !overwrite; i++)
        if (str_equal(fake_of(s)->store.items[i].id, secret->id))
            return err_set(e, ERR_ALREADY_EXISTS, "it is there already");
    (void)!fake_remove(s, secret->id, NULL);
    int r = secret_envelope_copy(secret, &copy, e);
    return r ? r : secret_envelopes_append(&fake_of(s)->store, &copy, e);
}

static inline int fake_each_plugin(struct secrets *s, secrets_plugin_seen *seen,
                                   void *user, struct err *e)
{
    static const struct coffer_plugin_info plugins[] = {
        {"docker-pass", "v0.1.0", "**", false, false, false, COFFER_PLUGIN_RUNNING,
         "file"},
        {"vault", "v1.0.0", "vault/**", false, false, true, COFFER_PLUGIN_CRASHED,
         "no route"},
        {"off", "v1.0.0", NULL, true, false, true, COFFER_PLUGIN_STOPPED, ""},
    };
    int r = 0;
    (void)s;
    for (size_t i = 0; i < ARRAY_SIZE(plugins) && !r; i++)
        r = seen(&plugins[i], user, e);
    return r;
}

static inline int fake_read(struct secrets *s, const char *id,
                            struct secret_envelopes *out, struct err *e)
{
    size_t before = out->len;
    int r = fake_find(&fake_of(s)->store, id, out, e);
    return !r && out->len == before ? err_set(e, ERR_NOT_FOUND, "secret not found") : r;
}

static inline int fake_state(struct secrets *s, struct coffer_store_state *out,
                             struct err *e)
{
    const struct fake *f = fake_of(s);
    *out = (struct coffer_store_state){.kind = "file",
                                       .place = "/store",
                                       .key = "/key",
                                       .is_locked = f->is_locked,
                                       .has_passphrase = f->is_locked};
    return f->has_no_store ? err_set(e, ERR_UNIMPLEMENTED, "no store") : 0;
}

static inline int fake_end(struct secrets *s, struct err *e)
{
    (void)e;
    fake_of(s)->n_ends++;
    return 0;
}

static const struct secrets_ops fake_ops = {
    .get = fake_get,
    .authorize = fake_authorize,
    .list = fake_list,
    .save = fake_save,
    .remove = fake_remove,
    .read = fake_read,
    .state = fake_state,
    .each_plugin = fake_each_plugin,
    .end = fake_end,
};

static inline int fake_setup(void **state)
{
    struct fake *f = calloc(1, sizeof(*f));
    if (!f)
        return -1;
    f->secrets.ops = &fake_ops;
    *state = f;
    return 0;
}

static inline int fake_teardown(void **state)
{
    struct fake *f = *state;
    secret_envelopes_deinit(&f->store);
    secret_envelopes_deinit(&f->vault);
    free(f);
    return 0;
}

/* Runs a verb; what it prints on standard output is in f->out. */
static inline int fake_run(struct fake *f, const char *group, const char *name,
                           char *const *words, int *status)
{
    char *argv[16];
    struct pass p = {.program = "pass", .secrets = &f->secrets, .argv = argv};
    p.verb = verb_find(group, name);
    assert_non_null(p.verb);
    while (words[p.argc]) {
        argv[p.argc] = words[p.argc];
        p.argc++;
    }
    static const struct flag none[] = {{0}};
    f->e = (struct err){0};
    assert_int_equal(flags_parse(&p.flags, p.verb->flags ? p.verb->flags : none,
                                 p.verb->first_ends, &p.argc, argv, &f->e),
                     0);
    argv[p.argc] = NULL;
    fflush(stdout);
    FILE *file = tmpfile();
    int before = dup(STDOUT_FILENO);
    assert_true(file && before >= 0 && dup2(fileno(file), STDOUT_FILENO) >= 0);
    int r = p.verb->run(&p, &f->e);
    fflush(stdout);
    assert_true(dup2(before, STDOUT_FILENO) >= 0);
    close(before);
    rewind(file);
    f->out[fread(f->out, 1, sizeof(f->out) - 1, file)] = '\0';
    fclose(file);
    flags_deinit(&p.flags);
    if (status)
        *status = p.status;
    return r;
}

#define RUN(f, group, name, ...)                                                         \
    fake_run(f, group, name, (char *[]){__VA_ARGS__ __VA_OPT__(, ) NULL}, NULL)

/* A word that can be written to, as those of argv. */
#define WORD(text) ((char[]){text})
