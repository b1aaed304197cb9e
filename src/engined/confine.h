/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

/*
 * What a plugin's program may do, which it can't take back: no core files, bounded
 * memory, files and descriptors; by its degree also no new privileges, none of the
 * kernel's doors that no plugin needs (seccomp), no folders but its own and the system's
 * (Landlock).
 *
 * A plugin is started as
 *
 *     coffer-engined --confine PID HOW MEMORY FILE [PATH]...
 *
 * which keeps it (keeper.h): PID is the engine's, MEMORY the bytes of data it may have,
 * FILE the program. HOW is of these letters, or "-":
 */
#define CONFINE_FOLDERS 'f' /* nothing but the system's folders and the PATHs */
#define CONFINE_CALLS 'c'   /* no new privileges; filtered system calls */
#define CONFINE_OFFLINE 'o' /* with 'c': no sockets but local ones */

/* Each PATH begins with what may be done below it; those that aren't there are passed
 * over. */
#define CONFINE_READ 'r' /* and executed */
#define CONFINE_WRITE 'w'
#define CONFINE_DEVICE 'd' /* read and written, with its own controls */

#define CONFINE_PROGRAM "/proc/self/exe"
#define CONFINE_FLAG "--confine"
#define CONFINE_WORDS 6 /* without the paths */

/* Is argv such a call? Then main does nothing but confine_main. */
bool confine_is_asked(int argc, char **argv);

/* Returns an exit status when the program has ended, or could not begin: then the reason
 * is on standard error. */
int confine_main(char **argv);

/* Does this kernel have what is needed? Else what depends on it is left out. */
bool confine_has_folders(void);
bool confine_has_calls(void);
