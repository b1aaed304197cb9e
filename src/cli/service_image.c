/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/service_image.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/service_spec.h"

#define IMAGE SPEC_CONTAINER ".Image"

void service_warn_unpinned(const json_t *spec)
{
    const char *image = field_string(spec, IMAGE);
    fflush(stdout);
    fprintf(stderr,
            "image %s could not be accessed on a registry to record\n"
            "its digest. Each node will access %s independently,\n"
            "possibly leading to different nodes running different\n"
            "versions of the image.\n\n",
            image, image);
}

/* /distribution/NAME/json: the name keeps its slashes. */
static int distribution_path(const char *image, struct buf *path)
{
    int r = buf_append_str(path, "/distribution/");
    for (const char *p = image; *p && !r;) {
        char part[512];
        size_t n = strcspn(p, "/");
        snprintf(part, sizeof(part), "%.*s", (int)n, p);
        r = path_printf(path, "%s", part);
        if (!r && p[n])
            r = buf_append_char(path, '/');
        p += n + (p[n] != '\0');
    }
    return r ? r : buf_append_str(path, "/json");
}

static int set_platforms(json_t *spec, const json_t *platforms, struct err *e)
{
    json_t *all = json_array();
    int r = all ? 0 : err_no_memory(e);
    for (size_t i = 0; i < json_array_size(platforms) && !r; i++) {
        const json_t *p = json_array_get(platforms, i);
        if (json_array_append_new(all, json_pack("{s:s, s:s}", "Architecture",
                                                 field_string(p, "architecture"), "OS",
                                                 field_string(p, "os"))))
            r = err_no_memory(e);
    }
    if (r || !json_array_size(all)) {
        json_decref(all);
        return r;
    }
    return field_set(spec, SPEC_TASK ".Placement.Platforms", all) ? err_no_memory(e) : 0;
}

/* "busybox" is "busybox:latest", and so is its name with the default registry before it.
 * A name that is none is left for the daemon to refuse. */
static int complete_name(json_t *spec, struct err *e)
{
    static const char registry[] = "docker.io/library/";
    const char *image = field_string(spec, IMAGE);
    if (str_starts_with(image, registry))
        image += strlen(registry);
    const char *last = strrchr(image, '/');
    bool plain = *image && strspn(image, "abcdefghijklmnopqrstuvwxyz0123456789._-/:") ==
                               strlen(image);
    bool tagged = !plain || strchr(last ? last : image, ':');
    json_t *name = json_sprintf("%s%s", image, tagged ? "" : ":latest");
    return field_set(spec, IMAGE, name) ? err_no_memory(e) : 0;
}

int service_pin_image(json_t *spec, struct client *c, bool ask, bool *unpinned,
                      struct err *e)
{
    cleanup_buf struct buf path = BUF_INIT;
    cleanup_json json_t *answer = NULL;
    struct err why = {0};
    int r = complete_name(spec, e);
    const char *image = field_string(spec, IMAGE);
    if (r || !ask || !*image || strchr(image, '@'))
        return r;
    if (distribution_path(image, &path))
        return err_no_memory(e);
    r = client_get(c, buf_str(&path), &answer, &why);
    const char *digest = field_string(answer, "Descriptor.digest");
    if (r == ERR_INVALID_ARGUMENT && strchr(image, ' '))
        return 0; /* the daemon says what is wrong with the name */
    if (r || !*digest) {
        *unpinned = true;
        return r == ERR_NO_MEMORY ? err_no_memory(e) : 0;
    }
    r = set_platforms(spec, field_get(answer, "Platforms"), e);
    if (r)
        return r;
    return field_set(spec, IMAGE, json_sprintf("%s@%s", image, digest)) ? err_no_memory(e)
                                                                        : 0;
}
