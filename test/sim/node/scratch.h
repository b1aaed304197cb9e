/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The folder in /tmp for what a run has to put on a disk. It is made when it is first
 * asked for, and goes with this process however that ends, aborts included: a child waits
 * for the end and removes it with all that is in it.
 */
const char *scratch_folder(void);
