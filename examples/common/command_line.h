/* SPDX-License-Identifier: BSD-2-Clause */
/* What the programs' command lines have in common. */
#ifndef DIFFMM_EXAMPLES_COMMAND_LINE_H
#define DIFFMM_EXAMPLES_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/context.h>

#ifdef __cplusplus
extern "C" {
#endif

enum exit_code { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };

/* Each program defines its own, in main.c. */
extern const char program_name[];

/* Print "PROGRAM: .." on stderr. Always false, so that a check can read `return complain(..)`. */
bool complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From here on messages are of one of several processes: "PROGRAM: NAME..". Borrowed. */
void complain_as(const char *name);

/* Settings for a context whose warnings are printed on stderr as "PROGRAM: warning: ..". */
diffmm_context_settings warning_settings(size_t threads);

/* Complain about what the library has just refused on this thread. Always EXIT_FAILED. */
int failed_call(void);

/* Read the value of an option that takes a whole number from `least` to `most`. False after
 * complaining. */
bool read_number_option(const char *option, const char *text, size_t least, size_t most,
                        size_t *out);

/* What is wrong with the command line has been said: print where help is. Always EXIT_USAGE. */
int point_to_help(void);

/* --help ends with these. Man pages and completions are made of what it prints (../generate/pages.py): a line
 * of an option has its text two or more spaces after it, and further lines start with four or more. */

/* The options that every program has. Their texts begin in column `column`. */
void print_common_options(int column);
/* `further` names statuses that only this program has, or is "". */
void print_exit_statuses(const char *further);

/* --version. An exit status. */
int print_version(void);

/* Nothing more will be printed on standard output: `code`, or EXIT_FAILED after complaining that not all of it
 * could be written. */
int finish_output(int code);

#ifdef __cplusplus
}
#endif

#endif
