/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's versions, but the API's own, which has to agree with what /_ping says; and
 * we are one more component. Without the engine, only that. */
#include <sys/utsname.h>

#include "api/handlers.h"
#include "base/str.h"

static const char *arch_of(const struct utsname *host)
{
    return str_equal(host->machine, "x86_64")    ? "amd64"
           : str_equal(host->machine, "aarch64") ? "arm64"
                                                 : host->machine;
}

static json_t *make_component(void)
{
    return json_pack("{s:s, s:s, s:{s:s, s:s}}", "Name", "Coffer", "Version",
                     COFFER_VERSION, "Details", "ApiVersion", API_VERSION,
                     "MinAPIVersion", API_VERSION_MIN);
}

static json_t *make_version(void)
{
    struct utsname host;
    uname(&host);
    return json_pack("{s:{s:s}, s:[o], s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}",
                     "Platform", "Name", "Coffer", "Components", make_component(),
                     "Version", COFFER_VERSION, "ApiVersion", API_VERSION,
                     "MinAPIVersion", API_VERSION_MIN, "GitCommit", "", "GoVersion", "",
                     "Os", "linux", "Arch", arch_of(&host), "KernelVersion", host.release,
                     "BuildTime", "");
}

static int set_api_version(json_t *j)
{
    if (json_object_set_new(j, "ApiVersion", json_string(API_VERSION)) ||
        json_object_set_new(j, "MinAPIVersion", json_string(API_VERSION_MIN)))
        return ERR_NO_MEMORY;
    return 0;
}

/* Clients show what stands in the engine's component. */
static int complete(json_t *version)
{
    json_t *components = json_object_get(version, "Components");
    int r = set_api_version(version);
    for (size_t i = 0; i < json_array_size(components) && !r; i++) {
        json_t *details = json_object_get(json_array_get(components, i), "Details");
        if (json_object_get(details, "ApiVersion"))
            r = set_api_version(details);
    }
    if (!r && json_is_array(components))
        r = json_array_append_new(components, make_component()) ? ERR_NO_MEMORY : 0;
    return r;
}

static void answer(struct api_request *q, json_t *version)
{
    struct err e = {0};
    cleanup_buf struct buf text = BUF_INIT;
    if (!version || json_write(version, &text) || buf_append_char(&text, '\n')) {
        err_no_memory(&e);
        api_request_error(q, &e);
    } else {
        api_request_text(q, 200, "application/json", &text);
    }
}

static void on_fetched(struct api_request *q, struct http_response *r,
                       const struct err *e)
{
    cleanup_json json_t *version = NULL;
    bool is_usable = r && r->head->status == 200 &&
                     !api_json_parse(buf_str(&r->body), r->body.len, &version, NULL) &&
                     json_is_object(version);
    if (!is_usable) {
        json_decref(version);
        version = make_version();
    } else if (complete(version)) {
        json_decref(version);
        version = NULL;
    }
    answer(q, version);
}

void api_version(struct api_request *q)
{
    api_request_fetch(q, "/version", API_ENGINE_TIMEOUT, on_fetched);
}
