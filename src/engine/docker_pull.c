/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/docker_pull.h"

#include <string.h>

#include "base/str.h"
#include "engine/docker_json.h"
#include "engine/docker_state.h"

void docker_pull_init(struct docker_pull *p)
{
    *p = (struct docker_pull){0};
}

void docker_pull_deinit(struct docker_pull *p)
{
    buf_deinit(&p->line);
}

/* Only a line that may be an error is parsed: of the others there are very many. */
static int take_line(struct docker_pull *p)
{
    cleanup_json json_t *j = NULL;
    if (!p->line.len || !strstr(p->line.data, "\"error"))
        return 0;
    int r = docker_parse(p->line.data, p->line.len, &j, NULL);
    if (r)
        return r == ERR_NO_MEMORY ? r : 0;
    const char *text = docker_json_text(j, "error");
    if (!*text)
        text = docker_json_text(docker_json_object(j, "errorDetail"), "message");
    if (*text)
        err_set(&p->error, ERR_UNKNOWN, "%s", text);
    return 0;
}

static int append(struct docker_pull *p, const char *data, size_t n)
{
    p->skips = p->skips || n > DOCKER_PULL_LINE_MAX - p->line.len;
    return p->skips ? 0 : buf_append(&p->line, data, n);
}

static int feed_lines(struct docker_pull *p, const char *data, size_t n)
{
    const char *end;
    while (n && (end = memchr(data, '\n', n))) {
        size_t length = (size_t)(end - data);
        int r = append(p, data, length);
        if (!r && !p->skips)
            r = take_line(p);
        if (r)
            return r;
        buf_reset(&p->line);
        p->skips = false;
        data += length + 1;
        n -= length + 1;
    }
    return append(p, data, n);
}

int docker_pull_feed(struct docker_pull *p, const void *data, size_t n)
{
    return p->status == 200 ? feed_lines(p, data, n) : append(p, data, n);
}

int docker_pull_end(struct docker_pull *p)
{
    if (p->status == 200)
        return p->skips ? 0 : take_line(p);
    int r = docker_error(p->status, buf_str(&p->line), p->line.len, &p->error);
    return r == ERR_NO_MEMORY ? r : 0;
}
