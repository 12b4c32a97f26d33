/* SPDX-License-Identifier: BSD-2-Clause */
/* The main job as a user does it: train, log, save, then recommend in another process. */
#include <check.h>
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

/* Small settings, so that a run takes a moment also in a sanitised build. */
#define SMALL                                                                                      \
    "--set", "hidden_sizes=16", "--set", "embedding_size=8", "--set", "batch=256", "--threads", "2"

static json_t *parse(const char *line)
{
    json_error_t error;
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(object != NULL, "not JSON: %s: %s", error.text, line);
    return object;
}

/* The lines of the log as an array of objects. */
static json_t *read_log(const char *path)
{
    json_t *lines = json_array();
    char *text = read_text(path);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        json_array_append_new(lines, parse(line));
    free(text);
    return lines;
}

static void expect_metrics(const json_t *metrics)
{
    static const char *const names[] = {"recall@20", "precision@20", "ndcg@20"};
    for (size_t i = 0; i < 3; i++) {
        const json_t *value = json_object_get(metrics, names[i]);
        ck_assert_msg(json_is_real(value), "no %s", names[i]);
        ck_assert_double_ge(json_real_value(value), 0);
        ck_assert_double_le(json_real_value(value), 1);
    }
    ck_assert_uint_eq(json_object_size(metrics), 3);
}

/* What is known of each modality's graph: from the second epoch on, all. */
static void expect_graphs(const json_t *graphs, bool first)
{
    const char *modality, *key;
    const json_t *graph, *value;
    ck_assert_uint_eq(json_object_size(graphs), 2);
    json_object_foreach((json_t *)graphs, modality, graph)
    {
        ck_assert_uint_eq(json_object_size(graph), 10);
        ck_assert_int_gt(json_integer_value(json_object_get(graph, "distinct_items")), 0);
        json_object_foreach((json_t *)graph, key, value)
            ck_assert_msg(json_is_null(value) == (first && strcmp(key, "agreement") == 0),
                          "%s of %s", key, modality);
    }
}

static void expect_epoch(json_t *line, json_int_t epoch)
{
    json_int_t number;
    double seconds[4], loss[4], denoiser[2];
    json_t *valid, *test, *graphs;
    json_error_t error;
    int fits = json_unpack_ex(
        line, &error, JSON_STRICT,
        "{s:I, s:{s:F, s:F, s:F, s:F!}, s:{s:F, s:F, s:F, s:F, s:{s:F, s:F!}!}, s:o, s:o, s:o!}",
        "epoch", &number, "seconds", "denoise", &seconds[0], "generate", &seconds[1], "recommend",
        &seconds[2], "evaluate", &seconds[3], "loss", "bpr", &loss[0], "contrastive", &loss[1],
        "regularizer", &loss[2], "alignment", &loss[3], "denoiser", "image", &denoiser[0], "text",
        &denoiser[1], "valid", &valid, "test", &test, "graph", &graphs);
    ck_assert_msg(fits == 0, "line of epoch %lld: %s", (long long)epoch, error.text);
    ck_assert_int_eq(number, epoch);
    for (size_t i = 0; i < 4; i++)
        ck_assert_double_ge(seconds[i], 0);
    ck_assert_double_gt(loss[0], 0);
    ck_assert_double_gt(loss[1], 0);
    ck_assert_double_gt(loss[2], 0);
    ck_assert_double_eq(loss[3], 0); /* off by default */
    ck_assert_double_gt(denoiser[0], 0);
    ck_assert_double_gt(denoiser[1], 0);
    expect_metrics(valid);
    expect_metrics(test);
    expect_graphs(graphs, epoch == 1);
}

/* The last line names an epoch that was trained, with the figures of that epoch. */
static void expect_result(const json_t *log, json_int_t epochs, bool cancelled)
{
    const json_t *result = json_object_get(json_array_get(log, (size_t)epochs), "result");
    ck_assert_msg(result != NULL, "the last line has no result");
    ck_assert_uint_eq(json_array_size(log), (size_t)epochs + 1);
    json_int_t chosen = json_integer_value(json_object_get(result, "epoch"));
    ck_assert_int_ge(chosen, 1);
    ck_assert_int_le(chosen, epochs);
    ck_assert_int_eq(json_integer_value(json_object_get(result, "epochs")), epochs);
    ck_assert_int_eq(json_is_true(json_object_get(result, "cancelled")), cancelled);
    const json_t *line = json_array_get(log, (size_t)chosen - 1);
    ck_assert(json_equal(json_object_get(line, "test"), json_object_get(result, "test")));
    ck_assert(json_equal(json_object_get(line, "valid"), json_object_get(result, "valid")));
    ck_assert_str_eq(json_string_value(json_object_get(result, "chosen_by")), "valid");
    expect_metrics(json_object_get(json_object_get(result, "popularity"), "test"));
}

/* The answer of diffmm_recommend --json in `out`: `count` different items, best first. */
static json_t *expect_recommendations(const char *user, size_t count)
{
    char *text = read_text("out");
    json_t *answer = parse(text);
    free(text);
    ck_assert_str_eq(json_string_value(json_object_get(answer, "user")), user);
    const json_t *items = json_object_get(answer, "items");
    ck_assert_uint_eq(json_array_size(items), count);
    for (size_t i = 0; i < count; i++) {
        const json_t *hit = json_array_get(items, i);
        const char *item = json_string_value(json_object_get(hit, "item"));
        ck_assert(item != NULL);
        ck_assert(json_is_real(json_object_get(hit, "score")));
        for (size_t j = 0; j < i; j++) {
            const json_t *before = json_array_get(items, j);
            ck_assert_str_ne(json_string_value(json_object_get(before, "item")), item);
            ck_assert_double_ge(json_real_value(json_object_get(before, "score")),
                                json_real_value(json_object_get(hit, "score")));
        }
    }
    return answer;
}

START_TEST(synthetic_round_trip)
{
    ck_assert_int_eq(
        run(train_program, (const char *[]){"--data", "synthetic", "--epochs", "2", "--seed", "7",
                                            "--log", "log", "--model", "model", SMALL, NULL}),
        0);
    expect_text("out", "test Recall@20: model ");
    expect_text("out", ", popularity ");
    expect_text("out", "saved model\n");
    json_t *log = read_log("log");
    expect_epoch(json_array_get(log, 0), 1);
    expect_epoch(json_array_get(log, 1), 2);
    expect_result(log, 2, false);
    json_decref(log);

    ck_assert_int_eq(run(recommend_program, (const char *[]){"--model", "model", "--user", "3",
                                                             "--count", "5", "--json", NULL}),
                     0);
    json_t *answer = expect_recommendations("3", 5);
    const char *best = json_string_value(
        json_object_get(json_array_get(json_object_get(answer, "items"), 0), "item"));
    ck_assert_int_eq(
        run(recommend_program, (const char *[]){"--model", "model", "--user", "3", NULL}), 0);
    char *table = read_text("out");
    size_t lines = 0;
    for (const char *at = table; (at = strchr(at, '\n')); at++)
        lines++;
    ck_assert_uint_eq(lines, 21); /* a heading and 20 items */
    ck_assert(strstr(table, best) != NULL);
    free(table);
    json_decref(answer);
}
END_TEST

/* The log names the modalities that the model has. */
START_TEST(a_modality_that_is_not_used)
{
    ck_assert_int_eq(
        run(train_program,
            (const char *[]){"--data", "synthetic", "--epochs", "1", "--log", "log", "--set",
                             "modality.image.enabled=false", "--set", "measure=full", SMALL, NULL}),
        0);
    json_t *log = read_log("log"), *line = json_array_get(log, 0);
    const json_t *of_text[] = {json_object_get(json_object_get(line, "loss"), "denoiser"),
                               json_object_get(line, "graph"), json_object_get(line, "denoiser")};
    for (size_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(json_object_size(of_text[i]), 1);
        ck_assert_ptr_nonnull(json_object_get(of_text[i], "text"));
    }
    json_decref(log);
    ck_assert_int_eq(
        run(train_program, (const char *[]){"--data", "synthetic", "--epochs", "1", "--log", "log",
                                            "--set", "diffusion.enabled=false", SMALL, NULL}),
        0);
    log = read_log("log");
    line = json_array_get(log, 0);
    ck_assert_uint_eq(json_object_size(json_object_get(json_object_get(line, "loss"), "denoiser")),
                      0);
    json_decref(log);
}
END_TEST

/* The same seed gives the same log, but for the times; another seed gives another. */
START_TEST(seed_decides)
{
    static const char *const seeds[] = {"5", "5", "6"};
    json_t *logs[3];
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(
            run(train_program, (const char *[]){"--data", "synthetic", "--epochs", "1", "--seed",
                                                seeds[i], "--log", "log", SMALL, NULL}),
            0);
        logs[i] = read_log("log");
        json_object_del(json_array_get(logs[i], 0), "seconds");
    }
    ck_assert(json_equal(logs[0], logs[1]));
    ck_assert(!json_equal(logs[0], logs[2]));
    for (size_t i = 0; i < 3; i++)
        json_decref(logs[i]);
}
END_TEST

/* Write rows x 3 float32 as .npy: one of three directions per row. */
static void write_features(const char *path, size_t rows)
{
    unsigned char file[2048] = "\x93NUMPY\x01";
    char header[128];
    int length = snprintf(header, sizeof header,
                          "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, 3), }", rows);
    size_t padded = (size_t)(length + 10 + 1 + 63) / 64 * 64 - 10;
    memset(file + 10, ' ', padded);
    memcpy(file + 10, header, (size_t)length);
    file[10 + padded - 1] = '\n';
    file[8] = (unsigned char)padded;
    static const unsigned char one[4] = {0, 0, 0x80, 0x3f};
    size_t data = 10 + padded;
    ck_assert_uint_le(data + 12 * rows, sizeof file);
    for (size_t row = 0; row < rows; row++)
        memcpy(file + data + 12 * row + 4 * (row % 3), one, 4);
    write_bytes(path, file, data + 12 * rows);
}

static void train_named(const char *seen)
{
    ck_assert_int_eq(
        run(train_program, (const char *[]){"--data", "clicks.tsv", "--items", "ids.txt",
                                            "--modality", "poster=poster.npy", "--epochs", "1",
                                            "--model", "model", "--set", seen, SMALL, NULL}),
        0);
}

/* To how many of the users diffmm_batch_recommend recommends the item that was held out. */
static size_t count_held_out(void)
{
    size_t count = 0;
    ck_assert_int_eq(
        run(batch_program, (const char *[]){"--model", "model", "--count", "100", NULL}), 0);
    char *table = read_text("out");
    for (int user = 0; user < 12; user++)
        for (int rank = 1; rank <= 15; rank++) {
            char row[64];
            snprintf(row, sizeof row, "\nuser \"%d\"\t%d\tfilm-%d\t", user, rank, (user + 9) % 15);
            count += strstr(table, row) != NULL;
        }
    free(table);
    return count;
}

/* Ids of the user's own, in a .tsv, with features whose rows an id list names. */
START_TEST(named_round_trip)
{
    char table[8192] = "user\titem\tsplit\n", ids[1024] = "";
    for (int user = 0; user < 12; user++)
        for (int k = 0; k < 4; k++)
            snprintf(table + strlen(table), sizeof table - strlen(table),
                     "user \"%d\"\tfilm-%d\t%s\n", user, (user + 3 * k) % 15,
                     k == 3 ? "test" : "train");
    for (int item = 14; item >= 0; item--)
        snprintf(ids + strlen(ids), sizeof ids - strlen(ids), "film-%d\n", item);
    write_text("clicks.tsv", table);
    write_text("ids.txt", ids);
    write_features("poster.npy", 15);
    train_named("seen=all");
    expect_text("out", "chosen by test");
    ck_assert_int_eq(
        run(recommend_program, (const char *[]){"--model", "model", "--user", "user \"7\"",
                                                "--count", "100", "--json", NULL}),
        0);
    /* 15 items, of which the user has 3, and a fourth one that was held out. */
    json_t *answer = expect_recommendations("user \"7\"", 11);
    const json_t *items = json_object_get(answer, "items");
    for (size_t i = 0; i < json_array_size(items); i++) {
        const char *item = json_string_value(json_object_get(json_array_get(items, i), "item"));
        ck_assert_int_eq(strncmp(item, "film-", 5), 0);
        ck_assert_str_ne(item, "film-7");
        ck_assert_str_ne(item, "film-10");
        ck_assert_str_ne(item, "film-13");
        ck_assert_str_ne(item, "film-1");
    }
    json_decref(answer);
    ck_assert_uint_eq(count_held_out(), 0);
    train_named("seen=train");
    ck_assert_uint_eq(count_held_out(), 12);
}
END_TEST

/* The same model from a list of ids as an editor of another system writes it; what is no list is
 * refused. */
START_TEST(lists_of_items)
{
    static const char *const forms[] = {"a\nb\nc\n", "\xef\xbb\xbf"
                                                     "a\r\nb\r\nc\r\n\r\n\n"};
    static const char *const wrong[][2] = {{"a\n\nb\nc\n", "ids.txt:2: the line is empty"},
                                           {"a\nb\n\xffz\n", "ids.txt:3: the line is not UTF-8"},
                                           {"\xff\xfe", "ids.txt:1: this is text in UTF-16"},
                                           {"a\nb\na\nc\n", "ids.txt: ids[2] is 'a', as is ids[0]"},
                                           {"\n", "ids.txt: count is 0"}};
    const char *const arguments[] = {"--data",     "clicks.tsv", "--items",  "ids.txt",
                                     "--modality", "p=p.npy",    "--epochs", "1",
                                     "--model",    "model",      SMALL,      NULL};
    write_text("clicks.tsv", "user\titem\nu\tc\nv\tb\nu\ta\n");
    write_features("p.npy", 3);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        write_text("ids.txt", forms[i]);
        ck_assert_int_eq(run(train_program, arguments), 0);
        ck_assert_int_eq(run(recommend_program,
                             (const char *[]){"--model", "model", "--user", "v", "--json", NULL}),
                         0);
        expect_text("out", "\"a\"");
        expect_text("out", "\"c\"");
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        write_text("ids.txt", wrong[i][0]);
        ck_assert_int_eq(run(train_program, arguments), 1);
        expect_text("err", wrong[i][1]);
    }
}
END_TEST

/* Features whose rows have ids need no list of items; items without a row are there, or not. */
START_TEST(features_by_id)
{
    static const char *const arguments[] = {
        "--data",  "clicks.csv", "--modality", "words=w.vec", "--epochs",        "1",
        "--model", "model",      SMALL,        NULL,          "--with-features", NULL};
    enum { flag = sizeof arguments / sizeof *arguments - 2 };
    const char *with[flag + 1];
    write_text("clicks.csv", "user,item\nu,c\nv,b\nu,a\n");
    write_text("w.vec", "a 1 2\nx 3 4\nc 5 6\n");
    ck_assert_int_eq(run(train_program, arguments), 0);
    expect_text("err",
                "modality 'words': 1 of 3 items have no row and get zeros; the first is 'b'");
    memcpy(with, arguments, sizeof with);
    with[flag - 1] = "--with-features";
    with[flag] = NULL;
    ck_assert_int_eq(run(train_program, with), 0);
    expect_text("err", "modality 'words': 1 of 3 items have no row and are left out");
    write_text("w.vec", "item-a 1 2\nitem-c 5 6\n");
    ck_assert_int_eq(run(train_program, arguments), 1);
    expect_text("err", "the first row is 'item-a', the first item 'c'");
}
END_TEST

static bool has_line(const char *path)
{
    FILE *file = fopen(path, "r");
    int byte = EOF;
    while (file && (byte = fgetc(file)) != EOF && byte != '\n')
        ;
    if (file)
        fclose(file);
    return byte == '\n';
}

/* Ctrl-C after an epoch: the best one is saved, and the log ends with the result. */
START_TEST(interrupt_saves)
{
    pid_t process = start(train_program, (const char *[]){"--data", "synthetic", "--epochs",
                                                          "100000", "--set", "patience=0", "--log",
                                                          "log", "--model", "model", SMALL, NULL});
    while (!has_line("log"))
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    ck_assert_int_eq(kill(process, SIGINT), 0);
    ck_assert_int_eq(finish(process), 130);
    expect_text("out", "stopped; best epoch ");
    json_t *log = read_log("log");
    expect_result(log, (json_int_t)json_array_size(log) - 1, true);
    json_decref(log);
    ck_assert_int_eq(run(recommend_program, (const char *[]){"--model", "model", "--user", "0",
                                                             "--count", "3", "--json", NULL}),
                     0);
    json_decref(expect_recommendations("0", 3));
}
END_TEST

/* The log without its times. */
static json_t *timeless_log(const char *path)
{
    json_t *log = read_log(path);
    for (size_t i = 0; i < json_array_size(log); i++)
        json_object_del(json_array_get(log, i), "seconds");
    return log;
}

#define FEW                                                                                        \
    "--data", "synthetic", "--seed", "3", "--set", "patience=0", "--set", "hidden_sizes=16",       \
        "--set", "embedding_size=8", "--set", "batch=256"

/* Killed in the middle and resumed, then resumed for one epoch more: log and model are those of a
 * run that was never interrupted. */
START_TEST(resume_after_a_kill)
{
    pid_t process =
        start(train_program, (const char *[]){FEW, "--epochs", "100000", "--log", "parted",
                                              "--checkpoint", "run", "--threads", "1", NULL});
    while (!has_line("parted") || access("run", F_OK) != 0)
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    ck_assert_int_eq(kill(process, SIGKILL), 0);
    ck_assert_int_eq(finish(process), -1);
    char *text = read_text("parted"), epochs[24] = "";
    size_t done = 0;
    for (const char *at = text; (at = strchr(at, '\n')); at++)
        done++;
    free(text);
    for (size_t more = 1; more <= 2; more++) {
        snprintf(epochs, sizeof epochs, "%zu", done + more);
        ck_assert_int_eq(
            run(train_program, (const char *[]){FEW, "--epochs", epochs, "--log", "parted",
                                                "--model", "parted-model", "--checkpoint", "run",
                                                "--resume", "--checkpoint-every", "2", NULL}),
            0);
        expect_text("err", "going on after epoch ");
    }
    ck_assert_int_eq(run(train_program, (const char *[]){FEW, "--epochs", epochs, "--log", "whole",
                                                         "--model", "whole-model", NULL}),
                     0);
    json_t *whole = timeless_log("whole"), *parted = timeless_log("parted");
    ck_assert_uint_eq(json_array_size(whole), done + 3);
    ck_assert(json_equal(whole, parted));
    ck_assert(same_files("whole-model", "parted-model"));
    json_decref(whole);
    json_decref(parted);
}
END_TEST

/* The model of --final-fit has seen everything, and is not that of the best epoch; the log is that of
 * the training that chose, and says so. */
START_TEST(final_fit)
{
    ck_assert_int_eq(run(train_program, (const char *[]){FEW, "--epochs", "4", "--log", "plain-log",
                                                         "--model", "plain-model", NULL}),
                     0);
    ck_assert_int_eq(
        run(train_program, (const char *[]){FEW, "--epochs", "4", "--final-fit", "--log", "log",
                                            "--model", "model", "--checkpoint", "run", NULL}),
        0);
    expect_text("out", "final fit: ");
    expect_text("out", " epochs on all splits");
    expect_text("err", "final fit: training anew on all splits together\n");
    json_t *plain = timeless_log("plain-log"), *log = timeless_log("log");
    size_t last = json_array_size(log) - 1;
    json_t *result = json_object_get(json_array_get(log, last), "result");
    ck_assert_int_eq(json_integer_value(json_object_get(result, "final_epochs")),
                     json_integer_value(json_object_get(result, "epoch")));
    json_object_del(result, "final_epochs");
    ck_assert(json_equal(plain, log));
    ck_assert(!same_files("plain-model", "model"));
    /* Interrupted in between or not, it is the same. */
    ck_assert_int_eq(
        run(train_program, (const char *[]){FEW, "--epochs", "4", "--final-fit", "--model", "again",
                                            "--checkpoint", "run", "--resume", NULL}),
        0);
    ck_assert(same_files("again", "model"));
    json_decref(plain);
    json_decref(log);
}
END_TEST

/* Whether a process has written a text to the file "err". */
static bool has_said(const char *text)
{
    if (access("err", F_OK) != 0)
        return false;
    char *said = read_text("err");
    bool found = strstr(said, text) != NULL;
    free(said);
    return found;
}

/* Ctrl-C in the final fit: the model is that of the best epoch. */
START_TEST(interrupt_in_the_final_fit)
{
    ck_assert_int_eq(
        run(train_program, (const char *[]){FEW, "--epochs", "8", "--model", "plain-model", NULL}),
        0);
    pid_t process = start(train_program, (const char *[]){FEW, "--epochs", "8", "--final-fit",
                                                          "--model", "model", NULL});
    while (!has_said("final fit: "))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    ck_assert_int_eq(kill(process, SIGINT), 0);
    ck_assert_int_eq(finish(process), 130);
    expect_text("out", "no final fit: the model is that of the best epoch");
    ck_assert(same_files("plain-model", "model"));
}
END_TEST

START_TEST(a_final_fit_of_everything)
{
    write_text("all.tsv", "user\titem\na\tx\nb\ty\na\ty\n");
    ck_assert_int_eq(run(train_program, (const char *[]){"--data", "all.tsv", "--final-fit", NULL}),
                     2);
    expect_text("err", "--final-fit: nothing is held out");
}
END_TEST

/* Settings that are not those of the checkpoint. */
START_TEST(resume_otherwise)
{
    ck_assert_int_eq(run(train_program, (const char *[]){FEW, "--epochs", "1", "--checkpoint",
                                                         "run", "--resume", NULL}),
                     0);
    ck_assert_int_eq(run(train_program, (const char *[]){FEW, "--epochs", "2", "--set", "reg=0.5",
                                                         "--checkpoint", "run", "--resume", NULL}),
                     1);
    expect_text("err", "reg 1e-5 and cannot go on with 0.5");
    ck_assert_int_eq(
        run(train_program, (const char *[]){FEW, "--epochs", "1", "--checkpoint", "run", "--resume",
                                            "--model", "model", NULL}),
        0);
    expect_text("err", "going on after epoch 1\n");
    expect_text("out", "best epoch 1 of 1");
    ck_assert_int_eq(access("model", F_OK), 0);
    ck_assert_int_eq(run(train_program, (const char *[]){FEW, "--epochs", "1", "--checkpoint",
                                                         "no-such-folder/run", NULL}),
                     1);
    expect_text("err", "no-such-folder");
}
END_TEST

/* And each of several peers, where they share memory. */
START_TEST(forecast_of_peers)
{
    static const char *const settings[] = {"peers.batches=true", "peers.divide=true"};
    ck_assert_int_eq(
        run(train_program, (const char *[]){"--data", "synthetic", SMALL, "--forecast", NULL}), 0);
    char *text = read_text("out");
    ck_assert_ptr_null(strstr(text, "peers"));
    free(text);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(
            run(train_program, (const char *[]){"--data", "synthetic", SMALL, "--forecast", "--set",
                                                settings[i], NULL}),
            0);
        expect_text("out", " MB at the peak, at most\n  of each of 2 peers: ");
        expect_text("out", "\n  of each of 16 peers: ");
    }
    ck_assert_int_eq(run(train_program, (const char *[]){"--data", "synthetic", SMALL, "--forecast",
                                                         "--json", "--set", settings[1], NULL}),
                     0);
    expect_text("out", "\"peak_bytes_of_peers\":{\"2\":");
}
END_TEST

/* What the training would take, by phase, and nothing is trained. */
START_TEST(forecast)
{
    double parts[4], whole, share;
    ck_assert_int_eq(run(train_program,
                         (const char *[]){"--data", "synthetic", SMALL, "--epochs", "7",
                                          "--forecast", "--model", "model", "--log", "log", NULL}),
                     0);
    ck_assert_int_ne(access("model", F_OK), 0);
    ck_assert_int_ne(access("log", F_OK), 0);
    expect_text("out", "memory: ");
    expect_text("out", " MB at the peak, at most\n");
    expect_text("out", "7 epochs: ");
    expect_text("out", "or less: training stops when 10 epochs bring nothing better\n");
    char *text = read_text("out"), *time = strstr(text, "an epoch's time, measured now: ");
    const char *work = strstr(text, "an epoch's matrix products, at most: ");
    ck_assert(work && time);
    ck_assert_ptr_nonnull(strstr(work, "% contrastive)"));
    ck_assert_int_eq(
        sscanf(time,
               "an epoch's time, measured now: %lf s\n denoise %lf s %lf %%\n generate "
               "%lf s %*f %%\n recommend %lf s %*f %%\n evaluate %lf s",
               &whole, &parts[0], &share, &parts[1], &parts[2], &parts[3]),
        6);
    double sum = parts[0] + parts[1] + parts[2] + parts[3];
    ck_assert_double_gt(parts[2], 0);
    ck_assert_double_eq_tol(whole, sum, 0.01 * sum);
    ck_assert_double_eq_tol(share, 100 * parts[0] / sum, 1);
    free(text);
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tests = tcase_create("programs");
    tcase_add_test(tests, forecast);
    tcase_add_test(tests, forecast_of_peers);
    tcase_add_test(tests, synthetic_round_trip);
    tcase_add_test(tests, a_modality_that_is_not_used);
    tcase_add_test(tests, seed_decides);
    tcase_add_test(tests, named_round_trip);
    tcase_add_test(tests, lists_of_items);
    tcase_add_test(tests, features_by_id);
    tcase_add_test(tests, interrupt_saves);
    tcase_add_test(tests, resume_after_a_kill);
    tcase_add_test(tests, resume_otherwise);
    tcase_add_test(tests, final_fit);
    tcase_add_test(tests, interrupt_in_the_final_fit);
    tcase_add_test(tests, a_final_fit_of_everything);
    return run_programs(argc, argv, tests, "programs");
}
