/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "resolver/pattern.h"

/*
 * What may be had: rules, one a line, "allow PATTERN", "deny PATTERN" or "ask PATTERN
 * [TIME]"; TIME is how long a yes counts. Lines that are empty or begin with '#' are
 * passed over. The first rule that decides wins: one that denies or asks decides as soon
 * as it has an id in common with what is wanted, one that allows when it has all of it.
 */
#define POLICY_RULES_MAX 256
#define POLICY_FILE_MAX 65536
#define POLICY_TIME (5 * CLOCK_MINUTE) /* where a rule says none */

enum verdict {
    VERDICT_NONE, /* no rule decides */
    VERDICT_ALLOW,
    VERDICT_DENY,
    VERDICT_ASK,
};

struct rule {
    enum verdict verdict;
    struct pattern pattern;
    int64_t time;
};

struct policy {
    struct rule rules[POLICY_RULES_MAX];
    size_t n;
};

/* Reads n bytes of text, which ends in a NUL. An error names the line. */
int policy_parse(struct policy *p, const char *text, struct err *e) MUST_CHECK;
void policy_deinit(struct policy *p);

/* *rule is the one that decides; NULL with VERDICT_NONE. */
enum verdict policy_judge(const struct policy *p, const struct pattern *wanted,
                          const struct rule **rule);
