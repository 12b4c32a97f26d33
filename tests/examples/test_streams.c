/* SPDX-License-Identifier: BSD-2-Clause */
/* What programs write to: files, links, pipes, descriptors; and standard descriptors that a program
 * was started without. Shells start them as users do. */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "made_model.h"
#include "program.h"

/* A line of shell in which $0 is the program. */
static int shell(const char *program, const char *line)
{
    return run("/bin/sh", (const char *[]){"-c", line, program, NULL});
}

static void expect_same(const char *a, const char *b)
{
    char *x = read_text(a), *y = read_text(b);
    ck_assert_msg(strcmp(x, y) == 0, "%s and %s differ: %.300s", a, b, x);
    free(x);
    free(y);
}

static mode_t kind_of(const char *path)
{
    struct stat about;
    ck_assert_msg(lstat(path, &about) == 0, "%s is not there", path);
    return about.st_mode & S_IFMT;
}

static size_t files_here(void)
{
    size_t count = 0;
    DIR *folder = opendir(".");
    while (readdir(folder))
        count++;
    closedir(folder);
    return count - 2;
}

static void begin(void)
{
    make_model("model", 1);
    ck_assert_int_eq(shell(batch_program, "\"$0\" --model model >wanted"), 0);
}

START_TEST(a_link_stays)
{
    begin();
    write_text("table", "old");
    ck_assert_int_eq(chmod("table", 0640), 0);
    ck_assert_int_eq(symlink("table", "link"), 0);
    ck_assert_int_eq(symlink("new", "dangling"), 0);
    ck_assert_int_eq(shell(batch_program, "\"$0\" --model model --output link"), 0);
    ck_assert_int_eq(shell(batch_program, "\"$0\" --model model --output dangling"), 0);
    ck_assert_uint_eq(kind_of("link"), S_IFLNK);
    ck_assert_uint_eq(kind_of("dangling"), S_IFLNK);
    expect_same("table", "wanted");
    expect_same("new", "wanted");
    struct stat about;
    ck_assert_int_eq(stat("table", &about), 0);
    ck_assert_uint_eq(about.st_mode & 0777, 0640);
    ck_assert_uint_eq(files_here(), 8); /* out and err among them */
}
END_TEST

START_TEST(pipes_and_descriptors_are_written_through)
{
    static const char *const lines[] = {
        "cat pipe >got & \"$0\" --model model --output pipe && wait",
        "\"$0\" --model model --output /dev/stdout >got",
        "\"$0\" --model model --output /dev/stdout | cat >got",
        "\"$0\" --model model --output link | cat >got",
        "\"$0\" --model model --output /dev/fd/7 7>got",
        "\"$0\" --model model --output /proc/self/fd/7 7>got",
    };
    begin();
    ck_assert_int_eq(mkfifo("pipe", 0600), 0);
    ck_assert_int_eq(symlink("/dev/stdout", "link"), 0);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        unlink("got");
        ck_assert_msg(shell(batch_program, lines[i]) == 0, "%s", lines[i]);
        expect_same("got", "wanted");
    }
    ck_assert_uint_eq(kind_of("pipe"), S_IFIFO);
    ck_assert_uint_eq(kind_of("link"), S_IFLNK);
    /* It goes on where the descriptor is. */
    ck_assert_int_eq(shell(batch_program,
                           "{ echo first; \"$0\" --model model --output /dev/stdout; "
                           "echo last; } >got"),
                     0);
    ck_assert_int_eq(shell(batch_program, "{ echo first; cat wanted; echo last; } >wanted.2"), 0);
    expect_same("got", "wanted.2");
    ck_assert_int_eq(shell(batch_program, "\"$0\" --model model --output ."), 1);
    ck_assert_int_eq(shell(batch_program, "\"$0\" --model model --output /dev/fd/8"), 1);
    ck_assert_uint_eq(files_here(), 8);
}
END_TEST

/* Two runs at once, held in the middle by the pipes that they read users from. */
START_TEST(two_runs_do_not_mix)
{
    begin();
    ck_assert_int_eq(mkfifo("users.1", 0600), 0);
    ck_assert_int_eq(mkfifo("users.2", 0600), 0);
    static const char line[] =
        "\"$0\" --model model --output table --users users.1 --count 5 & first=$!\n"
        "\"$0\" --model model --output table --users users.2 --count 7 & second=$!\n"
        "exec 8>users.1 9>users.2\n"
        "cut -f 1 wanted | sed 1d | uniq >&9; exec 9>&-; wait $second || exit 3\n"
        "cp table table.2\n"
        "cut -f 1 wanted | sed 1d | uniq >&8; exec 8>&-; wait $first || exit 4\n"
        "cp table table.1\n"
        "\"$0\" --model model --count 5 >wanted.1\n"
        "\"$0\" --model model --count 7 >wanted.2\n";
    ck_assert_int_eq(shell(batch_program, line), 0);
    expect_same("table.1", "wanted.1");
    expect_same("table.2", "wanted.2");
    ck_assert_uint_eq(files_here(), 11);
}
END_TEST

START_TEST(long_names)
{
    char path[300] = {0}, line[400];
    begin();
    memset(path, 'x', 255);
    snprintf(line, sizeof line, "\"$0\" --model model --output %s", path);
    ck_assert_int_eq(shell(batch_program, line), 0);
    expect_same(path, "wanted");
    ck_assert_uint_eq(files_here(), 5);
}
END_TEST

/* Told to end in the middle, it leaves the old file and nothing beside it. */
START_TEST(a_signal_leaves_nothing)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    begin();
    write_text("table", "old");
    ck_assert_int_eq(mkfifo("users", 0600), 0);
    for (size_t i = 0; i < 3; i++) {
        /* Whoever runs the tests may have it ignored, as nohup does, and a program inherits
         * that. */
        signal(signals[i], SIG_DFL);
        pid_t process = start(batch_program, (const char *[]){"--model", "model", "--users",
                                                              "users", "--output", "table", NULL});
        int file = open("users", O_WRONLY | O_CLOEXEC); /* when it has come so far */
        kill(process, signals[i]);
        ck_assert_int_eq(finish(process), -1);
        close(file);
        char *text = read_text("table");
        ck_assert_str_eq(text, "old");
        free(text);
        ck_assert_uint_eq(files_here(), 6);
    }
}
END_TEST

/* Without standard error, or any standard descriptor, a file holds what it should and no
 * messages. */
START_TEST(closed_standard_descriptors)
{
    static const char *const closed[] = {"2>&-", "<&- 2>&-", "<&- >&- 2>&-"};
    char line[300];
    begin();
    for (size_t i = 0; i < 3; i++) {
        snprintf(line, sizeof line, "\"$0\" --model model --output table %s", closed[i]);
        ck_assert_int_eq(shell(batch_program, line), 0);
        expect_same("table", "wanted");
        snprintf(line, sizeof line, "\"$0\" --model model --items items.safetensors %s", closed[i]);
        ck_assert_int_eq(shell(export_program, "\"$0\" --model model --items wanted.safetensors"),
                         0);
        shell(export_program, line);
        ck_assert_int_eq(shell("", "cmp items.safetensors wanted.safetensors"), 0);
        snprintf(line, sizeof line,
                 "\"$0\" --data synthetic --epochs 2 --set hidden_sizes=16 --set embedding_size=8 "
                 "--log log --model trained --checkpoint state %s",
                 closed[i]);
        shell(train_program, line);
        ck_assert_int_eq(shell("", "grep -q '\"result\"' log && ! grep -v '^{.*}$' log"), 0);
        ck_assert_int_eq(shell("", "[ $(wc -l <log) -eq 3 ]"), 0);
        diffmm_scorer_destroy(open_made_model("trained"));
    }
    /* What cannot be printed is still an error. */
    ck_assert_int_eq(shell(batch_program, "\"$0\" --model model >&-"), 1);
}
END_TEST

START_TEST(the_log_goes_through_too)
{
    static const char train[] = "\"$0\" --data synthetic --epochs 1 --set hidden_sizes=16 --set "
                                "embedding_size=8 ";
    char line[400];
    make_model("model", 1);
    ck_assert_int_eq(mkfifo("pipe", 0600), 0);
    snprintf(line, sizeof line, "cat pipe >got & %s --log pipe && wait", train);
    ck_assert_int_eq(shell(train_program, line), 0);
    expect_text("got", "{\"epoch\":1,");
    expect_text("got", "{\"result\":");
    /* To where the figures go as well, it does not write over them, nor they over it. */
    snprintf(line, sizeof line, "%s --log /dev/stdout >got", train);
    ck_assert_int_eq(shell(train_program, line), 0);
    expect_text("got", "{\"epoch\":1,");
    expect_text("got", "{\"result\":");
    expect_text("got", "chosen by valid");
    /* Resumed, a pipe has no lines to keep. */
    snprintf(line, sizeof line, "%s --checkpoint state --log got", train);
    ck_assert_int_eq(shell(train_program, line), 0);
    snprintf(line, sizeof line,
             "cat pipe >got & %s --epochs 2 --checkpoint state --resume --log pipe && wait", train);
    ck_assert_int_eq(shell(train_program, line), 0);
    expect_text("got", "{\"epoch\":2,");
    ck_assert_uint_eq(kind_of("pipe"), S_IFIFO);
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tests = tcase_create("streams");
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, a_link_stays);
    tcase_add_test(tests, pipes_and_descriptors_are_written_through);
    tcase_add_test(tests, two_runs_do_not_mix);
    tcase_add_test(tests, long_names);
    tcase_add_test(tests, a_signal_leaves_nothing);
    tcase_add_test(tests, closed_standard_descriptors);
    tcase_add_test(tests, the_log_goes_through_too);
    return run_programs(argc, argv, tests, "streams");
}
