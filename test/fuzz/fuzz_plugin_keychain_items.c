/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A keyring that answers as it likes: the first line is the pattern that is asked for,
 * each further one an answer in GLib's text of variants, in turn; what isn't of the
 * call's type is an error. What is found was asked for, is of a known group, comes in
 * order, and once for each id; a secret that was found is looked for again where it was.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "keychain/items.h"

static const struct keychain_groups groups = {
    {"com.docker.pass.shared", "com.docker.pass"}, 2};

static char *first_answer, *next_answer;

static void must(bool ok)
{
    if (!ok)
        abort();
}

static GVariant *answer(const char *type, GError **error)
{
    if (!*next_answer)
        next_answer = first_answer;
    char *line = next_answer, *end = line + strcspn(line, "\n");
    next_answer = end + (*end == '\n');
    if (g_utf8_validate(line, end - line, NULL)) /* GLib's parser wants it */
        return g_variant_parse(G_VARIANT_TYPE(type), line, end, NULL, error);
    *error = g_error_new_literal(G_IO_ERROR, G_IO_ERROR_FAILED, "no answer");
    return NULL;
}

/* ---- in the place of bus.c, service.c and libsecret's session ---- */

void keychain_call_begin(struct keychain_bus *b, struct keychain_call *c,
                         const struct keychain_method *m, GVariant *arguments)
{
    must(g_variant_is_object_path(m->path));
    g_variant_unref(g_variant_ref_sink(arguments));
    *c = (struct keychain_call){.bus = b};
    c->answer = answer(m->answer, &c->error);
}

void keychain_call_deinit(struct keychain_call *c)
{
    g_clear_pointer(&c->answer, g_variant_unref);
    g_clear_error(&c->error);
}

int keychain_bus_settle(struct keychain_bus *b, size_t most, struct err *e)
{
    return 0;
}

unsigned keychain_bus_signals(void)
{
    return 0;
}

int keychain_service_call(struct keychain_service *s, const char *path,
                          const char *interface, const char *name, GVariant *arguments,
                          const char *type, GVariant **out, struct err *e)
{
    GError *error = NULL;
    g_variant_unref(g_variant_ref_sink(arguments));
    *out = answer(type, &error);
    return *out ? 0 : keychain_error(error, name, e);
}

const gchar *secret_service_get_session_dbus_path(SecretService *s)
{
    return "/session";
}

/* Without encryption. An empty one can't be decrypted. */
SecretValue *secret_service_decode_dbus_secret(SecretService *s, GVariant *coded)
{
    gsize n;
    must(g_variant_is_of_type(coded, G_VARIANT_TYPE("(oayays)")));
    GVariant *bytes = g_variant_get_child_value(coded, 2);
    const char *value = g_variant_get_fixed_array(bytes, &n, 1);
    SecretValue *made = n ? secret_value_new(value, (gssize)n, "text/plain") : NULL;
    g_variant_unref(bytes);
    return made;
}

/* ---- */

static void check(const struct keychain_items *items, const struct pattern *pattern)
{
    for (size_t i = 0; i < items->n; i++) {
        const struct keychain_item *item = &items->list[i];
        must(pattern_match(pattern, item->secret.id) && item->created >= 0);
        must(item->group < groups.n && *item->path == '/');
        must(!i || strcmp(items->list[i - 1].secret.id, item->secret.id) < 0);
    }
}

static void ask(struct keychain_service *s, const struct pattern *pattern)
{
    struct err e = {0};
    cleanup_keychain_items struct keychain_items found = {0}, again = {0};
    int r = keychain_items_find(s, &groups, pattern, &found, &e);
    if (!r) {
        keychain_items_collapse(&found);
        check(&found, pattern);
        must(!keychain_items_remember(s, &found, 0, &e));
        r = keychain_items_read(s, &found, &e);
    }
    must(!r || (e.code == r && *e.text));
    if (!pattern_is_id(pattern))
        return;
    r = keychain_items_recall(s, &groups, pattern, &again, &e);
    must(r ? *e.text && !again.n
           : again.n == 1 && keychain_places_get(&s->places, pattern->text));
    check(&again, pattern);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_free char *text = mem_dup(data, size);
    cleanup_pattern struct pattern pattern = PATTERN_INIT;
    char owner[] = ":1.1", collection[] = "/collection";
    struct keychain_service s = {.owner = owner, .collection = collection};
    must(text);
    size_t n = strcspn(text, "\n");
    first_answer = next_answer = text + n + (text[n] == '\n');
    if (!pattern_parse(&pattern, text, n, NULL))
        ask(&s, &pattern);
    keychain_places_clear(&s.places);
    return 0;
}
