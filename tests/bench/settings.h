/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings of the library's on a benchmark's command line: `--preset NAME` in place of the shape's,
 * and `--set NAME=VALUE`, any number of times, in that order. */
#ifndef DIFFMM_BENCH_SETTINGS_H
#define DIFFMM_BENCH_SETTINGS_H

#include "common.h"

enum { bench_most_settings = 64 };

struct bench_settings {
    const char *preset; /* NULL: the shape's */
    size_t count;
    const char *set[bench_most_settings]; /* NAME=VALUE */
};

/* Takes them out of the command line, before bench_begin() reads the rest. */
void bench_settings_take(int *argc, char **argv, struct bench_settings *out);

/* Applies the preset, or the shape's, and the settings. */
void bench_settings_apply(const struct bench_settings *settings, const char *preset,
                          diffmm_options *options);

/* Prints a line that tells them. */
void bench_settings_describe(const struct bench_settings *settings, const char *preset);

#endif
