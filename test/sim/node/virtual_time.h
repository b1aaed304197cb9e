/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

/*
 * The simulation's time. virtual_time.c stands in for loop/timer.c and loop/clock.c: it
 * defines all of their functions, so the linker leaves those files out. Time stands still
 * while the loop has something to do, and jumps to the next timer when it hasn't.
 */
void virtual_time_set(int64_t now);

/* Turns the loop until nothing is left to do now. */
void virtual_time_settle(uv_loop_t *loop);

/* Jumps to the next timer that is due by `limit` and lets it do its work. Without one
 * the time is `limit`, and the result false. */
bool virtual_time_step(uv_loop_t *loop, int64_t limit);
