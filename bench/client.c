/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times calls of libcoffer: a line with microseconds for each.
 *
 *   bench-client get PATTERN COUNT
 *   bench-client save FOLDER COUNT            ids FOLDER/0, FOLDER/1, ...
 *   bench-client list PATTERN COUNT
 *   bench-client together FOLDER COUNT CALLS  COUNT ids, CALLS at a time: one line for
 * all
 */
#include <coffer/coffer.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CALLS_MAX 64
#define ID_SIZE 256

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void check(int code, const struct coffer_error *e)
{
    if (code == COFFER_OK)
        return;
    fprintf(stderr, "bench-client: %s\n", e->text);
    exit(EXIT_FAILURE);
}

static void name(char id[ID_SIZE], const char *folder, size_t i)
{
    snprintf(id, ID_SIZE, "%s/%zu", folder, i);
}

/* ---- one after the other ---- */

typedef void once(struct coffer_client *client, const char *what, size_t i);

static void get(struct coffer_client *client, const char *what, size_t i)
{
    struct coffer_error e;
    struct coffer_secrets *found;
    (void)i;
    check(coffer_client_get(client, what, &found, &e), &e);
    coffer_secrets_free(found);
}

static void list(struct coffer_client *client, const char *what, size_t i)
{
    struct coffer_error e;
    struct coffer_secrets *found;
    (void)i;
    check(coffer_client_list(client, what, &found, &e), &e);
    coffer_secrets_free(found);
}

static void save(struct coffer_client *client, const char *what, size_t i)
{
    static const unsigned char value[] = "0123456789abcdef0123456789abcdef";
    struct coffer_error e;
    char id[ID_SIZE];
    name(id, what, i);
    check(coffer_client_save(client, id, value, sizeof(value) - 1, NULL, 0, true, &e),
          &e);
}

static void repeat(struct coffer_client *client, once *f, const char *what, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double start = now();
        f(client, what, i);
        printf("%.1f\n", now() - start);
    }
}

/* ---- together ---- */

struct window {
    struct coffer_client *client;
    const char *folder;
    size_t next, n, under_way;
    struct coffer_call *calls[CALLS_MAX];
};

static void fill(struct window *w, size_t size)
{
    struct coffer_error e;
    char id[ID_SIZE];
    for (size_t i = 0; i < size && w->next < w->n; i++) {
        if (w->calls[i])
            continue;
        name(id, w->folder, w->next++);
        check(coffer_call_get(w->client, id, &w->calls[i], &e), &e);
        w->under_way++;
    }
}

static void step(struct window *w, size_t i)
{
    struct coffer_error e;
    int code = coffer_call_step(w->calls[i], &e);
    if (code == COFFER_AGAIN)
        return;
    check(code, &e);
    coffer_secrets_free(coffer_call_take(w->calls[i]));
    coffer_call_free(w->calls[i]);
    w->calls[i] = NULL;
    w->under_way--;
}

static void turn(struct window *w, size_t size)
{
    struct pollfd fds[CALLS_MAX];
    for (size_t i = 0; i < size; i++)
        fds[i] = (struct pollfd){.fd = w->calls[i] ? coffer_call_fd(w->calls[i]) : -1,
                                 .events = w->calls[i] ? coffer_call_events(w->calls[i])
                                                       : (short)0};
    if (poll(fds, size, -1) < 0)
        return;
    for (size_t i = 0; i < size; i++)
        if (fds[i].revents)
            step(w, i);
}

static void together(struct coffer_client *client, const char *folder, size_t n,
                     size_t size)
{
    struct window w = {.client = client, .folder = folder, .n = n};
    double start = now();
    for (fill(&w, size); w.under_way; fill(&w, size))
        turn(&w, size);
    printf("%.1f\n", now() - start);
}

/* ---- */

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        once *call;
    } verbs[] = {{"get", get}, {"save", save}, {"list", list}};
    struct coffer_error e;
    struct coffer_client *client;
    size_t n = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
    size_t size = argc > 4 ? strtoul(argv[4], NULL, 10) : 0;
    check(coffer_client_new(NULL, &client, &e), &e);
    for (size_t i = 0; argc == 4 && i < sizeof(verbs) / sizeof(*verbs); i++)
        if (strcmp(argv[1], verbs[i].name) == 0)
            repeat(client, verbs[i].call, argv[2], n);
    if (argc == 5 && strcmp(argv[1], "together") == 0 && size && size <= CALLS_MAX)
        together(client, argv[2], n, size);
    coffer_client_free(client);
    return EXIT_SUCCESS;
}
