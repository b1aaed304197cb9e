/* SPDX-License-Identifier: Apache-2.0 */
#include "resolver/merge.h"

#include <string.h>

#include "base/map.h"

bool answer_is_failure(const struct answer *answer)
{
    return answer->code && answer->code != ERR_NOT_FOUND;
}

/* A reason comes from a plugin. */
static int append_printable(struct buf *out, const char *text)
{
    size_t n = strnlen(text, ERR_TEXT_SIZE);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        bool is_control = c < ' ' || c == 0x7f;
        int r =
            is_control ? buf_printf(out, "\\x%02x", c) : buf_append_char(out, text[i]);
        if (r)
            return r;
    }
    return n == ERR_TEXT_SIZE ? buf_append_str(out, "...") : 0;
}

int answer_describe_failure(const struct answer *answer, struct buf *out)
{
    const struct err words = {.code = answer->code};
    const char *reason = answer->reason ? answer->reason : err_text(&words);
    int r = buf_append_str(out, "matching plugin ");
    if (!r)
        r = append_printable(out, answer->plugin);
    if (!r)
        r = buf_append_str(out, " failed: ");
    return r ? r : append_printable(out, reason);
}

static int report_failures(const struct answer *answers, size_t n, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    for (size_t i = 0; i < n; i++) {
        if (!answer_is_failure(&answers[i]))
            continue;
        if ((text.len && buf_append_str(&text, "; ")) ||
            answer_describe_failure(&answers[i], &text))
            return err_no_memory(e);
    }
    return err_set(e, ERR_UNAVAILABLE, "%s", buf_str(&text));
}

/* Counts it as dropped, unless it is fine. seen has the ids that were taken over. */
static bool is_wanted(struct answer *answer, const struct pattern *request,
                      const struct secret_envelope *envelope, const struct map *seen)
{
    if (!secret_id_is_valid(envelope->id))
        answer->dropped.invalid++;
    else if (!pattern_match(request, envelope->id) ||
             !pattern_match(answer->pattern, envelope->id))
        answer->dropped.outside++;
    else if (map_get(seen, envelope->id))
        answer->dropped.duplicate++;
    else
        return true;
    return false;
}

static int take_over(struct answer *answer, struct secret_envelope *envelope, int64_t now,
                     struct map *seen, struct secret_envelopes *out, struct err *e)
{
    int r = secret_envelope_set_provider(envelope, answer->plugin, e);
    if (r)
        return r;
    if (!envelope->resolved_at.is_set)
        envelope->resolved_at = secret_time_from_clock(now);
    if (map_put(seen, envelope->id, answer, NULL))
        return err_no_memory(e);
    return secret_envelopes_append(out, envelope, e);
}

static int merge_one(const struct pattern *request, struct answer *answer, int64_t now,
                     struct secret_envelopes *out, struct err *e)
{
    struct map seen = MAP_INIT;
    int r = 0;
    for (size_t i = 0; i < answer->envelopes.len && !r; i++) {
        struct secret_envelope *envelope = &answer->envelopes.items[i];
        if (is_wanted(answer, request, envelope, &seen))
            r = take_over(answer, envelope, now, &seen, out, e);
    }
    map_deinit(&seen);
    return r;
}

static bool has_failure(const struct answer *answers, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (answer_is_failure(&answers[i]))
            return true;
    return false;
}

int answers_merge(const struct pattern *request, struct answer *answers, size_t n,
                  enum merge_rule rule, int64_t now, struct secret_envelopes *out,
                  struct err *e)
{
    int r = 0;
    for (size_t i = 0; i < n && !r; i++)
        if (!answers[i].code)
            r = merge_one(request, &answers[i], now, out, e);
    bool must_be_told =
        rule == MERGE_FAIL || (rule == MERGE_FAIL_WHEN_EMPTY && !out->len);
    if (!r && must_be_told && has_failure(answers, n))
        r = report_failures(answers, n, e);
    if (!r && !out->len)
        r = err_set(e, ERR_NOT_FOUND, "secret not found");
    if (r)
        secret_envelopes_deinit(out);
    return r;
}
