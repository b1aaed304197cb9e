/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "cli/output.h"
#include "pass/verb.h"

const struct flag plugins_list_flags[] = {
    {"format", 0, &flag_string, FLAG_FORMAT_TEXT, NULL, NULL},
    {0},
};

static const char *const headers[] = {"Name",    "NAME",    "Version", "VERSION",
                                      "Pattern", "PATTERN", "Status",  "STATUS",
                                      "Message", "MESSAGE", NULL};

static const struct listing listing = {
    "{{.Name}}\t{{.Version}}\t{{.Pattern}}\t{{.Status}}\t{{.Message}}", headers};

static const char *status_of(const struct coffer_plugin_info *plugin)
{
    static const char *const words[] = {
        [COFFER_PLUGIN_UNKNOWN] = "unknown",
        [COFFER_PLUGIN_RUNNING] = "running",
        [COFFER_PLUGIN_STOPPED] = "stopped",
        [COFFER_PLUGIN_CRASHED] = "crashed",
        [COFFER_PLUGIN_RETRIES_EXCEEDED] = "retries exceeded",
    };
    if (plugin->is_disabled)
        return "disabled";
    return words[plugin->status >= 0 && (size_t)plugin->status < ARRAY_SIZE(words)
                     ? plugin->status
                     : COFFER_PLUGIN_UNKNOWN];
}

static int add_row(const struct coffer_plugin_info *plugin, void *rows, struct err *e)
{
    json_t *row = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:b, s:b}", "Name", plugin->name, "Version",
        plugin->version, "Pattern", plugin->pattern ? plugin->pattern : "", "Status",
        status_of(plugin), "Message", plugin->status_message, "External",
        plugin->is_external, "Configurable", plugin->is_configurable);
    return output_add_row(rows, row, e);
}

int plugins_list_run(struct pass *p, struct err *e)
{
    struct cli c = {.flags = p->flags};
    cleanup_json json_t *rows = json_array();
    if (!rows)
        return err_no_memory(e);
    int r = p->secrets->ops->each_plugin(p->secrets, add_row, rows, e);
    return r ? r : output_list(&c, &listing, rows, e);
}

int plugins_enable_run(struct pass *p, struct err *e)
{
    return p->secrets->ops->set_plugin(p->secrets, p->argv[0], true, e);
}

int plugins_disable_run(struct pass *p, struct err *e)
{
    return p->secrets->ops->set_plugin(p->secrets, p->argv[0], false, e);
}
