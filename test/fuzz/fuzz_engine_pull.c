/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer to a pull: whatever the cuts, the same error comes out. The first byte says
 * whether it is a stream or a refusal.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/docker_pull.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_pull(const uint8_t *data, size_t size, int status, size_t step,
                      struct err *out)
{
    struct docker_pull p;
    docker_pull_init(&p);
    p.status = status;
    for (size_t at = 0; at < size; at += step)
        if (docker_pull_feed(&p, data + at, size - at < step ? size - at : step))
            abort();
    if (docker_pull_end(&p))
        abort();
    *out = p.error;
    docker_pull_deinit(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t steps[] = {1, 7, 4096};
    struct err whole, cut;
    if (!size)
        return 0;
    int status = data[0] & 1 ? 200 : 500;
    read_pull(data + 1, size - 1, status, size, &whole);
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        read_pull(data + 1, size - 1, status, steps[i], &cut);
        if (whole.code != cut.code || strcmp(whole.text, cut.text) != 0)
            abort();
    }
    return 0;
}
