/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/state.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/program.h"
#include "base/str.h"

/* A state is some hundred bytes, and the annotations. */
#define STATE_SIZE_MAX (1024u * 1024)

/* It reads a file or two. */
#define STATE_TIMEOUT (5 * CLOCK_SECOND)

/* runc: "container does not exist". crun: "error opening file `/run/crun/ID/status`: No
 * such file or directory", to which newer ones put "container `ID` does not exist: ".
 * That something else isn't there, as a cgroup, says nothing. */
bool state_says_gone(const char *words, const char *id)
{
    cleanup_free char *status = str_format("/%s/status`: No such file or directory", id);
    return strstr(words, "container does not exist") || (status && strstr(words, status));
}

bool state_is_gone(const struct arguments *a, const char *program)
{
    cleanup_free char **words = arguments_for_state(a, program);
    cleanup_program_end struct program_end end = {0};
    const struct program question = {.words = (const char *const *)words,
                                     .output_max = STATE_SIZE_MAX};
    if (!words)
        return false;
    signal(SIGCHLD, SIG_DFL); /* a caller may ignore it, and who inherits that */
    int r = program_run_within(&question, STATE_TIMEOUT, &end, NULL);
    return !r && end.status && state_says_gone(buf_str(&end.errors), a->id);
}
