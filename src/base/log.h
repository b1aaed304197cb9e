/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/macro.h"

/*
 * The log of a daemon: one line an event on standard error, in the form systemd's journal
 * reads ("<6>text") when JOURNAL_STREAM is set, with the level's name otherwise.
 * Libraries and pure layers don't log: they return errors, and who handles one logs it
 * once. Never a secret, key, token or body.
 */
enum log_level {
    LOG_ERROR,
    LOG_WARN,
    LOG_INFO,
    LOG_DEBUG,
};

/* Whose lines they are, where the journal doesn't know it: "cofferd" until it is set. */
void log_set_program(const char *name);

/* Lines above this level are dropped; LOG_INFO until it is set. Returns -1 for a name
 * that is no level. */
void log_set_level(enum log_level level);
int log_level_from_name(const char *name);

void log_line(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)
