/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "grant/grant.h"
#include "grant/label.h"
#include "resolver/pattern.h"
#include "secrets/resolver.pb-c.h"

/*
 * The secrets of a store that a pattern matches and that are granted to a user, as an
 * answer with their values; free it with message_free. One that isn't granted is as one
 * that isn't there: ERR_NOT_FOUND when there is none. An id is looked up; any other
 * pattern walks all secrets. ERR_DATA_LOSS for an id whose payload is damaged, which
 * other patterns leave out, with a warning; what else opening a payload says;
 * ERR_RESOURCE_EXHAUSTED when the values have more than GRANT_ANSWER_MAX bytes together,
 * ERR_NO_MEMORY. `now` is a point of base/clock.h.
 */
int grant_answer(const struct store_view *view, const struct grant_source *source,
                 const struct grantee *to, const struct pattern *pattern, int64_t now,
                 Resolver__V1__GetSecretsResponse **out, struct err *e) MUST_CHECK;
