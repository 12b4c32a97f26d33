/* SPDX-License-Identifier: BSD-2-Clause */
/* What the benchmark programs share. They print ratios of one run to standard output and exit
 * non-zero only if something fails: how long something takes is for the reader to judge. */
#ifndef DIFFMM_BENCH_COMMON_H
#define DIFFMM_BENCH_COMMON_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/diffmm.h>

/* An option of a program's command line: a flag, or a number in [least, most]. */
struct bench_option {
    const char *name; /* with its dashes */
    bool *flag;       /* set where the option stands; or */
    size_t *number;   /* set to the argument that follows */
    size_t least, most;
    const char *help;
};

/* Read the command line; an unknown option or a number out of range ends the program with the list
 * of options. Also makes standard output appear line by line, so that a log can be followed. */
void bench_begin(int argc, char **argv, const struct bench_option *options, size_t count);

/* End the program with a message. */
_Noreturn void bench_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* End the program with the library's message unless the call succeeded. */
void bench_check(diffmm_status status);

/* Zeroed memory, to be freed; never NULL. */
void *bench_take(size_t count, size_t size);

/* Zeroed pages of their own, which go back to the system at once when they are unmapped: large
 * operands of the machine's rates do not stay in the resident memory of what is measured next. */
void *bench_map(size_t bytes);
void bench_unmap(void *pages, size_t bytes);

/* The path of a file in a temporary folder of its own; the end removes both. */
struct bench_file {
    char folder[32], path[64];
};
struct bench_file bench_file_begin(const char *name);
void bench_file_end(const struct bench_file *file);

/* Seconds on a clock that never goes back. */
double bench_now(void);

/* The largest resident memory of this process so far. */
size_t bench_peak_bytes(void);

/* Calls `run`, which fills `size` bytes at `outcome`, in a process of its own, so that its peak of
 * memory is its own: what it has filled in arrives here. Returns that peak in bytes; ends the program,
 * naming `what`, where the process fails. */
size_t bench_child(void (*run)(const void *argument, void *outcome), const void *argument,
                   void *outcome, size_t size, const char *what);

/* The same, where the process may fail: whether it ran to its end. */
bool bench_child_runs(void (*run)(const void *argument, void *outcome), const void *argument,
                      void *outcome, size_t size, size_t *peak);

/* Bytes in MB (10^6). */
double bench_megabytes(size_t bytes);

/* Random 64 bits, a function of the index alone. */
uint64_t bench_random(uint64_t index);

/* A context of so many threads; 0: all CPUs. */
diffmm_context *bench_context(size_t threads);

#endif
