/* SPDX-License-Identifier: Apache-2.0 */
#include "api/secret_references.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"

int api_secret_reference_of(const char *text, char **out, struct err *e)
{
    *out = NULL;
    if (!text || !str_starts_with(text, API_SECRET_REFERENCE_PATH))
        return 0;
    const char *id = text + strlen(API_SECRET_REFERENCE_PATH);
    cleanup_free char *whole = str_format("se://%s", id + (*id == '/'));
    if (!whole)
        return err_no_memory(e);
    int r = secret_reference_check(whole, e);
    if (!r)
        *out = TAKE(whole);
    return r == ERR_NO_MEMORY ? r : 0;
}

static int fill(Swarm__Secret *s, const char *reference)
{
    char id[OBJECT_ID_SIZE];
    secret_reference_id(reference, id);
    s->spec = message_new(&swarm__secret_spec__descriptor);
    if (!s->spec || message_set_string(&s->id, id))
        return ERR_NO_MEMORY;
    Swarm__Annotations *a = message_new(&swarm__annotations__descriptor);
    s->spec->annotations = a;
    if (!a || message_set_string(&a->name, reference))
        return ERR_NO_MEMORY;
    return message_map_put(&a->n_labels, &a->labels, API_SECRET_REFERENCE_LABEL, "true");
}

int api_secret_reference_object(const char *reference, struct object **out)
{
    cleanup_message Swarm__Secret *s = message_new(&swarm__secret__descriptor);
    int r = s ? fill(s, reference) : ERR_NO_MEMORY;
    return r ?: object_new(OBJECT_SECRET, TAKE(s), out);
}

/* ---- lists ---- */

static int add(const char *text, struct object_list *out, struct err *e)
{
    cleanup_free char *reference = NULL;
    struct object *o = NULL;
    int r = api_secret_reference_of(text, &reference, e);
    if (r || !reference)
        return r;
    if (api_secret_reference_object(reference, &o))
        return err_no_memory(e);
    r = api_filters_add(out, o) ? err_no_memory(e) : 0;
    object_unref(o);
    return r;
}

int api_secret_references_add(const struct api_filters *f, struct object_list *out,
                              struct err *e)
{
    static const char *const keys[] = {"name", "names"};
    int r = 0;
    for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
        for (size_t i = 0; i < api_filters_count(f, keys[k]) && !r; i++)
            r = add(api_filters_value(f, keys[k], i), out, e);
    return r;
}

/* ---- changes ---- */

int api_secret_reference_refuse(const char *text, struct err *e)
{
    cleanup_free char *reference = NULL;
    int r = api_secret_reference_of(text, &reference, e);
    if (r || !reference)
        return r;
    return err_set(e, ERR_INVALID_ARGUMENT,
                   "%s is a reference, no secret of the swarm: it is changed where it is "
                   "kept, with coffer pass",
                   reference);
}

static int name_file(Swarm__SecretReference *ref, struct err *e)
{
    const char *name = ref->secret_name;
    bool is_unnamed = ref->target_case == SWARM__SECRET_REFERENCE__TARGET_FILE &&
                      ref->file && str_equal(ref->file->name, name);
    if (!is_unnamed || !secret_reference_is(name))
        return 0;
    const char *last = strrchr(name, '/') + 1;
    if (strchr(last, '*')) /* validation says that it is none */
        return 0;
    return message_set_string(&ref->file->name, last) ? err_no_memory(e) : 0;
}

int api_secret_references_name_files(Swarm__ContainerSpec *c, struct err *e)
{
    int r = 0;
    for (size_t i = 0; i < c->n_secrets && !r; i++)
        r = name_file(c->secrets[i], e);
    return r;
}
