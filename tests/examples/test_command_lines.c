/* SPDX-License-Identifier: BSD-2-Clause */
/* Wrong command lines and wrong data: an exit status and a reason, never a crash. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "program.h"

static const struct wrong wrong_training[] = {
    {{NULL}, 2, "--data is missing"},
    {{"--data"}, 2, "requires an argument"},
    {{"--nonsense"}, 2, "nonsense"},
    {{"--data", "synthetic", "left over"}, 2, "left over"},
    {{"--data", "synthetic", "--threads", "0"}, 2, "--threads"},
    {{"--data", "synthetic", "--threads", "two"}, 2, "two"},
    {{"--data", "synthetic", "--set", "epochs"}, 2, "NAME=VALUE"},
    {{"--data", "synthetic", "--set", "=3"}, 2, "NAME=VALUE"},
    {{"--data", "clicks.tsv", "--hold-out", "0.1"}, 2, "--hold-out takes two shares"},
    {{"--data", "clicks.tsv", "--hold-out", "0.1,some"}, 2, "0.1,some"},
    {{"--data", "clicks.tsv", "--hold-out", "0.5,0.5"}, 1, "together"},
    {{"--data", "synthetic", "--hold-out", "0.1,0.1"}, 1, "already holds out"},
    {{"--data", "clicks.tsv", "--min-rating", "good"}, 2, "--min-rating takes a number"},
    {{"--data", "clicks.tsv", "--min-rating", "3"}, 1, "no interaction has a rating"},
    {{"--data", "clicks.tsv", "--deduplicate", "both"}, 2, "--deduplicate takes first or last"},
    {{"--data", "clicks.tsv", "--core", "5,x"}, 2, "--core takes a number, or two"},
    {{"--data", "clicks.tsv", "--core", "2"}, 1, "no interaction is left"},
    {{"--data", "clicks.tsv", "--hold-out-last", "1"}, 2, "--hold-out-last takes two numbers"},
    {{"--data", "clicks.tsv", "--hold-out-last", "1,1"}, 1, "have no timestamp"},
    {{"--data", "clicks.tsv", "--hold-out-from", "May"}, 2, "--hold-out-from takes two dates"},
    {{"--data", "clicks.tsv", "--hold-out-from", "May,June"}, 1, "'May'"},
    {{"--data", "clicks.tsv", "--hold-out", "0.1,0.1", "--hold-out-last", "1,1"}, 2, "only one"},
    {{"--data", "clicks.tsv", "--column", "user"}, 2, "NAME=VALUE"},
    {{"--data", "clicks.tsv", "--column", "thing=2"}, 2, "--column takes user, item"},
    {{"--data", "clicks.tsv", "--column", "user=who"}, 1, "there is no column 'who'"},
    {{"--data", "clicks.tsv", "--header", "some"}, 2, "--header takes yes or no"},
    {{"--data", "clicks.tsv", "--quotes", "some"}, 2, "--quotes takes yes or no"},
    {{"--data", "clicks.tsv", "--separator", "and"}, 1, "separator is 'and'"},
    {{"--data", "synthetic", "--modality", "cover.npy"}, 2, "NAME=VALUE"},
    {{"--data", "synthetic", "--set", "no_such_setting=1"}, 2, "no_such_setting"},
    {{"--data", "synthetic", "--set", "keep_rate=1.5"}, 2, "keep_rate"},
    {{"--data", "synthetic", "--epochs", "-1"}, 2, "epochs"},
    {{"--data", "synthetic", "--seed", "x"}, 2, "seed"},
    {{"--data", "synthetic", "--preset", "movies"}, 2, "movies"},
    {{"--data", "synthetic", "--resume"}, 2, "--checkpoint is missing"},
    {{"--data", "synthetic", "--checkpoint-every", "2"}, 2, "--checkpoint is missing"},
    {{"--data", "synthetic", "--checkpoint", "c", "--checkpoint-every", "0"}, 2, "every"},
    {{"--data", "synthetic", "--checkpoint", "empty.tsv", "--resume"}, 1, "empty.tsv"},
    {{"--data", "no-such-folder"}, 1, "no-such-folder"},
    {{"--data", "empty.tsv"}, 1, "empty.tsv"},
    {{"--data", "clicks.tsv", "--items", "no-such-list"}, 1, "no-such-list"},
    {{"--data", "clicks.tsv", "--modality", "cover=no-such-file.npy"}, 1, "no-such-file.npy"},
    {{"--data", "synthetic", "--log", "no-such-folder/log"}, 1, "no-such-folder/log"},
};

static const struct wrong wrong_serving[] = {
    {{NULL}, 2, "--model is missing"},
    {{"--model", "model"}, 2, "--user is missing"},
    {{"--model", "model", "--user", "1", "--count", "0"}, 2, "--count"},
    {{"--model", "model", "--user", "1", "--count", "some"}, 2, "some"},
    {{"--model", "model", "--user", "1", "left over"}, 2, "left over"},
    {{"--nonsense"}, 2, "nonsense"},
    {{"--model", "no-such-model", "--user", "1"}, 1, "no-such-model"},
    {{"--model", "clicks.tsv", "--user", "1"}, 1, "clicks.tsv"},
};

static void expect_wrong_with_tables(const char *program, const struct wrong *wrong)
{
    write_text("clicks.tsv", "user\titem\na\tb\n");
    write_text("empty.tsv", "");
    expect_wrong(program, wrong);
}

START_TEST(train_says_what_is_wrong)
{
    expect_wrong_with_tables(train_program, &wrong_training[_i]);
}
END_TEST

START_TEST(recommend_says_what_is_wrong)
{
    expect_wrong_with_tables(recommend_program, &wrong_serving[_i]);
}
END_TEST

START_TEST(unknown_user)
{
    ck_assert_int_eq(
        run(train_program,
            (const char *[]){"--data", "synthetic", "--epochs", "1", "--model", "model", "--set",
                             "hidden_sizes=8", "--set", "embedding_size=4", NULL}),
        0);
    ck_assert_int_eq(
        run(recommend_program, (const char *[]){"--model", "model", "--user", "nobody", NULL}), 1);
    expect_text("err", "nobody");
}
END_TEST

/* 10 users with 10 of 20 items each, and one feature of 0 for each item. */
static void write_own_data(void)
{
    FILE *file = fopen("own.tsv", "w");
    ck_assert_ptr_nonnull(file);
    fputs("user\titem\n", file);
    for (int u = 0; u < 10; u++)
        for (int i = 0; i < 10; i++)
            fprintf(file, "u%d\t%d\n", u, (2 * u + i) % 20);
    fclose(file);
    char npy[128 + 20 * 4 + 1] = {0};
    memcpy(npy, "\223NUMPY\1\0v\0", 10);
    snprintf(npy + 10, 119, "%-117s\n",
             "{'descr': '<f4', 'fortran_order': False, 'shape': (20, 1), }");
    write_bytes("cover.npy", npy, sizeof npy - 1);
}

/* Of 10 x 9 interactions 10 % go to validation and 20 % to test, rounded for each user. */
START_TEST(held_out_by_the_program)
{
    write_own_data();
    ck_assert_int_eq(
        run(train_program,
            (const char *[]){"--data", "own.tsv", "--modality", "cover=cover.npy", "--hold-out",
                             "0.1,0.2", "--epochs", "1", "--set", "hidden_sizes=8", NULL}),
        0);
    expect_text("err", "10 users, 20 items, 70 + 10 + 20 interactions");
}
END_TEST

/* The same with ratings and times, under names of their own; the last of each user are the highest
 * items, of which one in ten has a low rating. */
START_TEST(filtered_and_held_out_by_time)
{
    write_own_data();
    FILE *file = fopen("own.log", "w");
    ck_assert_ptr_nonnull(file);
    fputs("what;who;stars;sold\n", file);
    for (int u = 0; u < 10; u++)
        for (int i = 0; i < 10; i++)
            fprintf(file, "%d;u%d;%d;2024-01-%02d\n", (2 * u + i) % 20, u, i == 4 ? 1 : 5, i + 1);
    fclose(file);
    const char *const columns[] = {
        "--data",        "own.log",         "--column",     "user=who", "--column",
        "item=what",     "--column",        "rating=stars", "--column", "timestamp=sold",
        "--modality",    "cover=cover.npy", "--epochs",     "1",        "--set",
        "hidden_sizes=8"};
    enum { given = sizeof columns / sizeof *columns };
    const char *arguments[given + 6] = {NULL};
    memcpy(arguments, columns, sizeof columns);
    ck_assert_int_eq(run(train_program, arguments), 0);
    expect_text("err", "diffmm_train: warning: 100 interactions have a rating");
    expect_text("err", "diffmm_train: warning: 100 interactions have a timestamp");
    memcpy(arguments + given,
           (const char *const[]){"--min-rating", "2", "--hold-out-last", "1,2", "--verbose"},
           5 * sizeof *arguments);
    ck_assert_int_eq(run(train_program, arguments), 0);
    expect_text("err", "10 users, 20 items, 60 + 10 + 20 interactions");
    expect_text("err", "diffmm_train: own.log: column 2 'who' is the user");
    expect_text("err", "diffmm_train: 10 of 100 interactions have lower ratings");
}
END_TEST

/* What chose the epoch, whatever is held out and whatever was asked for. */
START_TEST(tells_what_chose_the_epoch)
{
    static const struct {
        const char *hold_out, *select, *by;
    } cases[] = {
        {"0.2,0.2", "valid", "valid"}, {"0.2,0.2", "test", "test"}, {"0.2,0", "valid", "valid"},
        {"0.2,0", "test", "valid"},    {"0,0.2", "valid", "test"},  {"0,0.2", "test", "test"},
        {"0,0", "valid", "last"},      {"0,0", "test", "last"},
    };
    write_own_data();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char set[32], printed[32], logged[40];
        snprintf(set, sizeof set, "select=%s", cases[i].select);
        snprintf(printed, sizeof printed, "chosen by %s", cases[i].by);
        snprintf(logged, sizeof logged, "\"chosen_by\":\"%s\"", cases[i].by);
        ck_assert_int_eq(
            run(train_program,
                (const char *[]){"--data", "own.tsv", "--modality", "cover=cover.npy", "--hold-out",
                                 cases[i].hold_out, "--epochs", "2", "--set", "hidden_sizes=8",
                                 "--set", set, "--log", "log", NULL}),
            0);
        expect_text("out", printed);
        expect_text("log", logged);
        if (strcmp(cases[i].by, "last") == 0)
            expect_text("out", "last epoch 2 of 2, chosen by last");
    }
}
END_TEST

/* What stands after "next: " is a command as a shell takes it, whatever the names. */
START_TEST(next_can_be_pasted)
{
    write_text("clicks.tsv",
               "user\titem\no'neil $HOME `x`\ta b\no'neil $HOME `x`\tc\nann\ta b\nann\td\n");
    ck_assert_int_eq(run(train_program, (const char *[]){"--data", "clicks.tsv", "--epochs", "1",
                                                         "--model", "it's a $model", NULL}),
                     0);
    char *printed = read_text("out"), *next = strstr(printed, "next: ");
    ck_assert_ptr_nonnull(next);
    expect_text("out", recommend_program);
    write_text("command", next + strlen("next: "));
    free(printed);
    ck_assert_int_eq(run("/bin/sh", (const char *[]){"command", NULL}), 0);
    expect_text("out", "  d\n");
}
END_TEST

/* Without features the model is the collaborative part alone: the same as from data that have none. */
START_TEST(no_features)
{
    write_own_data();
    ck_assert_int_eq(run(train_program, (const char *[]){"--data", "own.tsv", "--epochs", "2",
                                                         "--model", "plain", NULL}),
                     0);
    ck_assert_int_eq(
        run(train_program,
            (const char *[]){"--data", "own.tsv", "--modality", "cover=cover.npy", "--no-features",
                             "--epochs", "2", "--log", "log", "--model", "left_out", NULL}),
        0);
    expect_text("log", "\"denoiser\":{}");
    const char *const models[] = {"plain", "left_out"};
    for (size_t i = 0; i < 2; i++) {
        char printed[16];
        snprintf(printed, sizeof printed, "out.%zu", i);
        ck_assert_int_eq(
            run(recommend_program, (const char *[]){"--model", models[i], "--user", "u3", NULL}),
            0);
        ck_assert_int_eq(rename("out", printed), 0);
    }
    ck_assert(same_files("out.0", "out.1"));
}
END_TEST

/* The help names every setting of the library. */
START_TEST(help_lists_settings)
{
    ck_assert_int_eq(run(train_program, (const char *[]){"--help", NULL}), 0);
    for (size_t i = 0; i < diffmm_option_count(); i++) {
        diffmm_option_info info = {.struct_size = sizeof info};
        ck_assert_int_eq(diffmm_option_describe(i, &info), DIFFMM_OK);
        char line[200], range[64];
        snprintf(line, sizeof line, "\n  %s%s%s%s%s%s\n", info.name, info.symbol ? " (" : "",
                 info.symbol ? info.symbol : "", info.symbol ? ")" : "",
                 *info.default_value ? " = " : "", info.default_value);
        expect_text("out", line);
        expect_text("out", info.help);
        snprintf(range, sizeof range, "[%.9g .. %.9g", info.minimum, info.maximum);
        expect_text("out", info.type == DIFFMM_OPTION_CHOICE ? info.choices
                           : info.type == DIFFMM_OPTION_FLAG ? "[true|false]"
                                                             : range);
    }
    ck_assert_int_eq(run(recommend_program, (const char *[]){"--help", NULL}), 0);
    expect_text("out", "usage: diffmm_recommend");
    ck_assert_int_eq(run(train_program, (const char *[]){"--version", NULL}), 0);
    expect_text("out", diffmm_build_info());
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tests = tcase_create("command_lines");
    tcase_add_loop_test(tests, train_says_what_is_wrong, 0,
                        (int)(sizeof wrong_training / sizeof wrong_training[0]));
    tcase_add_loop_test(tests, recommend_says_what_is_wrong, 0,
                        (int)(sizeof wrong_serving / sizeof wrong_serving[0]));
    tcase_add_test(tests, unknown_user);
    tcase_add_test(tests, held_out_by_the_program);
    tcase_add_test(tests, filtered_and_held_out_by_time);
    tcase_add_test(tests, tells_what_chose_the_epoch);
    tcase_add_test(tests, next_can_be_pasted);
    tcase_add_test(tests, no_features);
    tcase_add_test(tests, help_lists_settings);
    return run_programs(argc, argv, tests, "command_lines");
}
