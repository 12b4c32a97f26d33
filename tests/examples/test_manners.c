/* SPDX-License-Identifier: BSD-2-Clause */
/* What all programs have in common: --help and --version, exit statuses, --json where a summary is printed, progress
 * where a terminal shows it only, no colours. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <diffmm/diffmm.h>
#include <jansson.h>

#include "made_model.h"
#include "program.h"

/* A program, a command line with which it does its work in a folder with the file `model` of made_model.h, whether
 * that takes --json, what a line of JSON then has, and whether it shows progress. */
static const struct manners {
    const char *const *program;
    const char *name;
    const char *work[12];
    const char *json, *member;
    bool progress;
} programs[] = {
    {&train_program,
     "diffmm_train",
     {"--data", "synthetic", "--epochs", "2", "--set", "hidden_sizes=8"},
     "--json",
     "result",
     true},
    {&recommend_program,
     "diffmm_recommend",
     {"--model", "model", "--user", "u1"},
     "--json",
     "items",
     false},
    {&batch_program,
     "diffmm_batch_recommend",
     {"--model", "model", "--users", "users"},
     "--format=jsonl",
     "items",
     false},
    {&export_program,
     "diffmm_export",
     {"--model", "model", "--items", "items.npy"},
     "--json",
     "items",
     false},
    {&sql_program,
     "diffmm_sql",
     {"--sqlite", "db", "--model", "model", "--into", "best"},
     "--json",
     "rows",
     false},
    {&serve_program, "diffmm_serve", {NULL}, NULL, NULL, false},
    {&images_program,
     "diffmm_images",
     {NULL},
     NULL,
     NULL,
     false}, /* test_images.cpp has its work */
};

/* The program of this round, or NULL where it is not built. */
static const struct manners *program_of(int round)
{
    return *programs[round].program ? &programs[round] : NULL;
}

static void expect_empty(const char *path)
{
    char *text = read_text(path);
    ck_assert_msg(!*text, "%s: %s", path, text);
    free(text);
}

static void expect_start(const char *path, const char *start)
{
    char *text = read_text(path);
    ck_assert_msg(strncmp(text, start, strlen(start)) == 0, "%s does not start with '%s': %s", path,
                  start, text);
    free(text);
}

START_TEST(help_and_version)
{
    const struct manners *m = program_of(_i);
    if (!m)
        return;
    char start[80];
    ck_assert_int_eq(run(*m->program, (const char *[]){"--help", NULL}), 0);
    snprintf(start, sizeof start, "usage: %s ", m->name);
    expect_start("out", start);
    expect_empty("err");
    const char *const parts[] = {"\n  --help ", "\n  --version ",
                                 "\nExit status: 0 done, 1 failed, 2 ",
                                 m->json ? "\n  --json" : "\n  --model "};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (m->program != &batch_program || i < 3) /* which has --format jsonl */
            expect_text("out", parts[i]);

    int version = diffmm_version();
    ck_assert_int_eq(run(*m->program, (const char *[]){"--version", NULL}), 0);
    snprintf(start, sizeof start, "%s %d.%d.%d\n", m->name, version / 1000000,
             version / 1000 % 1000, version % 1000);
    expect_start("out", start);
    expect_text("out", diffmm_build_info());
    expect_empty("err");
}
END_TEST

/* Status 2, a reason, and where help is; nothing on standard output. */
START_TEST(wrong_command_lines)
{
    const struct manners *m = program_of(_i);
    if (!m)
        return;
    static const char *const wrong[][3] = {
        {NULL}, {"--nonsense"}, {"left over"}, {"--model"}, {"--help=x"}};
    char pointer[80];
    snprintf(pointer, sizeof pointer, "\ntry: %s --help\n", m->name);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int status = run(*m->program, wrong[i]);
        ck_assert_msg(status == 2, "%s: status %d for command line %zu", m->name, status, i);
        expect_empty("out");
        expect_text("err", m->name);
        expect_text("err", pointer);
    }
}
END_TEST

/* Standard output that takes nothing is a failure. */
START_TEST(full_output)
{
    const struct manners *m = program_of(_i);
    if (!m || access("/dev/full", W_OK) != 0)
        return;
    for (const char *const *option = (const char *const[]){"--help", "--version", NULL}; *option;
         option++) {
        ck_assert_int_eq(run("/bin/sh", (const char *[]){"-c", "\"$0\" \"$1\" >/dev/full",
                                                         *m->program, *option, NULL}),
                         1);
        expect_text("err", "standard output: ");
    }
}
END_TEST

static void make_files(void)
{
    make_model("model", 1);
    write_text("users", "u1\n");
    write_text("db", "");
}

/* The command line of the work, and one argument more, which may be NULL. */
static const char *const *work_with(const struct manners *m, const char *more)
{
    static const char *arguments[14];
    size_t count = 0;
    memset(arguments, 0, sizeof arguments);
    for (; m->work[count]; count++)
        arguments[count] = m->work[count];
    arguments[count] = more;
    return arguments;
}

START_TEST(json)
{
    const struct manners *m = program_of(_i);
    if (!m || !m->json)
        return;
    make_files();
    ck_assert_int_eq(run(*m->program, work_with(m, m->json)), 0);
    char *text = read_text("out");
    json_t *object = json_loads(text, 0, NULL);
    ck_assert_msg(json_object_get(object, m->member) != NULL, "%s: no %s in %s", m->name, m->member,
                  text);
    ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
    json_decref(object);
    free(text);
}
END_TEST

START_TEST(json_of_a_forecast)
{
    ck_assert_int_eq(
        run(train_program, (const char *[]){"--data", "synthetic", "--set", "hidden_sizes=8",
                                            "--forecast", "--json", NULL}),
        0);
    char *text = read_text("out");
    json_t *object = json_loads(text, 0, NULL), *forecast = json_object_get(object, "forecast");
    ck_assert_int_gt(json_integer_value(json_object_get(forecast, "peak_bytes")), 0);
    ck_assert_double_gt(
        json_real_value(json_object_get(json_object_get(forecast, "flops"), "recommend")), 0);
    ck_assert_double_gt(
        json_real_value(json_object_get(json_object_get(forecast, "seconds"), "denoise")), 0);
    json_decref(object);
    free(text);
}
END_TEST

/* Run with standard error on a terminal: all that appears there. */
static char *run_on_terminal(const char *program, const char *const *arguments, int *status)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    ck_assert(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
    setenv("TERMINAL_OF_TEST", ptsname(terminal), 1);
    const char *line[16] = {"-c", "exec \"$0\" \"$@\" 2>\"$TERMINAL_OF_TEST\"", program};
    for (size_t i = 0; arguments[i]; i++)
        line[3 + i] = arguments[i];
    /* Held open, so that reading waits for the program and not for it to begin. */
    int held = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    pid_t process = start("/bin/sh", line);
    fcntl(terminal, F_SETFL, O_NONBLOCK);
    char *text = calloc(1, 1 << 16);
    size_t size = 0;
    bool ended = false;
    for (;;) {
        ssize_t got = read(terminal, text + size, (1 << 16) - 1 - size);
        if (got > 0) {
            size += (size_t)got;
        } else if (ended) {
            break;
        } else {
            int state;
            usleep(10000);
            ended = waitpid(process, &state, WNOHANG) == process;
            if (ended)
                *status = WIFEXITED(state) ? WEXITSTATUS(state) : -1;
        }
    }
    close(held);
    close(terminal);
    return text;
}

/* Progress appears where standard error is a terminal, and there only; no escape sequence, NO_COLOR or not. */
START_TEST(progress_and_colours)
{
    const struct manners *m = program_of(_i);
    if (!m || !m->work[0])
        return;
    make_files();
    ck_assert_int_eq(run(*m->program, work_with(m, NULL)), 0);
    char *err = read_text("err"), *out = read_text("out");
    ck_assert_msg(!strstr(err, "epoch 1/") && !strchr(err, '\r') && !strchr(err, '\033'), "%s: %s",
                  m->name, err);
    ck_assert_ptr_null(strchr(out, '\033'));
    free(err);
    free(out);

    int status = -1;
    unsetenv("NO_COLOR");
    char *shown = run_on_terminal(*m->program, work_with(m, NULL), &status);
    ck_assert_msg(status == 0, "%s: status %d: %s", m->name, status, shown);
    ck_assert_msg(!m->progress || strstr(shown, "epoch 1/"), "%s: %s", m->name, shown);
    ck_assert_ptr_null(strchr(shown, '\033'));
    free(shown);
    setenv("NO_COLOR", "1", 1);
    shown = run_on_terminal(*m->program, work_with(m, NULL), &status);
    ck_assert_int_eq(status, 0);
    ck_assert_ptr_null(strchr(shown, '\033'));
    free(shown);
}
END_TEST

/* Where lines of epochs are wanted elsewhere, they can be had. */
START_TEST(verbose)
{
    ck_assert_int_eq(
        run(train_program, (const char *[]){"--data", "synthetic", "--epochs", "2", "--set",
                                            "hidden_sizes=8", "--verbose", NULL}),
        0);
    expect_text("err", "epoch 1/2 ");
    expect_text("err", "epoch 2/2 ");
}
END_TEST

int main(int argc, char **argv)
{
    enum { count = sizeof programs / sizeof *programs };
    TCase *tests = tcase_create("manners");
    tcase_add_loop_test(tests, help_and_version, 0, count);
    tcase_add_loop_test(tests, wrong_command_lines, 0, count);
    tcase_add_loop_test(tests, full_output, 0, count);
    tcase_add_loop_test(tests, json, 0, count);
    tcase_add_test(tests, json_of_a_forecast);
    tcase_add_loop_test(tests, progress_and_colours, 0, count);
    tcase_add_test(tests, verbose);
    return run_programs(argc, argv, tests, "manners");
}
