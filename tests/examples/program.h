/* SPDX-License-Identifier: BSD-2-Clause */
/* Running the example programs, in a folder that is thrown away. */
#ifndef DIFFMM_TESTS_PROGRAM_H
#define DIFFMM_TESTS_PROGRAM_H

#include <stddef.h>
#include <sys/types.h>

/* Paths of the programs that this test's own command line names, in any order; NULL: it does not.
 */
extern const char *train_program, *recommend_program, *batch_program, *export_program,
    *serve_program;

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

/* Run all tests of a file: what its main does. */
struct TCase;
int run_tests(int argc, char **argv, struct TCase *tests, const char *name);

#endif
