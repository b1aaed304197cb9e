/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include <unistd.h>

#include "base/mem.h"
#include "scratch.h"
#include "virtual_time.h"

#define STAGE_START (1700000000 * CLOCK_SECOND)

/* A wait that takes longer is a fault. */
#define STAGE_WAIT_MAX CLOCK_HOUR

/* ---- chance ---- */

static struct {
    struct sim_random random;
    bool is_calm;
} chance;

void __wrap_crypto_random(void *out, size_t n);

void __wrap_crypto_random(void *out, size_t n)
{
    sim_random_fill(&chance.random, out, n);
}

uint64_t stage_below(uint64_t n)
{
    return sim_random_below(&chance.random, n);
}

bool stage_once_in(uint64_t n)
{
    return stage_below(n) == 0 && !chance.is_calm;
}

void stage_calm(void)
{
    chance.is_calm = true;
}

/* ---- time ---- */

void stage_run(struct stage *s, int64_t duration)
{
    int64_t end = clock_now() + duration;
    while (virtual_time_step(&s->loop, end))
        check_step(s);
    check_step(s);
}

void stage_wait(struct stage *s, const bool *flag)
{
    int64_t end = clock_now() + STAGE_WAIT_MAX;
    virtual_time_settle(&s->loop);
    while (!*flag) {
        CHECK(virtual_time_step(&s->loop, end));
        check_step(s);
    }
}

/* ---- life ---- */

static void name_files(struct stage *s)
{
    s->secrets = str_format("%s/secrets", scratch_folder());
    s->keyfile = str_format("%s/keys", scratch_folder());
    CHECK(s->secrets && s->keyfile);
}

void stage_open(struct stage *s, uint64_t seed)
{
    struct err e;
    *s = (struct stage){0};
    chance.random = (struct sim_random){seed};
    chance.is_calm = false;
    virtual_time_set(STAGE_START);
    CHECK(crypto_init(&e) == 0 && uv_loop_init(&s->loop) == 0);
    name_files(s);
    CHECK(keyring_new(&s->keys) == 0 && keyfile_save(s->keyfile, s->keys, &e) == 0);
    disk_init(&s->disk, &s->loop);
    s->fake = fake_engine_new(&s->loop);
    CHECK(s->fake);
    fake_engine_up(s->fake);
    engine_spy_init(&s->spy, s, s->fake);
}

static void set(void *flag)
{
    *(bool *)flag = true;
}

void stage_close(struct stage *s)
{
    bool is_closed = false;
    fake_engine_base(s->fake)->ops->close(fake_engine_base(s->fake), set, &is_closed);
    stage_wait(s, &is_closed);
    engine_spy_deinit(&s->spy);
    is_closed = false;
    loop_close_init(&s->closing, set, &is_closed);
    disk_close(&s->disk, &s->closing);
    loop_close_end(&s->closing);
    stage_wait(s, &is_closed);
    CHECK(uv_loop_close(&s->loop) == 0);
    user_forgets(s);
    keyring_free(s->keys);
    CHECK(unlink(s->keyfile) == 0 && rmdir(s->secrets) == 0);
    free(s->secrets);
    free(s->keyfile);
}
