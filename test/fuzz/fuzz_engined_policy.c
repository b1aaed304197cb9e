/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy, from any text: what was read judges each of its own patterns by the first
 * rule that decides, and the same way twice.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engined/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const struct policy *p, const struct pattern *wanted)
{
    const struct rule *rule, *again;
    enum verdict verdict = policy_judge(p, wanted, &rule);
    assert((verdict == VERDICT_NONE) == (rule == NULL));
    assert(policy_judge(p, wanted, &again) == verdict && again == rule);
    /* What one rule decides no later one sees. */
    for (size_t i = 0; rule && &p->rules[i] != rule; i++)
        assert(p->rules[i].verdict == VERDICT_ALLOW
                   ? !pattern_includes(&p->rules[i].pattern, wanted)
                   : !pattern_intersects(&p->rules[i].pattern, wanted));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct policy p;
    char *text = size <= POLICY_FILE_MAX ? mem_dup(data, size) : NULL;
    if (text && policy_parse(&p, text, NULL) == 0) {
        assert(p.n <= POLICY_RULES_MAX);
        for (size_t i = 0; i < p.n && i < 16; i++)
            judge(&p, &p.rules[i].pattern);
        policy_deinit(&p);
    }
    free(text);
    return 0;
}
