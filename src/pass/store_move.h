/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "pass/verb.h"

/* Room for the words that say which store is active. */
#define STORE_WORDS_SIZE 256

/* The most bytes of values that one move takes. */
#define STORE_MOVE_MAX ((size_t)256 * 1024 * 1024)

/* Which local store there is: "file", "keychain", what its plugin says besides; or
 * "none". */
int store_current(struct secrets *s, char out[STORE_WORDS_SIZE],
                  struct err *e) MUST_CHECK;

/* Makes another store the active one, from the engine's next start on; a running engine
 * is ended. */
int store_switch(struct secrets *s, const char *name, struct err *e) MUST_CHECK;

/* keychain, file, auto */
bool store_is_name(const char *name);

/* Unlocks the active store if it is locked and has a passphrase, which is asked for
 * unless it is in *passphrase already. */
int store_open(struct pass *p, struct buf *passphrase, struct err *e) MUST_CHECK;

/*
 * Moves all secrets of the local store to another one, which is the active one then. They
 * are copied, looked at in their new place, and only then removed in the old one:
 * whatever fails in between, each secret is in one of them, or in both. When copying
 * fails, the old store is the active one again. A note beside the settings (store_note.h)
 * says what is under way, so that a move that was killed can be finished by the same
 * command. An id that is in the new store already with another value is left there and
 * not moved, which is an error at the end.
 */
int store_move(struct pass *p, const char *to, struct err *e) MUST_CHECK;
