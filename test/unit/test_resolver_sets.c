/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver_fixture.h"

#include <stdlib.h>

/*
 * Patterns are sets of ids: every pattern of up to 4 components over {a, b, *, **} is
 * laid out as the set of the ids it names, of all ids of up to 6 components over {a, b,
 * c}; c stands for whatever no pattern names. Matching is done here once more, by its
 * definition, and each pair of patterns is compared as sets.
 */
#define PATTERN_DEPTH 4
#define ID_DEPTH 6
#define PATTERNS (4 + 16 + 64 + 256)
#define IDS (3 + 9 + 27 + 81 + 243 + 729)
#define WORDS ((IDS + 63) / 64)

struct world {
    struct pattern patterns[PATTERNS];
    char ids[IDS][2 * ID_DEPTH];
    uint64_t sets[PATTERNS][WORDS];
};

/* Writes the components that the digits of `number` (to the base n_words) name. */
static void spell(char *out, size_t size, const char *const *words, size_t n_words,
                  size_t depth, size_t number)
{
    size_t len = 0;
    for (size_t i = 0; i < depth; i++, number /= n_words)
        len += (size_t)snprintf(out + len, size - len, "%s%s", i ? "/" : "",
                                words[number % n_words]);
}

static void make_patterns(struct world *w)
{
    static const char *const words[] = {"a", "b", "*", "**"};
    size_t n = 0, count = 4;
    for (size_t depth = 1; depth <= PATTERN_DEPTH; depth++, count *= 4)
        for (size_t i = 0; i < count; i++) {
            char text[4 * PATTERN_DEPTH];
            spell(text, sizeof(text), words, 4, depth, i);
            w->patterns[n++] = fixture_pattern(text);
        }
    assert_int_equal(n, PATTERNS);
}

static void make_ids(struct world *w)
{
    static const char *const words[] = {"a", "b", "c"};
    size_t n = 0, count = 3;
    for (size_t depth = 1; depth <= ID_DEPTH; depth++, count *= 3)
        for (size_t i = 0; i < count; i++)
            spell(w->ids[n++], sizeof(w->ids[0]), words, 3, depth, i);
    assert_int_equal(n, IDS);
}

static const char *behind_component(const char *s)
{
    const char *slash = strchr(s, '/');
    return slash ? slash + 1 : s + strlen(s);
}

/* The definition, as plain as it goes. Both are "" when nothing is left. */
static bool names(const char *p, const char *id)
{
    if (!*p)
        return !*id;
    const char *p_rest = behind_component(p), *id_rest = behind_component(id);
    if (p[0] == '*' && p[1] == '*')
        return names(p_rest, id) || (*id && names(p, id_rest));
    return *id && (p[0] == '*' || p[0] == id[0]) && names(p_rest, id_rest);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    make_patterns(w);
    make_ids(w);
    for (size_t i = 0; i < PATTERNS; i++)
        for (size_t k = 0; k < IDS; k++)
            if (names(w->patterns[i].text, w->ids[k]))
                w->sets[i][k / 64] |= UINT64_C(1) << k % 64;
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < PATTERNS; i++)
        pattern_deinit(&w->patterns[i]);
    free(w);
    return 0;
}

static bool is_subset(const uint64_t *small, const uint64_t *large)
{
    for (size_t i = 0; i < WORDS; i++)
        if (small[i] & ~large[i])
            return false;
    return true;
}

static bool has_common(const uint64_t *a, const uint64_t *b)
{
    for (size_t i = 0; i < WORDS; i++)
        if (a[i] & b[i])
            return true;
    return false;
}

static void expect(const struct world *w, size_t i, size_t k, const char *what, bool is,
                   bool should)
{
    if (is != should)
        fail_msg("%s %s %s: should be %d", w->patterns[i].text, what, w->patterns[k].text,
                 should);
}

static void a_pattern_matches_just_the_ids_of_its_set(void **state)
{
    const struct world *w = *state;
    for (size_t i = 0; i < PATTERNS; i++)
        for (size_t k = 0; k < IDS; k++) {
            bool should = w->sets[i][k / 64] >> k % 64 & 1;
            if (pattern_match(&w->patterns[i], w->ids[k]) != should)
                fail_msg("%s matches %s: should be %d", w->patterns[i].text, w->ids[k],
                         should);
        }
}

static void inclusion_is_that_of_sets(void **state)
{
    const struct world *w = *state;
    for (size_t i = 0; i < PATTERNS; i++)
        for (size_t k = 0; k < PATTERNS; k++)
            expect(w, i, k, "includes",
                   pattern_includes(&w->patterns[i], &w->patterns[k]),
                   is_subset(w->sets[k], w->sets[i]));
}

static void intersection_is_that_of_sets(void **state)
{
    const struct world *w = *state;
    for (size_t i = 0; i < PATTERNS; i++)
        for (size_t k = 0; k < PATTERNS; k++)
            expect(w, i, k, "intersects",
                   pattern_intersects(&w->patterns[i], &w->patterns[k]),
                   has_common(w->sets[i], w->sets[k]));
}

/* Whatever both name is in the narrowed pattern; there is one just when both name
 * something; it never is more than the request. */
static void a_narrowed_pattern_loses_nothing(void **state)
{
    const struct world *w = *state;
    for (size_t i = 0; i < PATTERNS; i++)
        for (size_t k = 0; k < PATTERNS; k++) {
            const struct pattern *own = &w->patterns[i], *request = &w->patterns[k];
            const struct pattern *ask = pattern_narrow(own, request);
            expect(w, i, k, "narrows", ask != NULL, has_common(w->sets[i], w->sets[k]));
            if (!ask)
                continue;
            assert_true(ask == own || ask == request);
            if (ask == own)
                assert_true(is_subset(w->sets[i], w->sets[k]));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pattern_matches_just_the_ids_of_its_set),
        cmocka_unit_test(inclusion_is_that_of_sets),
        cmocka_unit_test(intersection_is_that_of_sets),
        cmocka_unit_test(a_narrowed_pattern_loses_nothing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
