/* SPDX-License-Identifier: BSD-2-Clause */
/* How diffmm_serve changes its model. */
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "made_model.h"
#include "program.h"
#include "service.h"

static void await_generation(int64_t wanted)
{
    while (generation() != wanted)
        pause_a_moment();
}

/* A file that is replaced, a signal and a request reload; a spoilt file leaves the old model. */
START_TEST(reloads)
{
    service_begin();
    make_model("model", 2);
    await_generation(2);
    ck_assert_int_eq(kill(service, SIGHUP), 0);
    await_generation(3);
    json_t *answer = ask("POST", "/reload", NULL);
    ck_assert_int_eq(json_integer_value(json_object_get(answer, "generation")), 4);
    json_decref(answer);

    diffmm_scorer_destroy(scorer);
    scorer = open_made_model("model");
    diffmm_query query = {.struct_size = sizeof query, .count = 20};
    diffmm_hit hits[20];
    size_t found;
    succeed(diffmm_recommend(scorer, 0, &query, hits, &found));
    write_text("spoilt", "no model");
    ck_assert_int_eq(rename("spoilt", "model"), 0);
    struct response response = http_request(port, "POST", "/reload", NULL);
    expect_error(&response, 500, "model: the header's length");
    response_end(&response);
    answer = ask("GET", "/recommend?user=u0", NULL);
    expect_hits(answer, DIFFMM_ITEMS, hits, found);
    json_decref(answer);
    ck_assert_int_eq(generation(), 4);
    ck_assert_int_eq(unlink("model"), 0);
    ck_assert_int_eq(kill(service, SIGHUP), 0);
    ck_assert_int_eq(generation(), 4);
    service_end();
}
END_TEST

/* What a thread that asks again and again has seen. */
struct asker {
    char *expected[2]; /* the answers of both models */
    size_t asked, answered, from[2];
};

enum { askers = 4, questions = 60, swaps = 20 };

static atomic_bool swapped_enough;

static void *ask_often(void *argument)
{
    struct asker *asker = argument;
    for (; asker->asked < questions || !swapped_enough; asker->asked++) {
        struct response response = http_request(port, "GET", "/recommend?user=u6&count=9", NULL);
        asker->answered += response.status == 200;
        for (int m = 0; m < 2; m++)
            asker->from[m] += strcmp(response.body, asker->expected[m]) == 0;
        response_end(&response);
    }
    return NULL;
}

static char *answer_now(void)
{
    struct response response = http_request(port, "GET", "/recommend?user=u6&count=9", NULL);
    ck_assert_int_eq(response.status, 200);
    return response.body;
}

/* Models are swapped under requests: each is answered, by the one model or by the other. */
START_TEST(reloads_drop_nothing)
{
    struct asker asked[askers];
    pthread_t threads[askers];
    char *expected[2];
    service_begin();
    expected[0] = answer_now();
    make_model("model", 2);
    json_decref(ask("POST", "/reload", NULL));
    expected[1] = answer_now();
    ck_assert_str_ne(expected[0], expected[1]);
    for (int i = 0; i < askers; i++) {
        asked[i] = (struct asker){.expected = {expected[0], expected[1]}};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_often, &asked[i]), 0);
    }
    for (unsigned i = 0; i < swaps; i++) {
        make_model("model", 1 + i % 2);
        if (i % 4 == 3)
            kill(service, SIGHUP);
        else
            json_decref(ask("POST", "/reload", NULL));
    }
    swapped_enough = true;
    size_t from[2] = {0, 0};
    for (int i = 0; i < askers; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_uint_eq(asked[i].answered, asked[i].asked);
        ck_assert_uint_eq(asked[i].from[0] + asked[i].from[1], asked[i].asked);
        from[0] += asked[i].from[0];
        from[1] += asked[i].from[1];
    }
    ck_assert(from[0] > 0 && from[1] > 0);
    ck_assert_int_gt(generation(), swaps / 4 * 3);
    free(expected[0]);
    free(expected[1]);
    service_end();
}
END_TEST

/* The text of a file, with its size. */
static char *read_file(const char *path, size_t *size)
{
    struct stat file;
    ck_assert_int_eq(stat(path, &file), 0);
    *size = (size_t)file.st_size;
    return read_text(path);
}

/* Wait until the service has said so on stderr, so often. */
static void await_said(const char *part, int times)
{
    for (int found = 0; found < times; pause_a_moment()) {
        char *said = read_text("err");
        found = 0;
        for (const char *at = said; (at = strstr(at, part)); at++)
            found++;
        free(said);
    }
}

/* `cp new old` and worse happen to the very file that is served: no request notices. */
START_TEST(written_in_place)
{
    service_begin();
    char *first = answer_now();
    size_t size;
    make_model("new", 2);
    char *fresh = read_file("new", &size);
    write_bytes("model", fresh, size / 3);
    for (int i = 0; i < 50; i++) {
        char *now = answer_now();
        ck_assert_str_eq(now, first);
        free(now);
    }
    await_said("the old model stays: model: ", 1);
    struct response response = http_request(port, "POST", "/reload", NULL);
    expect_error(&response, 500, "model: ");
    response_end(&response);
    ck_assert_int_eq(truncate("model", 0), 0);
    await_said("the old model stays: model: ", 3);
    char *now = answer_now();
    ck_assert_str_eq(now, first);
    free(now);
    ck_assert_int_eq(generation(), 1);
    write_bytes("model", fresh, size);
    await_generation(2);
    now = answer_now();
    ck_assert_str_ne(now, first);
    free(now);
    free(first);
    free(fresh);
    service_end();
}
END_TEST

static int64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Write parts of a file in place for three seconds, again and again; the longest pause between. */
static int64_t write_for_long(const char *path, const char *bytes, size_t size)
{
    int64_t begun = milliseconds(), last = begun, longest = 0;
    for (size_t part = 1; milliseconds() < begun + 3000; part++) {
        write_bytes(path, bytes, part % size);
        int64_t now = milliseconds();
        longest = now - last > longest ? now - last : longest;
        last = now;
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    return longest;
}

/* A copy that takes its time is not tried half-way. */
START_TEST(written_slowly)
{
    service_begin();
    size_t size;
    int64_t longest;
    make_model("new", 2);
    char *fresh = read_file("new", &size);
    do {
        char *before = read_text("err");
        longest = write_for_long("model", fresh, size);
        char *after = read_text("err");
        /* The service looks every second: where this test was held up, it may have tried. */
        if (longest < 900)
            ck_assert_str_eq(after, before);
        free(before);
        free(after);
    } while (longest >= 900);
    write_bytes("model", fresh, size);
    await_generation(2);
    free(fresh);
    service_end();
}
END_TEST

/* What is no file to be read to its end is refused, and does not hold the service up. */
START_TEST(no_file)
{
    service_begin();
    ck_assert_int_eq(unlink("model"), 0);
    ck_assert_int_eq(mkfifo("model", 0600), 0);
    struct response response = http_request(port, "POST", "/reload", NULL);
    expect_error(&response, 500, "model: not a regular file");
    response_end(&response);
    ck_assert_int_eq(unlink("model"), 0);
    response = http_request(port, "POST", "/reload", NULL);
    expect_error(&response, 500, "model: No such file");
    response_end(&response);
    free(answer_now());
    service_end();
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tests = tcase_create("serve_model");
    tcase_add_test(tests, reloads);
    tcase_add_test(tests, reloads_drop_nothing);
    tcase_add_test(tests, written_in_place);
    tcase_add_test(tests, written_slowly);
    tcase_add_test(tests, no_file);
    return run_programs(argc, argv, tests, "serve_model");
}
