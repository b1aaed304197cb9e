/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "cluster/proposer.h"
#include "manager/control.h"
#include "memory_storage.h"

#define PROPOSALS_MAX 8

struct outcome {
    struct fixture *f;
    const char *name;
    bool is_done;
    int code;
    char text[128];
};

struct fixture {
    uv_loop_t loop;
    struct memory_storage memory;
    struct keyring *keys;
    struct sealed *sealed;
    struct store *store;
    struct proposer *proposer;
    struct outcome outcomes[PROPOSALS_MAX];
    bool is_closed;
    struct loop_close closing;
    struct err err;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    *state = f;
    assert_int_equal(crypto_init(&f->err), 0);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    memory_storage_init(&f->memory, &f->loop);
    assert_int_equal(keyring_new(&f->keys), 0);
    assert_int_equal(sealed_open(&f->memory.storage, f->keys, &f->sealed), 0);
    f->store = store_new();
    assert_int_equal(sealed_load(f->sealed, f->store, &f->err), ERR_NOT_FOUND);
    assert_int_equal(proposer_new(&f->loop, f->store, f->sealed, &f->proposer, &f->err),
                     0);
    return 0;
}

static void on_closed(void *user)
{
    struct fixture *f = user;
    f->is_closed = true;
}

static void close_proposer(struct fixture *f)
{
    proposer_close(f->proposer, on_closed, f);
    f->proposer = NULL;
    while (!f->is_closed)
        uv_run(&f->loop, UV_RUN_ONCE);
}

static void on_defers_closed(void *user)
{
    (void)user;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    if (f->proposer)
        close_proposer(f);
    sealed_close(f->sealed);
    store_free(f->store);
    keyring_free(f->keys);
    loop_close_init(&f->closing, on_defers_closed, f);
    defer_queue_close(&f->memory.defers, &f->closing);
    loop_close_end(&f->closing);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    free(f);
    return 0;
}

static Swarm__SecretSpec *secret_spec(const char *name)
{
    Swarm__SecretSpec *spec = message_new(&swarm__secret_spec__descriptor);
    spec->annotations = message_new(&swarm__annotations__descriptor);
    assert_int_equal(message_set_string(&spec->annotations->name, name), 0);
    assert_int_equal(message_set_bytes(&spec->data, "sealed", 6), 0);
    return spec;
}

static int create_secret(struct store_tx *tx, const struct manager_env *env, void *user,
                         struct err *e)
{
    struct outcome *o = user;
    char id[OBJECT_ID_SIZE];
    manager_new_id(env, id);
    return control_create(tx, env, OBJECT_SECRET, id, secret_spec(o->name), NULL, e);
}

static void on_done(int r, const struct err *e, void *user)
{
    struct outcome *o = user;
    assert_false(o->is_done);
    o->is_done = true;
    o->code = r;
    if (r)
        strcpy_cut(o->text, sizeof(o->text), err_text(e));
}

/* What is proposed has come to nothing or to the store by the time the callback runs. */
static struct outcome *propose(struct fixture *f, size_t i, const char *name)
{
    struct outcome *o = &f->outcomes[i];
    *o = (struct outcome){.f = f, .name = name};
    assert_int_equal(proposer_submit(f->proposer, create_secret, on_done, o, &f->err), 0);
    assert_false(o->is_done);
    return o;
}

static void wait_for(struct fixture *f, const struct outcome *o)
{
    while (!o->is_done)
        uv_run(&f->loop, UV_RUN_ONCE);
}

static size_t secrets(const struct fixture *f)
{
    return store_count(store_view(f->store), OBJECT_SECRET);
}

static void a_proposal_is_stored_and_then_seen(void **state)
{
    struct fixture *f = *state;
    const struct outcome *o = propose(f, 0, "a");
    assert_int_equal(secrets(f), 0);
    wait_for(f, o);
    assert_int_equal(o->code, 0);
    assert_non_null(store_get_by_name(store_view(f->store), OBJECT_SECRET, "a"));
    assert_int_equal(f->memory.commits, 1);
}

static void what_is_proposed_together_is_one_commit(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < 4; i++)
        propose(f, i, (const char *[]){"a", "b", "c", "d"}[i]);
    for (size_t i = 0; i < 4; i++)
        wait_for(f, &f->outcomes[i]);
    assert_int_equal(secrets(f), 4);
    assert_int_equal(f->memory.commits, 1);
}

static void a_refused_proposal_leaves_nothing_and_the_others_stand(void **state)
{
    struct fixture *f = *state;
    propose(f, 0, "a");
    const struct outcome *twice = propose(f, 1, "a");
    const struct outcome *other = propose(f, 2, "b");
    wait_for(f, other);
    assert_int_equal(f->outcomes[0].code, 0);
    assert_int_equal(twice->code, ERR_ALREADY_EXISTS);
    assert_string_equal(twice->text, "secret a already exists");
    assert_int_equal(other->code, 0);
    assert_int_equal(secrets(f), 2);
}

static void what_arrives_during_a_commit_is_the_next_one(void **state)
{
    struct fixture *f = *state;
    const struct outcome *first = propose(f, 0, "a");
    while (!f->memory.is_busy)
        uv_run(&f->loop, UV_RUN_NOWAIT);
    const struct outcome *second = propose(f, 1, "b"), *third = propose(f, 2, "c");
    wait_for(f, first);
    assert_false(second->is_done);
    wait_for(f, second);
    wait_for(f, third);
    assert_int_equal(f->memory.commits, 2);
}

static void a_failed_commit_changes_nothing_and_tells_everybody(void **state)
{
    struct fixture *f = *state;
    f->memory.fail_with = ERR_RESOURCE_EXHAUSTED;
    propose(f, 0, "a");
    propose(f, 1, "b");
    wait_for(f, &f->outcomes[1]);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(f->outcomes[i].code, ERR_RESOURCE_EXHAUSTED);
        assert_string_equal(f->outcomes[i].text, "the disk said no");
    }
    assert_int_equal(secrets(f), 0);
    assert_int_equal(f->memory.rows.len, 0);
    f->memory.fail_with = 0;
    wait_for(f, propose(f, 2, "a"));
    assert_int_equal(f->outcomes[2].code, 0);
    assert_int_equal(secrets(f), 1);
}

static void closing_waits_for_the_commit_and_cancels_the_rest(void **state)
{
    struct fixture *f = *state;
    propose(f, 0, "a");
    while (!f->memory.is_busy)
        uv_run(&f->loop, UV_RUN_NOWAIT);
    propose(f, 1, "b");
    close_proposer(f);
    assert_int_equal(f->outcomes[0].code, 0);
    assert_int_equal(f->outcomes[1].code, ERR_CANCELED);
    assert_int_equal(secrets(f), 1);
}

static void on_done_close(int r, const struct err *e, void *user)
{
    struct outcome *o = user;
    on_done(r, e, o);
    proposer_close(TAKE(o->f->proposer), on_closed, o->f);
}

static void an_outcome_may_close_the_proposer(void **state)
{
    struct fixture *f = *state;
    struct outcome *o = &f->outcomes[0];
    *o = (struct outcome){.f = f, .name = "a"};
    assert_int_equal(
        proposer_submit(f->proposer, create_secret, on_done_close, o, &f->err), 0);
    const struct outcome *same_batch = propose(f, 1, "b");
    while (!f->is_closed)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_int_equal(o->code, 0);
    assert_int_equal(same_batch->code, 0);
}

static void a_full_queue_is_refused(void **state)
{
    struct fixture *f = *state;
    static struct outcome ignored;
    ignored.name = "same";
    for (size_t i = 0; i < PROPOSER_QUEUE_MAX; i++)
        assert_int_equal(
            proposer_submit(f->proposer, create_secret, NULL, &ignored, &f->err), 0);
    assert_int_equal(proposer_submit(f->proposer, create_secret, NULL, &ignored, &f->err),
                     ERR_RESOURCE_EXHAUSTED);
}

/* ---- lending ---- */

struct loan_fixture {
    struct fixture *f;
    struct outcome outcome;
    storage_committed done;
    void *user;
    bool is_started;
};

static struct loan_fixture loan;

static void start_loan(struct sealed *storage, const struct store_view *view,
                       storage_committed done, void *user)
{
    assert_ptr_equal(storage, loan.f->sealed);
    assert_false(loan.f->memory.is_busy);
    loan.is_started = true;
    loan.done = done;
    loan.user = user;
}

static void a_lent_storage_keeps_batches_waiting(void **state)
{
    struct fixture *f = *state;
    loan = (struct loan_fixture){.f = f};
    const struct outcome *before = propose(f, 0, "a");
    assert_int_equal(
        proposer_lend(f->proposer, start_loan, on_done, &loan.outcome, &f->err), 0);
    assert_int_equal(
        proposer_lend(f->proposer, start_loan, on_done, &loan.outcome, &f->err),
        ERR_FAILED_PRECONDITION);
    wait_for(f, before);
    while (!loan.is_started)
        uv_run(&f->loop, UV_RUN_ONCE);
    const struct outcome *after = propose(f, 1, "b");
    for (int turn = 0; turn < 10; turn++)
        uv_run(&f->loop, UV_RUN_NOWAIT);
    assert_false(after->is_done);
    loan.done(0, NULL, loan.user);
    assert_true(loan.outcome.is_done);
    wait_for(f, after);
    assert_int_equal(after->code, 0);
}

/* A batch goes first, but not a second one. */
static void a_loan_is_not_kept_waiting_by_what_is_proposed(void **state)
{
    struct fixture *f = *state;
    loan = (struct loan_fixture){.f = f};
    const struct outcome *first = propose(f, 0, "a");
    assert_int_equal(
        proposer_lend(f->proposer, start_loan, on_done, &loan.outcome, &f->err), 0);
    wait_for(f, first);
    const struct outcome *second = propose(f, 1, "b");
    for (int turn = 0; turn < 10; turn++)
        uv_run(&f->loop, UV_RUN_NOWAIT);
    assert_true(loan.is_started);
    assert_false(second->is_done);
    loan.done(0, NULL, loan.user);
    wait_for(f, second);
    assert_int_equal(second->code, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_proposal_is_stored_and_then_seen),
        TEST(what_is_proposed_together_is_one_commit),
        TEST(a_refused_proposal_leaves_nothing_and_the_others_stand),
        TEST(what_arrives_during_a_commit_is_the_next_one),
        TEST(a_failed_commit_changes_nothing_and_tells_everybody),
        TEST(closing_waits_for_the_commit_and_cancels_the_rest),
        TEST(an_outcome_may_close_the_proposer),
        TEST(a_full_queue_is_refused),
        TEST(a_loan_is_not_kept_waiting_by_what_is_proposed),
        TEST(a_lent_storage_keeps_batches_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
