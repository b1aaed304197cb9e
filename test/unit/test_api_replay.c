/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plays conversations with the API and compares each answer to the letter. A conversation
 * is a file of test/unit/data/api:
 *
 *     # a remark
 *     @ GET /info 200 {...}      what the engine answers
 *     ! task SERVICE SLOT STATE  a task appears in the store
 *     ! state inactive           the node's part in a swarm
 *     > POST /v1.41/secrets/create {"Name":"a"}
 *     < 201 {"ID":"$1"}
 *
 * In answers the ids are $1, $2... in the order in which they are first seen, times are
 * $T and versions of objects $V; a request may use $1... and $V (the version seen last),
 * and
 * %..% for an URL-encoded part. Bodies are compared without the final newline, which must
 * be there.
 */
#include "api_world.h"

#include <ctype.h>
#include <dirent.h>

#define IDS_MAX 64
#define LINE_SIZE 65536

struct replay {
    struct api_world world;
    char ids[IDS_MAX][OBJECT_ID_SIZE];
    size_t n_ids;
    char version[24];
    char file[512];
    unsigned line;
};

/* ---- making an answer comparable ---- */

static size_t word_length(const char *s)
{
    size_t n = 0;
    while (islower((unsigned char)s[n]) || isdigit((unsigned char)s[n]))
        n++;
    return n;
}

static size_t id_number(struct replay *p, const char *id)
{
    for (size_t i = 0; i < p->n_ids; i++)
        if (strncmp(p->ids[i], id, OBJECT_ID_LENGTH) == 0)
            return i + 1;
    assert_true(p->n_ids < IDS_MAX);
    memcpy(p->ids[p->n_ids++], id, OBJECT_ID_LENGTH);
    return p->n_ids;
}

static bool is_time(const char *s, size_t *n)
{
    if (strlen(s) < 20 || !isdigit((unsigned char)s[0]) || s[4] != '-' || s[10] != 'T')
        return false;
    *n = strcspn(s, "Z") + 1;
    return true;
}

static void normalise(struct replay *p, const char *s, struct buf *out)
{
    while (*s) {
        size_t n;
        bool starts_word = !out->len || !isalnum((unsigned char)out->data[out->len - 1]);
        if (starts_word && is_time(s, &n)) {
            assert_int_equal(buf_append_str(out, "$T"), 0);
        } else if (str_starts_with(s, "\"Index\":")) {
            n = strlen("\"Index\":");
            size_t digits = strspn(s + n, "0123456789");
            snprintf(p->version, sizeof(p->version), "%.*s", (int)digits, s + n);
            n += digits;
            assert_int_equal(buf_append_str(out, "\"Index\":$V"), 0);
        } else if (starts_word && (n = word_length(s)) == OBJECT_ID_LENGTH) {
            assert_int_equal(buf_printf(out, "$%zu", id_number(p, s)), 0);
        } else {
            n = starts_word && n ? n : 1;
            assert_int_equal(buf_append(out, s, n), 0);
        }
        s += n;
    }
}

/* Puts what was seen into a request. */
static void fill_in(struct replay *p, const char *s, struct buf *out)
{
    for (; *s; s++) {
        if (*s == '$' && s[1] == 'V') {
            assert_int_equal(buf_append_str(out, p->version), 0);
            s++;
        } else if (*s == '$' && isdigit((unsigned char)s[1])) {
            char *end;
            size_t i = strtoul(s + 1, &end, 10);
            assert_true(i >= 1 && i <= p->n_ids);
            assert_int_equal(buf_append_str(out, p->ids[i - 1]), 0);
            s = end - 1;
        } else {
            assert_int_equal(buf_append_char(out, *s), 0);
        }
    }
}

/* "filters=%{...}%": what stands between is encoded. */
static void encode(const char *s, struct buf *out)
{
    for (const char *open; (open = strchr(s, '%'));) {
        const char *close = strchr(open + 1, '%');
        assert_non_null(close);
        char part[1024];
        strcpy_cut(part, (size_t)(close - open), open + 1);
        assert_int_equal(buf_append(out, s, (size_t)(open - s)), 0);
        assert_int_equal(http_url_escape(out, part), 0);
        s = close + 1;
    }
    assert_int_equal(buf_append_str(out, s), 0);
}

/* ---- lines ---- */

/* Cuts the next word off a line. */
static char *next_word(char **line)
{
    char *word = *line;
    char *space = strchr(word, ' ');
    if (space)
        *space = '\0';
    *line = space ? space + 1 : word + strlen(word);
    return word;
}

static void do_request(struct replay *p, char *line)
{
    cleanup_buf struct buf target = BUF_INIT, plain = BUF_INIT, body = BUF_INIT;
    const char *method = next_word(&line);
    fill_in(p, next_word(&line), &plain);
    encode(buf_str(&plain), &target);
    fill_in(p, line, &body);
    world_ask(&p->world, method, buf_str(&target), body.len ? buf_str(&body) : NULL);
}

static void check_answer(struct replay *p, const char *expected)
{
    char status[16];
    cleanup_buf struct buf text = BUF_INIT, got = BUF_INIT;
    struct buf *received = &p->world.received;
    bool is_json = str_equal(p->world.type, "application/json");
    bool has_newline = received->len && received->data[received->len - 1] == '\n';
    assert_true(!is_json || has_newline || !received->len);
    if (has_newline)
        received->data[--received->len] = '\0';
    snprintf(status, sizeof(status), "%d", p->world.status);
    normalise(p, buf_str(received), &text);
    assert_int_equal(
        buf_printf(&got, "%s%s%s", status, text.len ? " " : "", buf_str(&text)), 0);
    if (!str_equal(buf_str(&got), expected))
        fail_msg("%s:%u:\nexpected %s\n     got %s", p->file, p->line, expected,
                 buf_str(&got));
}

static void add_task(struct replay *p, char *line)
{
    struct api_world *w = &p->world;
    const struct object *s =
        store_get_by_name(store_view(w->store), OBJECT_SERVICE, next_word(&line));
    assert_non_null(s);
    struct manager_env env = {.now = w->now, .random = world_random, .rng = w};
    char id[OBJECT_ID_SIZE];
    manager_new_id(&env, id);
    struct object *o = fixture_object(OBJECT_TASK, id, "");
    Swarm__Task *task = o->task;
    message_free(&task->spec->base);
    task->spec = (Swarm__TaskSpec *)message_copy(&s->service->spec->task->base);
    message_free(&task->service_annotations->base);
    task->service_annotations =
        (Swarm__Annotations *)message_copy(&s->service->spec->annotations->base);
    if (s->service->spec_version)
        task->spec_version =
            (Swarm__Version *)message_copy(&s->service->spec_version->base);
    fixture_set(&task->service_id, s->service->id);
    fixture_set(&task->node_id, WORLD_NODE);
    task->slot = strtoul(next_word(&line), NULL, 10);
    int state = task_state_from_name(line);
    assert_true(state >= 0);
    task->status->state = (Swarm__TaskState)state;
    fixture_set(&task->status->message, "started");
    task->status->container = message_new(&swarm__container_status__descriptor);
    task->status->runtime_status_case = SWARM__TASK_STATUS__RUNTIME_STATUS_CONTAINER;
    fixture_set(&task->status->container->container_id, "c0ffee");
    task->status->container->pid = 42;
    assert_int_equal(message_set_time(&task->status->timestamp, w->now), 0);
    task->desired_state = SWARM__TASK_STATE__RUNNING;
    struct store_tx *tx = world_begin(w);
    assert_int_equal(store_tx_create(tx, o, NULL), 0);
    world_commit(w, tx);
}

static void do_order(struct replay *p, char *line)
{
    const char *what = next_word(&line);
    if (str_equal(what, "task")) {
        add_task(p, line);
    } else if (str_equal(what, "state")) {
        p->world.state = str_equal(line, "inactive") ? SWARM_INACTIVE
                         : str_equal(line, "locked") ? SWARM_LOCKED
                                                     : SWARM_ACTIVE;
    } else if (str_equal(what, "engine")) {
        assert_string_equal(line, "down");
        world_engine_stop(&p->world);
    } else {
        fail_msg("%s:%u: unknown order %s", p->file, p->line, what);
    }
}

static void do_engine(struct replay *p, char *line)
{
    char key[256];
    const char *method = next_word(&line);
    snprintf(key, sizeof(key), "%s %s", method, next_word(&line));
    int status = (int)strtol(next_word(&line), NULL, 10);
    char body[1024];
    snprintf(body, sizeof(body), "%s\n", line);
    world_answer(&p->world, key, status, body);
}

static void do_line(struct replay *p, char *line)
{
    if (str_starts_with(line, "> "))
        do_request(p, line + 2);
    else if (str_starts_with(line, "< "))
        check_answer(p, line + 2);
    else if (str_starts_with(line, "! "))
        do_order(p, line + 2);
    else if (str_starts_with(line, "@ "))
        do_engine(p, line + 2);
    else if (*line && *line != '#')
        fail_msg("%s:%u: what is this?", p->file, p->line);
}

static void play(const char *name)
{
    static struct replay p;
    static char line[LINE_SIZE];
    memset(&p, 0, sizeof(p));
    world_open(&p.world);
    snprintf(p.file, sizeof(p.file), "%s/test/unit/data/api/%s", getenv("COFFER_SOURCE"),
             name);
    FILE *f = fopen(p.file, "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        p.line++;
        line[strcspn(line, "\n")] = '\0';
        do_line(&p, line);
    }
    fclose(f);
    world_close(&p.world);
}

#define CONVERSATION(name)                                                               \
    static void name##_are_answered_to_the_letter(void **state)                          \
    {                                                                                    \
        (void)state;                                                                     \
        play(#name ".txt");                                                              \
    }

CONVERSATION(pings)
CONVERSATION(secrets)
CONVERSATION(configs)
CONVERSATION(services)
CONVERSATION(service_errors)
CONVERSATION(tasks)
CONVERSATION(nodes)
CONVERSATION(swarms)
CONVERSATION(engines)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pings_are_answered_to_the_letter),
        cmocka_unit_test(secrets_are_answered_to_the_letter),
        cmocka_unit_test(configs_are_answered_to_the_letter),
        cmocka_unit_test(services_are_answered_to_the_letter),
        cmocka_unit_test(service_errors_are_answered_to_the_letter),
        cmocka_unit_test(tasks_are_answered_to_the_letter),
        cmocka_unit_test(nodes_are_answered_to_the_letter),
        cmocka_unit_test(swarms_are_answered_to_the_letter),
        cmocka_unit_test(engines_are_answered_to_the_letter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
