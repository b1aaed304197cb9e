/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Storms in a small cluster: users do at random what users do, nodes vanish and return,
 * tasks fail, the manager crashes; then all is left alone and must come to rest as it was
 * asked for.
 *
 *   sim [FIRST [COUNT [STEPS]]]     seeds FIRST, FIRST + 1, ...; the default is for CI
 */
#include "sim.h"

uint64_t sim_seed;

#define DEFAULT_SEEDS 40
#define DEFAULT_STEPS 250

/* No storm takes longer to calm down, restart delays and updates included. */
#define REST_LIMIT (2 * CLOCK_HOUR)

static void storm(struct sim *s, uint64_t steps)
{
    for (uint64_t i = 0; i < steps; i++) {
        int64_t pause = (int64_t)sim_random_below(&s->random, 4 * CLOCK_SECOND);
        sim_run_until(s, s->now + pause);
        if (sim_random_once_in(&s->random, 4))
            sim_something_breaks(s);
        else
            sim_user_acts(s);
    }
}

static bool make_active(struct sim *s, struct store_tx *tx, void *user)
{
    for (size_t i = 0; i < SIM_NODES; i++) {
        struct object *copy;
        CHECK(object_copy(store_get(store_tx_view(tx), OBJECT_NODE, s->nodes[i].id),
                          &copy) == 0);
        copy->node->spec->availability = SWARM__NODE_SPEC__AVAILABILITY__ACTIVE;
        CHECK(store_tx_update(tx, copy, NULL) == 0);
    }
    return true;
}

static void rest(struct sim *s)
{
    sim_run_until(s, s->now + REST_LIMIT);
    CHECK(sim_next(s) == CLOCK_NEVER);
}

static void calm(struct sim *s)
{
    s->is_calm = true;
    for (size_t i = 0; i < SIM_NODES; i++) {
        sim_agent_calm(s->nodes[i].agent);
        sim_connect(s, &s->nodes[i]);
    }
    CHECK(sim_commit(s, make_active, NULL));
    rest(s);
    sim_check_rest(s);
}

static void clear(struct sim *s)
{
    sim_remove_services(s);
    rest(s);
    CHECK(store_count(store_view(s->store), OBJECT_TASK) == 0);
    for (size_t i = 0; i < SIM_NODES; i++) {
        CHECK(sim_agent_tasks(s->nodes[i].agent) == 0);
        CHECK(sim_agent_secrets(s->nodes[i].agent) == 0);
    }
    sim_remove_secrets(s);
    CHECK(store_count(store_view(s->store), OBJECT_SECRET) == 0);
}

static uint64_t run_seed(uint64_t seed, uint64_t steps)
{
    struct sim s;
    sim_seed = seed;
    sim_init(&s, seed);
    storm(&s, steps);
    calm(&s);
    clear(&s);
    uint64_t commits = s.commits;
    sim_deinit(&s);
    return commits;
}

int main(int argc, char **argv)
{
    uint64_t first = 1, count = DEFAULT_SEEDS, steps = DEFAULT_STEPS, commits = 0;
    if ((argc > 1 && !str_to_u64(argv[1], &first)) ||
        (argc > 2 && !str_to_u64(argv[2], &count)) ||
        (argc > 3 && !str_to_u64(argv[3], &steps)) || argc > 4) {
        fprintf(stderr, "usage: %s [FIRST [COUNT [STEPS]]]\n", argv[0]);
        return 2;
    }
    for (uint64_t seed = first; seed < first + count; seed++)
        commits += run_seed(seed, steps);
    printf("%llu seeds, %llu transactions: all is well\n", (unsigned long long)count,
           (unsigned long long)commits);
    return 0;
}
