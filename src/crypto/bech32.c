/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/bech32.h"

#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

#define CHECKSUM_LEN 6
#define DATA_LEN ((BECH32_DATA_SIZE * 8 + 4) / 5)
#define GROUPS_LEN (DATA_LEN + CHECKSUM_LEN)

static const char letters[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/* One step of the checksum, a remainder in GF(32); the constants are BIP 173's. */
static uint32_t polymod_step(uint32_t sum, uint8_t value)
{
    static const uint32_t generator[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                          0x2a1462b3};
    uint32_t top = sum >> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    for (unsigned i = 0; i < 5; i++)
        if (top >> i & 1)
            sum ^= generator[i];
    return sum;
}

static uint32_t checksum(const char *prefix, const uint8_t *groups, size_t n)
{
    uint32_t sum = 1;
    for (const char *c = prefix; *c; c++)
        sum = polymod_step(sum, (uint8_t)*c >> 5);
    sum = polymod_step(sum, 0);
    for (const char *c = prefix; *c; c++)
        sum = polymod_step(sum, *c & 31);
    for (size_t i = 0; i < n; i++)
        sum = polymod_step(sum, groups[i]);
    return sum;
}

/* 32 bytes as groups of five bits, the last one filled with zeros. */
static void split(const uint8_t data[BECH32_DATA_SIZE], uint8_t groups[DATA_LEN])
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t n = 0;
    for (size_t i = 0; i < BECH32_DATA_SIZE; i++) {
        bits = (bits << 8 | data[i]) & 0xfff;
        for (have += 8; have >= 5; have -= 5)
            groups[n++] = bits >> (have - 5) & 31;
    }
    groups[n] = (uint8_t)(bits << (5 - have) & 31);
}

/* The inverse; false when what was filled isn't zeros. */
static bool join(const uint8_t groups[DATA_LEN], uint8_t data[BECH32_DATA_SIZE])
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t n = 0;
    for (size_t i = 0; i < DATA_LEN; i++) {
        bits = (bits << 5 | groups[i]) & 0xfff;
        have += 5;
        if (have >= 8) {
            have -= 8;
            data[n++] = (uint8_t)(bits >> have);
        }
    }
    return (bits & ((1u << have) - 1)) == 0;
}

int bech32_encode(const char *prefix, const uint8_t data[BECH32_DATA_SIZE],
                  struct buf *out)
{
    uint8_t groups[GROUPS_LEN] = {0};
    char text[GROUPS_LEN];
    split(data, groups);
    uint32_t sum = checksum(prefix, groups, GROUPS_LEN) ^ 1;
    for (size_t i = 0; i < CHECKSUM_LEN; i++)
        groups[DATA_LEN + i] = sum >> (5 * (CHECKSUM_LEN - 1 - i)) & 31;
    for (size_t i = 0; i < GROUPS_LEN; i++)
        text[i] = letters[groups[i]];
    size_t room = strlen(prefix) + 1 + GROUPS_LEN;
    int r = buf_reserve(out, room);
    if (!r)
        r = buf_append_str(out, prefix);
    if (!r)
        r = buf_append_char(out, '1');
    if (!r)
        r = buf_append(out, text, GROUPS_LEN);
    mem_wipe(groups, sizeof(groups));
    mem_wipe(text, sizeof(text));
    return r;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool has_both_cases(const char *text, size_t n)
{
    bool has_lower = false, has_upper = false;
    for (size_t i = 0; i < n; i++) {
        has_lower |= text[i] >= 'a' && text[i] <= 'z';
        has_upper |= text[i] >= 'A' && text[i] <= 'Z';
    }
    return has_lower && has_upper;
}

static bool has_prefix(const char *prefix, const char *text, size_t n)
{
    size_t len = strlen(prefix);
    if (n < len + 1 || text[len] != '1')
        return false;
    for (size_t i = 0; i < len; i++)
        if (lower(text[i]) != prefix[i])
            return false;
    return true;
}

/* The letters' values; false when one isn't of the alphabet. */
static bool read_groups(const char *text, uint8_t groups[GROUPS_LEN])
{
    for (size_t i = 0; i < GROUPS_LEN; i++) {
        const char *at = memchr(letters, lower(text[i]), sizeof(letters) - 1);
        if (!at)
            return false;
        groups[i] = (uint8_t)(at - letters);
    }
    return true;
}

const char *bech32_decode(const char *prefix, const char *text, size_t n,
                          uint8_t data[BECH32_DATA_SIZE])
{
    uint8_t groups[GROUPS_LEN];
    const char *wrong = NULL;
    if (!has_prefix(prefix, text, n))
        return "it begins with something else";
    if (n != strlen(prefix) + 1 + GROUPS_LEN)
        return "it is too short or too long";
    if (has_both_cases(text, n))
        return "it has upper and lower case";
    if (!read_groups(text + strlen(prefix) + 1, groups))
        wrong = "it has a character that no key has";
    else if (checksum(prefix, groups, GROUPS_LEN) != 1)
        wrong = "its checksum is wrong: a character was mistyped or lost";
    else if (!join(groups, data))
        wrong = "its last bits aren't zero";
    mem_wipe(groups, sizeof(groups));
    return wrong;
}
