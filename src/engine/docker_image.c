/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of images: [registry[:port]/]path[:tag][@digest], or an id ("sha256:...").
 */
#include "engine/docker_create.h"

#include <string.h>

#include "base/str.h"
#include "wire/http.h"

/* A longer name is refused before anybody parses it. */
#define IMAGE_NAME_MAX 1024

/* Where the tag's colon stands in the first n characters, or n: a colon before the last
 * slash belongs to a port. */
static size_t tag_colon(const char *image, size_t n)
{
    for (size_t i = n; i-- > 0 && image[i] != '/';) {
        if (image[i] == ':')
            return i;
    }
    return n;
}

static int check_length(const char *image, struct err *e)
{
    if (strnlen(image, IMAGE_NAME_MAX + 1) <= IMAGE_NAME_MAX)
        return 0;
    return err_set(e, ERR_INVALID_ARGUMENT, "the image's name is longer than %d",
                   IMAGE_NAME_MAX);
}

int docker_image_name(const char *image, enum docker_kind kind, struct buf *out,
                      struct err *e)
{
    int r = check_length(image, e);
    if (r)
        return r;
    const char *digest = strchr(image, '@');
    if (kind != DOCKER_PODMAN || !digest)
        return buf_append_str(out, image) ? err_no_memory(e) : 0;
    r = buf_append(out, image, tag_colon(image, (size_t)(digest - image)));
    if (!r)
        r = buf_append_str(out, digest);
    return r ? err_no_memory(e) : 0;
}

int docker_image_pull_query(const char *image, struct buf *out, struct err *e)
{
    int r = check_length(image, e);
    if (r)
        return r;
    const char *digest = strchr(image, '@');
    size_t n = digest ? (size_t)(digest - image) : strlen(image);
    size_t colon = tag_colon(image, n);
    const char *tag = digest ? digest + 1 : colon < n ? image + colon + 1 : "latest";
    char name[IMAGE_NAME_MAX + 1];
    memcpy(name, image, colon);
    name[colon] = '\0';
    r = buf_append_str(out, "fromImage=");
    if (!r)
        r = http_url_escape(out, name);
    if (!r)
        r = buf_append_str(out, "&tag=");
    if (!r)
        r = http_url_escape(out, tag);
    return r ? err_no_memory(e) : 0;
}
