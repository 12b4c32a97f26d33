/* SPDX-License-Identifier: BSD-2-Clause */
#include "giants.h"

#include <check.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/failure.h"

void giant_add(struct giant *giant, const void *bytes, size_t size)
{
    if (giant->size + size > giant->capacity) {
        giant->capacity = 2 * (giant->size + size);
        giant->bytes = realloc(giant->bytes, giant->capacity);
        ck_assert_ptr_nonnull(giant->bytes);
    }
    if (size > 0)
        memcpy(giant->bytes + giant->size, bytes, size);
    giant->size += size;
}

void giant_text(struct giant *giant, const char *format, ...)
{
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    ck_assert(length >= 0 && (size_t)length < sizeof text);
    giant_add(giant, text, (size_t)length);
}

void giant_end(struct giant *giant)
{
    free(giant->bytes);
    *giant = (struct giant){0};
}

struct giant giant_file(const struct giant *header, const struct giant *data)
{
    struct giant file = {0};
    uint64_t length = header->size;
    giant_add(&file, &length, sizeof length);
    giant_add(&file, header->bytes, header->size);
    giant_add(&file, data->bytes, data->size);
    return file;
}

static size_t live, peak;

enum { before = 16 }; /* what stands before a block: its size */

static void *allocate(size_t size, void *user_data)
{
    (void)user_data;
    char *block = malloc(size + before);
    if (!block)
        return NULL;
    memcpy(block, &size, sizeof size);
    live += size;
    peak = live > peak ? live : peak;
    return block + before;
}

static void release(void *pointer, void *user_data)
{
    size_t size;
    (void)user_data;
    if (!pointer)
        return;
    char *block = (char *)pointer - before;
    memcpy(&size, block, sizeof size);
    live -= size;
    free(block);
}

diffmm_context *giant_context(void)
{
    diffmm_context *context;
    const diffmm_context_settings settings = {
        .struct_size = sizeof settings, .threads = 1, .allocate = allocate, .release = release};
    expect_success(diffmm_context_create(&settings, &context));
    return context;
}

static size_t watched;

void giant_watch(void)
{
    watched = peak = live;
}

size_t giant_peak(void)
{
    return peak - watched;
}

#ifdef GIANTS_LIMIT_SPACE
static size_t addresses(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file) {
        if (fscanf(file, "%lu", &pages) != 1)
            pages = 0;
        fclose(file);
    }
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}
#endif

static void limit(unsigned what, size_t most)
{
    struct rlimit limits;
    if (getrlimit(what, &limits) != 0)
        _exit(3);
    limits.rlim_cur = most;
    if (setrlimit(what, &limits) != 0)
        _exit(3);
}

const char *giant_within(unsigned seconds, size_t space, void (*work)(void *argument),
                         void *argument)
{
    static char wrong[160];
    int status;
    fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        limit(RLIMIT_CPU, seconds);
        limit(RLIMIT_CORE, 0);
#ifdef GIANTS_LIMIT_SPACE
        limit(RLIMIT_AS, addresses() + space);
#else
        (void)space; /* sanitizers take more addresses than there is memory */
#endif
        work(argument);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return NULL;
    if (WIFSIGNALED(status))
        snprintf(wrong, sizeof wrong, "%s",
                 WTERMSIG(status) == SIGXCPU ? "it takes too long" : strsignal(WTERMSIG(status)));
    else
        snprintf(wrong, sizeof wrong, "it ended with %d", WEXITSTATUS(status));
    return wrong;
}
