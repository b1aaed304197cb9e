/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor/doctor.h"

#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

const struct flag doctor_flags[] = {
    {"format", 0, &flag_string, "\"json\", or a Go template run for each finding", NULL,
     NULL},
    {"run-dir", 0, &flag_string,
     "cofferd's folder of sockets and secrets (default the socket's)", NULL, NULL},
    {"state-dir", 0, &flag_string, "cofferd's folder of what must last",
     "/var/lib/coffer", NULL},
    {0},
};

void doctor_add(struct doctor *d, enum doctor_level level, const char *check,
                const char *todo, const char *fmt, ...)
{
    static const char *const names[] = {"ok", "warn", "fail"};
    char found[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(found, sizeof(found), fmt, ap);
    va_end(ap);
    d->failures += level == DOCTOR_FAIL;
    json_t *finding = json_pack("{s:s, s:s, s:s, s:s}", "Check", check, "Found", found,
                                "Level", names[level], "ToDo", todo ? todo : "");
    d->no_memory = json_array_append_new(d->findings, finding) || d->no_memory;
}

FILE *doctor_open(const struct doctor *d, const char *path)
{
    cleanup_free char *whole = str_format("%s%s", d->root, path);
    return whole ? fopen(whole, "re") : NULL;
}

bool doctor_read_line(const struct doctor *d, const char *path, char *out, size_t size)
{
    FILE *f = doctor_open(d, path);
    if (!f)
        return false;
    bool read = fgets(out, (int)size, f);
    fclose(f);
    if (read)
        out[strcspn(out, "\n")] = '\0';
    return read;
}

static const char finding_text[] = "[{{printf \"%-4s\" .Level}}] {{.Check}}: "
                                   "{{.Found}}{{with .ToDo}}\n         {{.}}{{end}}";

static int print_findings(struct doctor *d, struct err *e)
{
    const char *format = flags_string(&d->cli->flags, "format");
    if (str_equal(format, "json"))
        return output_template("{{json .}}", d->findings, "\n", e);
    int r = 0;
    for (size_t i = 0; i < json_array_size(d->findings) && !r; i++)
        r = output_template(str_is_empty(format) ? finding_text : format,
                            json_array_get(d->findings, i), "\n", e);
    return r;
}

/* The folder of the daemon's socket, unless it is told: where a cofferd has its socket it
 * has its other files too. */
static char *run_folder(const struct cli *c)
{
    const char *told = flags_string(&c->flags, "run-dir");
    const char *socket = client_socket(c->client);
    return told ? strdup(told) : mem_dup(socket, (size_t)(strrchr(socket, '/') - socket));
}

int doctor_run(struct cli *c, struct err *e)
{
    const char *state = flags_string(&c->flags, "state-dir");
    cleanup_free char *run = run_folder(c);
    cleanup_json json_t *findings = json_array();
    struct doctor d = {
        .cli = c,
        .root = "",
        .state_dir = state ? state : "/var/lib/coffer",
        .run_dir = run,
        .findings = findings,
    };
    if (!run || !findings)
        return err_no_memory(e);
    doctor_check_kernel(&d);
    doctor_check_limits(&d);
    doctor_check_memory(&d);
    doctor_check_programs(&d);
    doctor_check_daemon(&d);
    doctor_check_state(&d);
    json_decref(d.info);
    if (d.no_memory)
        return err_no_memory(e);
    c->status = d.failures ? CLI_FAILED : 0;
    return print_findings(&d, e);
}
