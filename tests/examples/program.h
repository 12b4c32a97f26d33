/* SPDX-License-Identifier: BSD-2-Clause */
/* Running the example programs, in a folder that is thrown away. */
#ifndef DIFFMM_TESTS_PROGRAM_H
#define DIFFMM_TESTS_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Paths of the programs that this test's own command line names, in any order; NULL: it does not.
 */
extern const char *train_program, *recommend_program, *batch_program, *export_program,
    *serve_program, *sql_program, *images_program;

/* A new folder that becomes the working folder; and its removal with all files in it. */
void enter_folder(void);
void leave_folder(void);

/* Start a program with arguments (NULL last, program name not among them). Its output goes to the
 * files `out` and `err`. */
pid_t start(const char *program, const char *const *arguments);

/* Wait for it: its exit status, or -1 if a signal ended it. */
int finish(pid_t process);

int run(const char *program, const char *const *arguments);

/* A file's whole text; the caller frees it. Fails the test if there is none. */
char *read_text(const char *path);
void write_text(const char *path, const char *text);
void write_bytes(const char *path, const void *bytes, size_t size);

/* Fail the test unless the text of file `path` contains `part`. */
void expect_text(const char *path, const char *part);

/* A wrong command line: the exit status, and a part of what stands on stderr. */
struct wrong {
    const char *arguments[8];
    int status;
    const char *reason;
};
void expect_wrong(const char *program, const struct wrong *wrong);

/* Whether two files hold the same bytes. */
bool same_files(const char *a, const char *b);

/* Run all tests of a file: what its main does. */
struct TCase;
int run_programs(int argc, char **argv, struct TCase *tests, const char *name);

#endif
