/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   age-encryption.org/v1
 *   -> X25519 <share>       a stanza: kind and arguments,
 *   <wrapped key>           then its body in lines of 64 characters, the last is shorter
 *   --- <MAC>
 *
 * All binary is Base64 without padding. The MAC covers everything up to and with "---".
 */
#include "crypto/age_header.h"

#include <sodium.h>
#include <string.h>

#define FIRST_LINE "age-encryption.org/v1"
#define STANZA_MARK "-> "
#define MAC_MARK "---"
#define BODY_COLUMNS 64
#define BASE64_VARIANT sodium_base64_VARIANT_ORIGINAL_NO_PADDING
#define BASE64_LEN_MAX 64

/* A part of a line. */
struct piece {
    const char *at;
    size_t n;
};

struct reader {
    struct piece rest;
    struct age_header *h;
    bool has_scrypt;
};

static int bad(struct err *e, const char *why)
{
    return err_set(e, ERR_BAD_MESSAGE, "it is no age file: %s", why);
}

static bool piece_is(struct piece p, const char *text)
{
    return p.n == strlen(text) && memcmp(p.at, text, p.n) == 0;
}

static bool starts_with(struct piece p, const char *text)
{
    size_t n = strlen(text);
    return p.n >= n && memcmp(p.at, text, n) == 0;
}

/* Takes what stands before the next `end` off *from; false when there is none. */
static bool take_until(struct piece *from, char end, struct piece *out)
{
    const char *at = from->n ? memchr(from->at, end, from->n) : NULL;
    if (!at)
        return false;
    *out = (struct piece){from->at, (size_t)(at - from->at)};
    from->n -= out->n + 1;
    from->at = at + 1;
    return true;
}

static bool is_base64(struct piece p)
{
    for (size_t i = 0; i < p.n; i++) {
        char c = p.at[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
              (c >= '0' && c <= '9') || c == '+' || c == '/'))
            return false;
    }
    return true;
}

/* Exactly size bytes from the one spelling that Base64 has for them. libsodium 1.0.18
 * takes some characters beyond ASCII for letters of the alphabet, so they are looked at
 * first. */
static bool decode(struct piece p, uint8_t *out, size_t size)
{
    size_t n;
    const char *end;
    return is_base64(p) &&
           sodium_base642bin(out, size, p.at, p.n, NULL, &n, &end, BASE64_VARIANT) == 0 &&
           n == size && end == p.at + p.n;
}

/* Takes the next argument; those of a stanza are parted by single spaces. */
static struct piece take_word(struct piece *line)
{
    struct piece word = *line;
    if (!take_until(line, ' ', &word))
        *line = (struct piece){line->at + line->n, 0};
    return word;
}

static bool is_words(struct piece line)
{
    for (size_t i = 0; i < line.n; i++) {
        bool is_space = line.at[i] == ' ';
        if (is_space && (i == 0 || i + 1 == line.n || line.at[i - 1] == ' '))
            return false;
        if (!is_space && (line.at[i] < '!' || line.at[i] > '~'))
            return false;
    }
    return line.n > 0;
}

/* One or two decimal digits, no zero in front. */
static bool read_work(struct piece p, unsigned *out)
{
    *out = 0;
    if (p.n < 1 || p.n > 2 || p.at[0] == '0')
        return false;
    for (size_t i = 0; i < p.n; i++) {
        if (p.at[i] < '0' || p.at[i] > '9')
            return false;
        *out = *out * 10 + (unsigned)(p.at[i] - '0');
    }
    return true;
}

static bool read_x25519(struct age_stanza *s, struct piece args)
{
    s->kind = AGE_STANZA_X25519;
    return decode(take_word(&args), s->share, sizeof(s->share)) && args.n == 0;
}

static bool read_scrypt(struct age_stanza *s, struct piece args)
{
    s->kind = AGE_STANZA_SCRYPT;
    return decode(take_word(&args), s->salt, sizeof(s->salt)) &&
           read_work(take_word(&args), &s->work) && args.n == 0;
}

static bool read_args(struct age_stanza *s, struct piece args)
{
    if (!is_words(args))
        return false;
    struct piece kind = take_word(&args);
    if (piece_is(kind, "X25519"))
        return read_x25519(s, args);
    if (piece_is(kind, "scrypt"))
        return read_scrypt(s, args);
    s->kind = AGE_STANZA_OTHER;
    return true;
}

/* The lines behind a stanza's first. The body of a known one is a single line. */
static bool read_body(struct reader *r, struct age_stanza *s)
{
    uint8_t unused[BODY_COLUMNS];
    struct piece line;
    if (!take_until(&r->rest, '\n', &line))
        return false;
    if (s->kind != AGE_STANZA_OTHER)
        return decode(line, s->wrapped, sizeof(s->wrapped));
    while (line.n == BODY_COLUMNS && is_base64(line))
        if (!take_until(&r->rest, '\n', &line))
            return false;
    return line.n < BODY_COLUMNS && decode(line, unused, line.n * 3 / 4);
}

static int read_stanza(struct reader *r, struct piece line, struct err *e)
{
    if (r->h->n == AGE_RECIPIENTS_MAX)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "it has more than %d recipients",
                       AGE_RECIPIENTS_MAX);
    struct age_stanza *s = &r->h->stanzas[r->h->n++];
    struct piece args = {line.at + strlen(STANZA_MARK), line.n - strlen(STANZA_MARK)};
    if (!read_args(s, args) || !read_body(r, s))
        return bad(e, "a recipient of its header is malformed");
    r->has_scrypt |= s->kind == AGE_STANZA_SCRYPT;
    return 0;
}

static int read_mac(struct reader *r, struct piece line, const char *file, struct err *e)
{
    size_t mark = strlen(MAC_MARK);
    struct piece mac = {line.at + mark + 1, line.n - mark - 1};
    if (line.n <= mark || line.at[mark] != ' ' ||
        !decode(mac, r->h->mac, sizeof(r->h->mac)))
        return bad(e, "the end of its header is malformed");
    if (r->h->n == 0)
        return bad(e, "it has no recipient");
    if (r->has_scrypt && r->h->n > 1)
        return bad(e, "it has a passphrase and other recipients");
    r->h->mac_covers = (size_t)(line.at - file) + mark;
    r->h->size = (size_t)(r->rest.at - file);
    return 0;
}

int age_header_parse(struct age_header *h, const char *file, size_t n, struct err *e)
{
    bool is_long = n > AGE_HEADER_MAX;
    struct reader r = {.rest = {file, is_long ? AGE_HEADER_MAX : n}, .h = h};
    struct piece line;
    *h = (struct age_header){0};
    if (!take_until(&r.rest, '\n', &line) || !piece_is(line, FIRST_LINE))
        return bad(e, "it doesn't begin with \"" FIRST_LINE "\"");
    while (take_until(&r.rest, '\n', &line)) {
        if (starts_with(line, MAC_MARK))
            return read_mac(&r, line, file, e);
        if (!starts_with(line, STANZA_MARK))
            return bad(e, "its header has a line that begins with neither -> nor ---");
        int failed = read_stanza(&r, line, e);
        if (failed)
            return failed;
    }
    if (is_long)
        return err_set(e, ERR_RESOURCE_EXHAUSTED, "its header is over %zu bytes",
                       AGE_HEADER_MAX);
    return bad(e, "its header is cut");
}

static int append_base64(struct buf *out, const uint8_t *data, size_t n)
{
    char text[BASE64_LEN_MAX];
    sodium_bin2base64(text, sizeof(text), data, n, BASE64_VARIANT);
    return buf_append_str(out, text);
}

static int append_stanza(struct buf *out, const struct age_stanza *s)
{
    bool is_scrypt = s->kind == AGE_STANZA_SCRYPT;
    int r =
        buf_append_str(out, is_scrypt ? STANZA_MARK "scrypt " : STANZA_MARK "X25519 ");
    if (!r)
        r = is_scrypt ? append_base64(out, s->salt, sizeof(s->salt))
                      : append_base64(out, s->share, sizeof(s->share));
    if (!r && is_scrypt)
        r = buf_printf(out, " %u", s->work);
    if (!r)
        r = buf_append_char(out, '\n');
    if (!r)
        r = append_base64(out, s->wrapped, sizeof(s->wrapped));
    return r ? r : buf_append_char(out, '\n');
}

int age_header_write(const struct age_stanza *stanzas, size_t n, struct buf *out)
{
    int r = buf_append_str(out, FIRST_LINE "\n");
    for (size_t i = 0; !r && i < n; i++)
        r = append_stanza(out, &stanzas[i]);
    return r ? r : buf_append_str(out, MAC_MARK);
}

int age_header_write_mac(const uint8_t mac[AGE_MAC_SIZE], struct buf *out)
{
    int r = buf_append_char(out, ' ');
    if (!r)
        r = append_base64(out, mac, AGE_MAC_SIZE);
    return r ? r : buf_append_char(out, '\n');
}
