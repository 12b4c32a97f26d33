/* SPDX-License-Identifier: BSD-2-Clause */
/* Text that can be pasted into a shell. */
#ifndef DIFFMM_EXAMPLES_SHELL_TEXT_H
#define DIFFMM_EXAMPLES_SHELL_TEXT_H

#include <stddef.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Print a text so that a POSIX shell reads it as one word: in quotes where it needs them. */
void shell_word_print(FILE *file, const char *text);

/* How to call the program `name` that stands beside the one that was called as `self` (argv[0]): by
 * its path or, where `self` was found by PATH or has no such neighbour, by its name alone. `out` has
 * room for both. */
void shell_sibling(const char *self, const char *name, char *out, size_t size);

#ifdef __cplusplus
}
#endif

#endif
