/* SPDX-License-Identifier: Apache-2.0 */
#include "api/tables.h"
#include "base/mem.h"
#include "base/str.h"

typedef Swarm__Privileges__CredentialSpec credential_spec;

/* ---- where a credential spec comes from: one of three strings ---- */

static int set_source(ProtobufCMessage *m, json_t *j, uint32_t which, struct err *e)
{
    credential_spec *spec = (credential_spec *)m;
    if (!json_is_string(j))
        return err_set(e, ERR_INVALID_ARGUMENT, "must be a string");
    if (!json_string_length(j))
        return 0;
    if (spec->source_case != SWARM__PRIVILEGES__CREDENTIAL_SPEC__SOURCE__NOT_SET)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "can't be given together with its alternatives");
    char *copy = mem_dup(json_string_value(j), json_string_length(j));
    if (!copy)
        return err_no_memory(e);
    spec->file = copy;
    spec->source_case = which;
    return 0;
}

static int set_config(ProtobufCMessage *m, json_t *j, struct err *e)
{
    return set_source(m, j, SWARM__PRIVILEGES__CREDENTIAL_SPEC__SOURCE_CONFIG, e);
}

static int set_file(ProtobufCMessage *m, json_t *j, struct err *e)
{
    return set_source(m, j, SWARM__PRIVILEGES__CREDENTIAL_SPEC__SOURCE_FILE, e);
}

static int set_registry(ProtobufCMessage *m, json_t *j, struct err *e)
{
    return set_source(m, j, SWARM__PRIVILEGES__CREDENTIAL_SPEC__SOURCE_REGISTRY, e);
}

static void show_source(const ProtobufCMessage *m, const char *name,
                        struct api_json_out *w)
{
    static const struct api_name sources[] = {
        {"Config", SWARM__PRIVILEGES__CREDENTIAL_SPEC__SOURCE_CONFIG},
        {"File", SWARM__PRIVILEGES__CREDENTIAL_SPEC__SOURCE_FILE},
        {"Registry", SWARM__PRIVILEGES__CREDENTIAL_SPEC__SOURCE_REGISTRY},
    };
    static const struct api_names names = API_NAMES("source", sources);
    const credential_spec *spec = (const credential_spec *)m;
    const char *set = api_names_get(&names, (int)spec->source_case);
    api_json_member(w, name, str_equal(set, name) ? spec->file : "");
}

static const struct api_custom config_source = {set_config, show_source};
static const struct api_custom file_source = {set_file, show_source};
static const struct api_custom registry_source = {set_registry, show_source};

static const struct api_field credential_rows[] = {
    {.name = "Config", .custom = &config_source},
    {.name = "File", .custom = &file_source},
    {.name = "Registry", .custom = &registry_source},
};
static const struct api_table credential =
    API_TABLE(swarm__privileges__credential_spec, credential_rows);

/* ---- the rest ---- */

static const struct api_field selinux_rows[] = {
    {.name = "Disable", .proto = "disable", .show = API_ALWAYS},
    {.name = "User", .proto = "user", .show = API_ALWAYS},
    {.name = "Role", .proto = "role", .show = API_ALWAYS},
    {.name = "Type", .proto = "type", .show = API_ALWAYS},
    {.name = "Level", .proto = "level", .show = API_ALWAYS},
};
static const struct api_table selinux =
    API_TABLE(swarm__privileges__selinux_context, selinux_rows);

static const struct api_name seccomp_modes[] = {
    {"default", SWARM__PRIVILEGES__SECCOMP_OPTS__SECCOMP_MODE__DEFAULT},
    {"unconfined", SWARM__PRIVILEGES__SECCOMP_OPTS__SECCOMP_MODE__UNCONFINED},
    {"custom", SWARM__PRIVILEGES__SECCOMP_OPTS__SECCOMP_MODE__CUSTOM},
};
static const struct api_names seccomp_mode_names =
    API_NAMES("seccomp mode", seccomp_modes);

static const struct api_field seccomp_rows[] = {
    {.name = "Mode", .proto = "mode", .show = API_ALWAYS, .names = &seccomp_mode_names},
    {.name = "Profile", .proto = "profile"},
};
static const struct api_table seccomp =
    API_TABLE(swarm__privileges__seccomp_opts, seccomp_rows);

static const struct api_name apparmor_modes[] = {
    {"default", SWARM__PRIVILEGES__APP_ARMOR_OPTS__APP_ARMOR_MODE__DEFAULT},
    {"disabled", SWARM__PRIVILEGES__APP_ARMOR_OPTS__APP_ARMOR_MODE__DISABLED},
};
static const struct api_names apparmor_mode_names =
    API_NAMES("AppArmor mode", apparmor_modes);

static const struct api_field apparmor_rows[] = {
    {.name = "Mode", .proto = "mode", .show = API_ALWAYS, .names = &apparmor_mode_names},
};
static const struct api_table apparmor =
    API_TABLE(swarm__privileges__app_armor_opts, apparmor_rows);

static const struct api_field privileges_rows[] = {
    {.name = "CredentialSpec",
     .proto = "credential_spec",
     .show = API_NULL,
     .table = &credential},
    {.name = "SELinuxContext",
     .proto = "selinux_context",
     .show = API_NULL,
     .table = &selinux},
    {.name = "Seccomp", .proto = "seccomp", .table = &seccomp},
    {.name = "AppArmor", .proto = "apparmor", .table = &apparmor},
    {.name = "NoNewPrivileges", .proto = "no_new_privileges"},
};
const struct api_table api_table_privileges =
    API_TABLE(swarm__privileges, privileges_rows);
