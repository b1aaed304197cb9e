/* SPDX-License-Identifier: Apache-2.0 */
#include "api/path.h"

#include "api/api.h"
#include "base/str.h"

/* Reads the digits at *s; they stay within a number. */
static bool read_number(const char **s, unsigned *out)
{
    unsigned value = 0;
    const char *start = *s;
    for (; **s >= '0' && **s <= '9'; ++*s)
        value = value > 99999 ? value : value * 10 + (unsigned)(**s - '0');
    *out = value;
    return *s > start;
}

static void read_version(const char *text, unsigned *major, unsigned *minor)
{
    *major = *minor = 0;
    if (read_number(&text, major) && *text == '.') {
        text++;
        (void)read_number(&text, minor);
    }
}

void api_path_parse(const char *path, struct api_path *out)
{
    *out = (struct api_path){.rest = path};
    read_version(API_VERSION, &out->major, &out->minor);
    if (!str_starts_with(path, "/v"))
        return;
    const char *text = path + 2;
    size_t n = strspn(text, "0123456789.");
    if (n == 0 || n >= sizeof(out->version) || text[n] != '/')
        return;
    memcpy(out->version, text, n);
    read_version(out->version, &out->major, &out->minor);
    out->rest = text + n;
}

static int compare(const struct api_path *p, const char *version)
{
    unsigned major, minor;
    read_version(version, &major, &minor);
    if (p->major != major)
        return p->major < major ? -1 : 1;
    return p->minor < minor ? -1 : p->minor > minor;
}

bool api_path_is_older(const struct api_path *p, const char *version)
{
    return compare(p, version) < 0;
}

bool api_path_is_too_old(const struct api_path *p)
{
    return compare(p, API_VERSION_MIN) < 0;
}

bool api_path_is_too_new(const struct api_path *p)
{
    return compare(p, API_VERSION) > 0;
}

/* "/secrets/" + "*" + "/update": what stands before the star, and after it. */
bool api_path_match(const char *pattern, const char *path, const char **id, size_t *n)
{
    const char *star = strchr(pattern, '*');
    if (!star)
        return str_equal(pattern, path);
    size_t before = (size_t)(star - pattern);
    bool many = star[1] == '*';
    const char *after = star + (many ? 2 : 1);
    size_t length = strlen(path);
    if (length <= before + strlen(after) || strncmp(path, pattern, before) != 0)
        return false;
    const char *found = path + before;
    size_t len = length - before - strlen(after);
    if (!str_equal(found + len, after) || (!many && memchr(found, '/', len)))
        return false;
    *id = found;
    *n = len;
    return true;
}
