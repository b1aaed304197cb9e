/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cli/input.h"
#include "cli/service_spec.h"

/* The largest --env-file. */
#define ENV_FILE_MAX (1024 * 1024)

/* Sets one variable: a name that is there already gets the new value. */
static int set_variable(json_t *env, const char *text, struct err *e)
{
    size_t n = strcspn(text, "=");
    cleanup_json json_t *value = json_string(text);
    if (!value)
        return err_no_memory(e);
    for (size_t i = 0; i < json_array_size(env); i++) {
        const char *other = json_string_value(json_array_get(env, i));
        if (other && strcspn(other, "=") == n && memcmp(other, text, n) == 0)
            return json_array_set(env, i, value) ? err_no_memory(e) : 0;
    }
    return json_array_append(env, value) ? err_no_memory(e) : 0;
}

static int set_from_line(json_t *env, char *line, const char *path, struct err *e)
{
    while (isspace((unsigned char)*line))
        line++;
    if (!*line || *line == '#')
        return 0;
    size_t n = strcspn(line, "=");
    if (n == 0)
        return err_set(e, ERR_INVALID_ARGUMENT, "%s: no variable name on line '%s'", path,
                       line);
    if (strcspn(line, " \t") < n)
        return err_set(e, ERR_INVALID_ARGUMENT,
                       "%s: variable '%.*s' contains whitespaces", path, (int)n, line);
    if (line[n])
        return set_variable(env, line, e);
    /* A name alone takes the value that it has in our own environment. */
    const char *value = getenv(line);
    cleanup_free char *text = value ? str_format("%s=%s", line, value) : NULL;
    if (value && !text)
        return err_no_memory(e);
    return value ? set_variable(env, text, e) : 0;
}

static int read_file(json_t *env, const char *path, struct err *e)
{
    cleanup_buf struct buf text = BUF_INIT;
    int r = input_read(path, false, ENV_FILE_MAX, &text, e);
    for (char *line = text.data; line && *line && !r;) {
        char *next = line + strcspn(line, "\n");
        bool last = !*next;
        *next = '\0';
        if (next > line && next[-1] == '\r')
            next[-1] = '\0';
        r = set_from_line(env, line, path, e);
        line = last ? NULL : next + 1;
    }
    return r;
}

int spec_apply_environment(json_t *spec, const struct flags *f, struct err *e)
{
    const char *text;
    if (!flags_has(f, "env-file"))
        return 0;
    json_t *env = field_array(spec, SPEC_CONTAINER ".Env");
    int r = env ? 0 : err_no_memory(e);
    for (size_t i = 0; !r && (text = flags_next(f, "env-file", &i));)
        r = read_file(env, text, e);
    return r;
}
