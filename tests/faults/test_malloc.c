/* SPDX-License-Identifier: BSD-2-Clause */
/* malloc itself has no memory, for whatever allocates beside the context's allocator: jansson,
 * libzip and zlib, the C library. This program's malloc is the process's, so it cannot be built
 * with a sanitizer that brings its own.
 *
 * Most of these failures are DIFFMM_ERROR_NO_MEMORY; some do no harm (qsort sorts in place, fewer
 * threads compute), and then the bits are the same. BLIS, or GCC's OpenMP beneath it, would end the
 * process and is spared; but nothing large may be allocated there once a context exists. */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "faults.h"
#include "support/failure.h"

/* glibc's own names of these. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *pointer, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *pointer);

static struct {
    atomic_size_t count, live, failed, large;
    size_t fail;
    bool onwards;
    atomic_bool refused_libzip;
} heap;

/* The file that code lies in. */
static const char *file_of(const void *code)
{
    Dl_info about;
    return dladdr(code, &about) && about.dli_fname ? about.dli_fname : "";
}

static bool refuses(const void *caller, size_t size)
{
    if (!heap.fail)
        return false;
    const char *file = file_of(caller);
    if (strstr(file, "libblis") || strstr(file, "libgomp")) {
        heap.large += size > 4096;
        return false;
    }
    size_t number = atomic_fetch_add(&heap.count, 1) + 1;
    if (number != heap.fail && !(heap.onwards && number > heap.fail))
        return false;
    atomic_fetch_add(&heap.failed, 1);
    heap.refused_libzip |= strstr(file, "libzip") != NULL;
    errno = ENOMEM;
    return true;
}

static void *counted(void *block)
{
    if (block)
        atomic_fetch_add(&heap.live, 1);
    return block;
}

void *malloc(size_t size)
{
    return refuses(__builtin_return_address(0), size) ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return refuses(__builtin_return_address(0), count * size) ? NULL
                                                              : counted(__libc_calloc(count, size));
}

void *realloc(void *pointer, size_t size)
{
    if (refuses(__builtin_return_address(0), size))
        return NULL;
    return pointer ? __libc_realloc(pointer, size) : counted(__libc_realloc(pointer, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return refuses(__builtin_return_address(0), size) ? NULL
                                                      : counted(__libc_memalign(alignment, size));
}

void *memalign(size_t alignment, size_t size)
{
    return refuses(__builtin_return_address(0), size) ? NULL
                                                      : counted(__libc_memalign(alignment, size));
}

void free(void *pointer)
{
    if (pointer)
        atomic_fetch_sub(&heap.live, 1);
    __libc_free(pointer);
}

/* The context's memory is not what is tried here. */
static void *allocate(size_t size, void *user_data)
{
    (void)user_data;
    return counted(__libc_malloc(size));
}

static void release(void *pointer, void *user_data)
{
    (void)user_data;
    free(pointer);
}

static void arm(size_t n, bool onwards)
{
    if (n) {
        heap.count = heap.failed = 0;
        heap.refused_libzip = false;
    }
    heap.onwards = onwards;
    heap.fail = n;
}

static size_t came(void)
{
    return heap.count;
}

static size_t failed(void)
{
    return heap.failed;
}

static size_t live(void)
{
    return heap.live;
}

/* libzip 1.7 does not release a source's state where it has no memory for the source around it. */
static size_t lost(void)
{
    return heap.refused_libzip ? 1 : 0;
}

static const char *judge(diffmm_status status, const char *message)
{
    if (heap.large)
        return "BLIS allocated more than a little";
    if (status == DIFFMM_OK)
        return NULL;
    if (status != DIFFMM_ERROR_NO_MEMORY)
        return "neither success nor DIFFMM_ERROR_NO_MEMORY";
    bool speaks = strstr(message, "memory") || strstr(message, "Malloc");
    return speaks ? NULL : "the message does not speak of memory";
}

static const struct fault_kind kind = {.name = "malloc",
                                       .arm = arm,
                                       .came = came,
                                       .failed = failed,
                                       .judge = judge,
                                       .live = live,
                                       .lost = lost,
                                       .allocate = allocate,
                                       .release = release};

START_TEST(every_call)
{
    fault_drive_all(&kind);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {every_call};
    /* Else libzip, asking for a local time, has the C library read its zone anew each time. */
    setenv("TZ", "UTC", 1);
    return run_tests("faults/malloc", tests, sizeof tests / sizeof *tests) != 0;
}
