/* SPDX-License-Identifier: Apache-2.0 */
/* Durations that users give. */
#include "base/clock.h"
#include "objects/validate.h"

int duration_limit_validate(const Swarm__Duration *duration, const char *what,
                            struct err *e)
{
    char limit[CLOCK_TEXT_SIZE];
    if (message_duration(duration, 0) <= DURATION_LIMIT)
        return 0;
    clock_format_duration(DURATION_LIMIT, limit);
    return err_set(e, ERR_INVALID_ARGUMENT, "%s cannot be longer than %s (10 years)",
                   what, limit);
}

int duration_validate(const Swarm__Duration *duration, const char *what, struct err *e)
{
    if (message_duration(duration, 0) < 0)
        return err_set(e, ERR_INVALID_ARGUMENT, "%s cannot be negative", what);
    return duration_limit_validate(duration, what, e);
}
