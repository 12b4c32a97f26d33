/* SPDX-License-Identifier: BSD-2-Clause */
#include "common.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static _Noreturn void usage(const char *program, const struct bench_option *options, size_t count)
{
    fprintf(stderr, "usage: %s [OPTION]...\n", program);
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, "  %s%s\n      %s\n", options[i].name, options[i].number ? " N" : "",
                options[i].help);
    exit(2);
}

static bool read_number(const struct bench_option *option, const char *text)
{
    if (!text || *text < '0' || *text > '9')
        return false;
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || *end || value < option->least || value > option->most)
        return false;
    *option->number = (size_t)value;
    return true;
}

void bench_begin(int argc, char **argv, const struct bench_option *options, size_t count)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int a = 1; a < argc; a++) {
        const struct bench_option *option = options;
        while (option < options + count && strcmp(argv[a], option->name) != 0)
            option++;
        if (option == options + count) {
            fprintf(stderr, "%s: there is no option '%s'\n", argv[0], argv[a]);
            usage(argv[0], options, count);
        }
        if (option->flag) {
            *option->flag = true;
        } else if (!read_number(option, a + 1 < argc ? argv[++a] : NULL)) {
            fprintf(stderr, "%s: %s takes a number from %zu to %zu\n", argv[0], option->name,
                    option->least, option->most);
            usage(argv[0], options, count);
        }
    }
}

void bench_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fflush(stdout);
    fputs("benchmark: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

void bench_check(diffmm_status status)
{
    if (status != DIFFMM_OK)
        bench_fail("%s: %s", diffmm_status_name(status), diffmm_error_message());
}

void *bench_take(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size);
    if (!memory)
        bench_fail("no memory for %zu x %zu bytes", count, size);
    return memory;
}

void *bench_map(size_t bytes)
{
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        bench_fail("no memory for %zu bytes: %s", bytes, strerror(errno));
    return pages;
}

void bench_unmap(void *pages, size_t bytes)
{
    munmap(pages, bytes);
}

struct bench_file bench_file_begin(const char *name)
{
    struct bench_file file = {.folder = "/tmp/diffmm-bench-XXXXXX"};
    if (!mkdtemp(file.folder))
        bench_fail("there can be no folder %s", file.folder);
    snprintf(file.path, sizeof file.path, "%s/%s", file.folder, name);
    return file;
}

void bench_file_end(const struct bench_file *file)
{
    unlink(file->path);
    rmdir(file->folder);
}

double bench_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

size_t bench_peak_bytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_maxrss * 1024;
}

bool bench_child_runs(void (*run)(const void *argument, void *outcome), const void *argument,
                      void *outcome, size_t size, size_t *peak)
{
    int ends[2];
    if (pipe(ends))
        bench_fail("there can be no pipe");
    fflush(stdout);
    pid_t child = fork();
    if (child < 0)
        bench_fail("there can be no further process");
    if (child == 0) {
        run(argument, outcome);
        exit(write(ends[1], outcome, size) == (ssize_t)size ? 0 : 1);
    }
    close(ends[1]);
    ssize_t got = read(ends[0], outcome, size);
    close(ends[0]);
    int status;
    struct rusage usage = {0};
    bool done = wait4(child, &status, 0, &usage) == child && status == 0 && got == (ssize_t)size;
    *peak = (size_t)usage.ru_maxrss * 1024;
    return done;
}

size_t bench_child(void (*run)(const void *argument, void *outcome), const void *argument,
                   void *outcome, size_t size, const char *what)
{
    size_t peak;
    if (!bench_child_runs(run, argument, outcome, size, &peak))
        bench_fail("%s failed", what);
    return peak;
}

double bench_megabytes(size_t bytes)
{
    return 1e-6 * (double)bytes;
}

/* SplitMix64: a counter in steps of the golden ratio, and a mixing of its bits. */
uint64_t bench_random(uint64_t index)
{
    uint64_t x = (index + 1) * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

diffmm_context *bench_context(size_t threads)
{
    diffmm_context_settings settings = {.struct_size = sizeof settings, .threads = threads};
    diffmm_context *context;
    bench_check(diffmm_context_create(&settings, &context));
    return context;
}
