/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Storms on a whole node: users do at random what users do, the engine, the disk, the
 * agent and the manager fail at random; then all is mended, and the node must come to
 * rest as it was asked for.
 *
 *   sim_node [FIRST [COUNT [STEPS]]]     seeds FIRST, FIRST + 1, ...; with a COUNT of 0
 *                                        only FIRST, and its log is shown
 */
#include "stage.h"

#include "wire_spy.h"

uint64_t sim_seed;

#define DEFAULT_SEEDS 30
#define DEFAULT_STEPS 150

/* No storm takes longer to calm down. */
#define REST_ROUNDS 20
#define REST_ROUND CLOCK_MINUTE

static void storm(struct stage *s, uint64_t steps)
{
    for (uint64_t i = 0; i < steps; i++) {
        stage_run(s, (int64_t)stage_below(3 * CLOCK_SECOND));
        if (stage_below(3) == 0)
            something_breaks(s);
        else
            user_acts(s);
        check_promises(s);
    }
}

/* An engine that a late fault takes down comes up again. */
static void rest(struct stage *s)
{
    for (int i = 0; i < REST_ROUNDS; i++) {
        stage_run(s, REST_ROUND);
        fake_engine_up(s->fake);
    }
    stage_run(s, REST_ROUND);
}

static void calm(struct stage *s)
{
    stage_calm();
    all_is_mended(s);
    stage_run(s, CLOCK_MINUTE);
    user_activates_node(s);
    rest(s);
    check_rest(s);
}

/* A node that restarts in peace leaves everything as it is. */
static void restart(struct stage *s)
{
    size_t containers = fake_engine_containers(s->fake);
    unsigned starts = fake_engine_count(s->fake, FAKE_START);
    agent_down(s);
    manager_down(s);
    manager_up(s);
    agent_up(s);
    rest(s);
    check_rest(s);
    CHECK(fake_engine_containers(s->fake) == containers);
    CHECK(fake_engine_count(s->fake, FAKE_START) == starts);
}

static void clear(struct stage *s)
{
    user_removes_all(s, OBJECT_SERVICE);
    rest(s);
    user_removes_all(s, OBJECT_SECRET);
    rest(s);
    check_empty(s);
}

/* Some leave the swarm with everything running. */
static uint64_t run_seed(uint64_t seed, uint64_t steps, bool is_loud)
{
    struct stage s;
    sim_seed = seed;
    stage_open(&s, seed);
    wire_spy_set(&s, is_loud);
    manager_up(&s);
    agent_up(&s);
    storm(&s, steps);
    calm(&s);
    restart(&s);
    if (seed % 2) {
        clear(&s);
        agent_down(&s);
    } else {
        agent_leave(&s);
        CHECK(fake_engine_containers(s.fake) == 0);
    }
    manager_down(&s);
    uint64_t answered = s.n_answered;
    stage_close(&s);
    return answered;
}

int main(int argc, char **argv)
{
    uint64_t first = 1, count = DEFAULT_SEEDS, steps = DEFAULT_STEPS, answered = 0;
    if ((argc > 1 && !str_to_u64(argv[1], &first)) ||
        (argc > 2 && !str_to_u64(argv[2], &count)) ||
        (argc > 3 && !str_to_u64(argv[3], &steps)) || argc > 4) {
        fprintf(stderr, "usage: %s [FIRST [COUNT [STEPS]]]\n", argv[0]);
        return 2;
    }
    bool is_loud = count == 0;
    for (uint64_t seed = first; seed < first + (is_loud ? 1 : count); seed++)
        answered += run_seed(seed, steps, is_loud);
    printf("%llu seeds, %llu requests carried out: all is well\n",
           (unsigned long long)count, (unsigned long long)answered);
    return 0;
}
