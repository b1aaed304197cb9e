/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "pass/commit.h"
#include "pass/verb.h"

int version_run(struct pass *p, struct err *e)
{
    printf("Version: v%s\nCommit: %s\n", COFFER_VERSION, PASS_COMMIT);
    return 0;
}
