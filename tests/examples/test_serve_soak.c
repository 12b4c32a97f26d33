/* SPDX-License-Identifier: BSD-2-Clause */
/* diffmm_serve under good and hostile clients at once, while its model file is swapped every second
 * for good and bad ones: no good request is lost, and neither memory nor descriptors grow.
 * DIFFMM_SOAK_SECONDS says for how long (20). */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hostile.h"
#include "made_model.h"
#include "process_size.h"
#include "program.h"
#include "service.h"

enum {
    KEEPERS = 2,  /* good clients that keep their connections */
    OPENERS = 1,  /* good clients that open one for each request */
    HOSTILES = 2, /* the others */
    CONNECTIONS = 64
};

/* Memory that the service may have more at the end than after the first quarter of the time: of
 * each connection the library keeps 64 KB, which it may not have touched before; and each thread's
 * allocator may split its heap anew. A leak of 100 bytes in each request is twice as much within
 * 20 seconds. */
enum { TOLERANCE_KB = CONNECTIONS * 64 + 4096 };

static atomic_bool enough;

/* Good requests of all kinds, and the answers of both models. */
static const char *const targets[] = {
    "/recommend?user=u6&count=9", "/recommend?user=u7&exclude=1003", "/similar?item=1005&count=5",
    "/fold-in?items=1001&items=1002", "/similar?user=u9"};
enum { TARGETS = sizeof targets / sizeof *targets };
static char *expected[TARGETS][2];

struct client {
    pthread_t thread;
    unsigned seed;
    size_t asked, lost, from[2];
    char trouble[200]; /* the first */
};

static void check_answer(struct client *client, size_t t, const struct response *response)
{
    bool known = false;
    for (int m = 0; m < 2; m++)
        if (strcmp(response->body, expected[t][m]) == 0) {
            client->from[m]++;
            known = true;
        }
    if (response->status == 200 && known)
        return;
    if (client->lost++ == 0)
        snprintf(client->trouble, sizeof client->trouble, "%s: %d %.100s", targets[t],
                 response->status, response->body);
}

static void *open_each(void *argument)
{
    struct client *client = argument;
    for (; !atomic_load(&enough); client->asked++) {
        size_t t = (size_t)rand_r(&client->seed) % TARGETS;
        struct response response = http_request(port, "GET", targets[t], NULL);
        check_answer(client, t, &response);
        response_end(&response);
        pause_a_moment();
    }
    return NULL;
}

static void *keep_one(void *argument)
{
    struct client *client = argument;
    char request[200];
    int connection = http_connect(port);
    for (; !atomic_load(&enough); client->asked++) {
        size_t t = (size_t)rand_r(&client->seed) % TARGETS;
        int size =
            snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", targets[t]);
        http_send(connection, request, (size_t)size);
        struct response response = http_receive_one(connection);
        check_answer(client, t, &response);
        if (response.status == 0) { /* counted as lost */
            close(connection);
            connection = http_connect(port);
        }
        response_end(&response);
    }
    close(connection);
    return NULL;
}

static void *be_hostile(void *argument)
{
    struct client *client = argument;
    for (; !atomic_load(&enough); client->asked++)
        hostile_act(port, &client->seed);
    return NULL;
}

static void copy(const char *from, const char *to, double share)
{
    struct stat file;
    char *bytes = read_text(from);
    ck_assert_int_eq(stat(from, &file), 0);
    write_bytes(to, bytes, (size_t)((double)file.st_size * share));
    free(bytes);
}

static void replace(const char *from, double share)
{
    copy(from, "incoming", share);
    ck_assert_int_eq(rename("incoming", "model"), 0);
}

/* A model file whose header names a version that does not exist. */
static void make_other_version(void)
{
    struct stat file;
    copy("first", "other", 1);
    char *bytes = read_text("other");
    ck_assert_int_eq(stat("other", &file), 0);
    char *format = memmem(bytes, (size_t)file.st_size, "\"version\":\"1\"", 13);
    ck_assert_ptr_nonnull(format);
    format[11] = '9';
    write_bytes("other", bytes, (size_t)file.st_size);
    free(bytes);
}

static void swap(size_t step)
{
    switch (step % 8) {
    case 0: replace("second", 1); break;
    case 1: replace("first", .6); break;
    case 2: replace("first", 1); break;
    case 3: replace("other", 1); break;
    case 4: copy("second", "model", 1); break; /* in place */
    case 5: copy("first", "model", .3); break;
    case 6: ck_assert_int_eq(unlink("model"), 0); break;
    default: replace("first", 1); break;
    }
}

static void start_clients(struct client *clients, size_t count, void *(*act)(void *), unsigned seed)
{
    for (size_t i = 0; i < count; i++) {
        clients[i] = (struct client){.seed = seed + (unsigned)i};
        ck_assert_int_eq(pthread_create(&clients[i].thread, NULL, act, &clients[i]), 0);
    }
}

static size_t soak_seconds(void)
{
    const char *given = getenv("DIFFMM_SOAK_SECONDS");
    size_t seconds = given ? strtoul(given, NULL, 10) : 20;
    return seconds < 4 ? 4 : seconds;
}

static void learn_answers(int model)
{
    for (size_t t = 0; t < TARGETS; t++) {
        struct response response = http_request(port, "GET", targets[t], NULL);
        ck_assert_int_eq(response.status, 200);
        expected[t][model] = response.body;
    }
}

static void begin(void)
{
    /* A sanitiser keeps memory that has been freed; let it be little. */
    const char *given = getenv("ASAN_OPTIONS");
    char options[500];
    snprintf(options, sizeof options, "%s%squarantine_size_mb=1", given ? given : "",
             given && *given ? ":" : "");
    setenv("ASAN_OPTIONS", options, 1);
    service_begin_with((const char *[]){"--max-connections", "64", "--receive-seconds", "3",
                                        "--max-body", "4096", NULL});
    make_model("first", 1);
    make_model("second", 2);
    make_other_version();
    learn_answers(0);
    replace("second", 1);
    json_decref(ask("POST", "/reload", NULL));
    learn_answers(1);
}

/* The size of the service when no client is connected: of its sockets one is left, which listens. */
static struct process_size rest_size(void)
{
    while (process_measure(service).sockets > 1)
        pause_a_moment();
    return process_measure(service);
}

START_TEST(soak)
{
    struct client clients[KEEPERS + OPENERS + HOSTILES];
    size_t seconds = soak_seconds(), warm = seconds / 4;
    begin();
    struct process_size before = rest_size(), early = before;
    start_clients(clients, KEEPERS, keep_one, 1);
    start_clients(clients + KEEPERS, OPENERS, open_each, 101);
    start_clients(clients + KEEPERS + OPENERS, HOSTILES, be_hostile, 201);
    for (size_t i = 0; i < seconds; i++) {
        if (i == warm)
            early = process_measure(service);
        swap(i);
        sleep(1);
    }
    struct process_size late = process_measure(service);
    atomic_store(&enough, true);
    size_t asked = 0, from[2] = {0, 0}, hostile = 0;
    for (size_t i = 0; i < KEEPERS + OPENERS + HOSTILES; i++) {
        ck_assert_int_eq(pthread_join(clients[i].thread, NULL), 0);
        bool good = i < KEEPERS + OPENERS;
        ck_assert_msg(!good || clients[i].lost == 0, "%zu of %zu lost: %s", clients[i].lost,
                      clients[i].asked, clients[i].trouble);
        *(good ? &asked : &hostile) += clients[i].asked;
        from[0] += clients[i].from[0];
        from[1] += clients[i].from[1];
    }
    ck_assert(asked > 0 && hostile > 0 && from[0] > 0 && from[1] > 0);
    struct process_size rest = rest_size();
    ck_assert_uint_eq(rest.descriptors, before.descriptors);
    printf(
        "%zu s: %zu good requests, none lost; %zu hostile acts; RSS %zu KB after %zu s, %zu KB at "
        "the end; descriptors %zu at rest\n",
        seconds, asked, hostile, early.resident_kb, warm, late.resident_kb, rest.descriptors);
    ck_assert_msg(late.resident_kb <= early.resident_kb + TOLERANCE_KB, "%zu KB, then %zu KB",
                  early.resident_kb, late.resident_kb);
    for (size_t t = 0; t < TARGETS; t++) {
        free(expected[t][0]);
        free(expected[t][1]);
    }
    service_end();
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tests = tcase_create("serve_soak");
    tcase_add_test(tests, soak);
    return run_programs(argc, argv, tests, "serve_soak");
}
