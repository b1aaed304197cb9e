/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a plugin's program may do, which it can't take back: no new privileges, no core
 * files, bounded memory, files and descriptors, none of the kernel's doors that no plugin
 * needs; it is killed when the engine is.
 *
 * A plugin is started as `coffer-engined --confine PID FILE`: that confines itself and
 * becomes FILE. PID is the engine's.
 */
#define CONFINE_PROGRAM "/proc/self/exe"
#define CONFINE_FLAG "--confine"

/* Is argv such a call? Then main does nothing but confine_main. */
int confine_is_asked(int argc, char **argv);

/* Returns only when that fails: an exit status, the reason is on standard error. */
int confine_main(char **argv);
