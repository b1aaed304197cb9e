/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar of image references, [registry/]path[:tag][@digest], by its rules and not
 * by its examples: a registry is recognised by a dot, a colon or "localhost" in the first
 * part; without one the default registry is meant, which makes the name longer by its
 * name.
 */
#include <string.h>

#include "base/str.h"
#include "objects/validate.h"

#define NAME_LIMIT 255
#define TAG_LIMIT 128
#define IDENTIFIER_LENGTH 64
#define DEFAULT_PREFIX_LENGTH (sizeof("docker.io/") - 1)
#define DEFAULT_FOLDER_LENGTH (sizeof("library/") - 1)

/* A part of the text; nothing is copied. */
struct span {
    const char *start;
    size_t n;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_alphanumeric(char c)
{
    return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z');
}

static bool is_lower_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f');
}

/* How much of a path's part at the start of s separates two words: one dot, one or two
 * underscores, or any dashes. */
static size_t separator_length(const char *s, size_t n)
{
    size_t k = 0;
    if (n && s[0] == '.')
        return 1;
    if (n && s[0] == '_')
        return n > 1 && s[1] == '_' ? 2 : 1;
    while (k < n && s[k] == '-')
        k++;
    return k;
}

/* Words of a-z0-9 with separators between them. */
static bool path_part_is_valid(struct span part)
{
    size_t i = 0;
    for (;;) {
        size_t word = i;
        while (i < part.n && (is_lower(part.start[i]) || is_digit(part.start[i])))
            i++;
        if (i == word)
            return false;
        if (i == part.n)
            return true;
        size_t separator = separator_length(part.start + i, part.n - i);
        if (!separator)
            return false;
        i += separator;
    }
}

/* Cuts the text up to c off the front of s; all of it when there is no c, and then *s is
 * empty at its end. */
static struct span cut(struct span *s, char c)
{
    const char *end = memchr(s->start, c, s->n);
    struct span first = {s->start, end ? (size_t)(end - s->start) : s->n};
    size_t gone = first.n + (end != NULL);
    *s = (struct span){s->start + gone, s->n - gone};
    return first;
}

static bool path_is_valid(struct span path)
{
    if (!path.n || path.start[path.n - 1] == '/')
        return false;
    while (path.n)
        if (!path_part_is_valid(cut(&path, '/')))
            return false;
    return true;
}

static bool host_part_is_valid(struct span part)
{
    if (!part.n || part.start[0] == '-' || part.start[part.n - 1] == '-')
        return false;
    for (size_t i = 0; i < part.n; i++)
        if (!is_alphanumeric(part.start[i]) && part.start[i] != '-')
            return false;
    return true;
}

static bool port_is_valid(struct span port)
{
    for (size_t i = 0; i < port.n; i++)
        if (!is_digit(port.start[i]))
            return false;
    return port.n > 0;
}

static bool registry_is_valid(struct span registry)
{
    bool has_port = memchr(registry.start, ':', registry.n);
    struct span host = cut(&registry, ':');
    if (has_port && !port_is_valid(registry))
        return false;
    if (!host.n || host.start[host.n - 1] == '.')
        return false;
    while (host.n)
        if (!host_part_is_valid(cut(&host, '.')))
            return false;
    return true;
}

static bool tag_is_valid(struct span tag)
{
    if (!tag.n || tag.n > TAG_LIMIT || tag.start[0] == '.' || tag.start[0] == '-')
        return false;
    for (size_t i = 0; i < tag.n; i++)
        if (!is_alphanumeric(tag.start[i]) && !strchr("_.-", tag.start[i]))
            return false;
    return true;
}

static bool digest_is_valid(struct span digest)
{
    static const struct {
        const char *name;
        size_t digits;
    } algorithms[] = {{"sha256", 64}, {"sha384", 96}, {"sha512", 128}};
    struct span name = cut(&digest, ':');
    for (size_t i = 0; i < digest.n; i++)
        if (!is_lower_hex(digest.start[i]))
            return false;
    for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++)
        if (name.n == strlen(algorithms[i].name) &&
            memcmp(name.start, algorithms[i].name, name.n) == 0)
            return digest.n == algorithms[i].digits;
    return false;
}

/* Is the first of several parts a registry, or a folder of the default one? */
static bool is_registry(struct span part)
{
    return memchr(part.start, '.', part.n) || memchr(part.start, ':', part.n) ||
           (part.n == strlen("localhost") &&
            memcmp(part.start, "localhost", part.n) == 0);
}

/* Cuts the registry off, if there is one, and says how long the full name's part before
 * the rest is; 0 when it isn't valid. */
static size_t cut_registry(struct span *rest)
{
    struct span after = *rest;
    struct span first = cut(&after, '/');
    bool has_folder = first.n < rest->n;
    if (!has_folder)
        return DEFAULT_PREFIX_LENGTH + DEFAULT_FOLDER_LENGTH;
    if (!is_registry(first))
        return DEFAULT_PREFIX_LENGTH;
    if (!registry_is_valid(first))
        return 0;
    *rest = after;
    return first.n + 1;
}

/* 64 hexadecimal digits would be taken for the id of an image. */
static bool is_identifier(const char *image)
{
    size_t n = strspn(image, "0123456789abcdef");
    return n == IDENTIFIER_LENGTH && !image[n];
}

bool image_reference_is_valid(const char *image)
{
    struct span rest = {image, strlen(image)};
    if (is_identifier(image))
        return false;
    size_t prefix = cut_registry(&rest);
    if (!prefix)
        return false;
    bool has_digest = memchr(rest.start, '@', rest.n);
    struct span tagged = cut(&rest, '@');
    if (has_digest && !digest_is_valid(rest))
        return false;
    bool has_tag = memchr(tagged.start, ':', tagged.n);
    struct span path = cut(&tagged, ':');
    if (has_tag && !tag_is_valid(tagged))
        return false;
    return prefix + path.n <= NAME_LIMIT && path_is_valid(path);
}
