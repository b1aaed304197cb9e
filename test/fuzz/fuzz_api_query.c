/* SPDX-License-Identifier: Apache-2.0 */
/* Filters, paths and times as clients send them, each from the same text. */
#include "api/filters.h"
#include "api/path.h"
#include "api/time.h"
#include "base/mem.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_filters(const char *text)
{
    static const char *const keys[] = {"id", "name", "label", "type"};
    struct err e = {0};
    cleanup_filters struct api_filters f = API_FILTERS_INIT;
    char key[] = "k", value[] = "v";
    Swarm__Pair pair = SWARM__PAIR__INIT;
    Swarm__Pair *labels[] = {&pair};
    pair.key = key;
    pair.value = value;
    if (api_filters_parse(&f, text, NULL, &e))
        return;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        bool is_exact = api_filters_match(&f, keys[i], "value");
        bool is_prefix = api_filters_match_prefix(&f, keys[i], "value");
        if (is_exact && !is_prefix)
            abort();
        (void)api_filters_match_labels(&f, keys[i], 1, labels);
    }
}

static void read_path(const char *text)
{
    static const char *const patterns[] = {"/secrets", "/secrets/*", "/services/*/logs",
                                           "/distribution/**/json"};
    struct api_path p;
    api_path_parse(text, &p);
    for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
        const char *id = NULL;
        size_t n = 0;
        if (api_path_match(patterns[i], p.rest, &id, &n) && id &&
            (id < p.rest || n == 0 || n > strlen(p.rest)))
            abort();
    }
}

static void read_time(const char *text)
{
    int64_t t, again;
    char out[CLOCK_TEXT_SIZE];
    if (!api_time_parse(text, &t))
        return;
    api_time_format(t, out);
    if (clock_parse_rfc3339(out, &again) && again != t)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_free char *text = mem_dup(data, size);
    if (!text)
        return 0;
    json_setup();
    read_filters(text);
    read_path(text);
    read_time(text);
    return 0;
}
