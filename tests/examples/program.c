/* SPDX-License-Identifier: BSD-2-Clause */
#include "program.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/run.h"

const char *train_program, *recommend_program, *batch_program, *export_program, *serve_program,
    *sql_program, *images_program;

static char folder[PATH_MAX], home[PATH_MAX];

void enter_folder(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/diffmm-XXXXXX", base && *base ? base : "/tmp");
    ck_assert_msg(getcwd(home, sizeof home) != NULL, "no working folder");
    ck_assert_msg(mkdtemp(folder) != NULL, "cannot make %s", folder);
    ck_assert_int_eq(chdir(folder), 0);
}

void leave_folder(void)
{
    DIR *directory = opendir(".");
    struct dirent *entry;
    while (directory && (entry = readdir(directory)))
        if (entry->d_name[0] != '.')
            unlink(entry->d_name);
    if (directory)
        closedir(directory);
    ck_assert_int_eq(chdir(home), 0);
    ck_assert_msg(rmdir(folder) == 0, "%s: not empty", folder);
}

static void redirect(const char *path, int descriptor)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || dup2(file, descriptor) < 0)
        _exit(126);
    close(file);
}

pid_t start(const char *program, const char *const *arguments)
{
    char *argv[64] = {(char *)(size_t)(const void *)program};
    size_t count = 1;
    while (arguments[count - 1]) {
        ck_assert_uint_lt(count, 63);
        argv[count] = (char *)(size_t)(const void *)arguments[count - 1];
        count++;
    }
    pid_t process = fork();
    ck_assert_int_ge(process, 0);
    if (process == 0) {
        redirect("out", STDOUT_FILENO);
        redirect("err", STDERR_FILENO);
        execv(program, argv);
        _exit(127);
    }
    return process;
}

int finish(pid_t process)
{
    int status;
    while (waitpid(process, &status, 0) < 0)
        ck_assert_int_eq(errno, EINTR);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int run(const char *program, const char *const *arguments)
{
    return finish(start(program, arguments));
}

char *read_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s is not there", path);
    size_t size = 0, capacity = 1 << 16;
    char *text = malloc(capacity);
    ck_assert(text != NULL);
    size_t got;
    while ((got = fread(text + size, 1, capacity - size - 1, file)) > 0) {
        size += got;
        if (capacity - size < 2) {
            capacity *= 2;
            text = realloc(text, capacity);
            ck_assert(text != NULL);
        }
    }
    fclose(file);
    text[size] = '\0';
    return text;
}

void write_bytes(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    ck_assert(file != NULL);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

void write_text(const char *path, const char *text)
{
    write_bytes(path, text, strlen(text));
}

void expect_text(const char *path, const char *part)
{
    char *text = read_text(path);
    if (!strstr(text, part))
        ck_abort_msg("'%s' is not in the program's %s: %s", part, path, text);
    free(text);
}

void expect_wrong(const char *program, const struct wrong *wrong)
{
    int status = run(program, wrong->arguments);
    expect_text("err", wrong->reason);
    ck_assert_msg(status == wrong->status, "exit status %d instead of %d for '%s'", status,
                  wrong->status, wrong->reason);
}

bool same_files(const char *a, const char *b)
{
    FILE *x = fopen(a, "rb"), *y = fopen(b, "rb");
    ck_assert(x && y);
    int c, d;
    do {
        c = fgetc(x);
        d = fgetc(y);
    } while (c == d && c != EOF);
    fclose(x);
    fclose(y);
    return c == d;
}

/* Know a program by its name; its path becomes absolute, as the tests change the working folder. */
static int name_program(const char *argument)
{
    static const struct {
        const char *name;
        const char **program;
    } programs[] = {
        {"/diffmm_train", &train_program},           {"/diffmm_recommend", &recommend_program},
        {"/diffmm_batch_recommend", &batch_program}, {"/diffmm_export", &export_program},
        {"/diffmm_serve", &serve_program},           {"/diffmm_sql", &sql_program},
        {"/diffmm_images", &images_program},
    };
    enum { count = sizeof programs / sizeof *programs };
    static char paths[count][PATH_MAX];
    char path[PATH_MAX];
    if (!realpath(argument, path))
        return 0;
    for (size_t i = 0; i < count; i++)
        if (strcmp(strrchr(path, '/'), programs[i].name) == 0) {
            *programs[i].program = strcpy(paths[i], path);
            return 1;
        }
    return 0;
}

int run_programs(int argc, char **argv, TCase *tests, const char *name)
{
    for (int i = 1; i < argc; i++)
        if (!name_program(argv[i])) {
            fprintf(stderr, "%s: there is no program %s\n", argv[0], argv[i]);
            return 2;
        }
    tcase_add_checked_fixture(tests, enter_folder, leave_folder);
    return run_case(name, tests) != 0;
}
