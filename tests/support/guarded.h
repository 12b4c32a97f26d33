/* SPDX-License-Identifier: BSD-2-Clause */
/* Floats with a page that faults right before and right behind the room for them, so that reading
 * outside them kills the test, also in code that no sanitizer sees. */
#ifndef DIFFMM_TESTS_GUARDED_H
#define DIFFMM_TESTS_GUARDED_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

struct guarded {
    char *pages;
    size_t page, room; /* in bytes; the room is between two pages */
};

static inline struct guarded guarded_begin(size_t count)
{
    struct guarded guarded = {.page = (size_t)sysconf(_SC_PAGESIZE)};
    size_t bytes = count * sizeof(float);
    guarded.room = (bytes + guarded.page - 1) / guarded.page * guarded.page;
    guarded.pages =
        mmap(NULL, guarded.room + 2 * guarded.page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(guarded.pages != MAP_FAILED);
    ck_assert_int_eq(mprotect(guarded.pages + guarded.page, guarded.room, PROT_READ | PROT_WRITE),
                     0);
    return guarded;
}

/* Room for `count` floats: at the end, right before the faulting page, or right behind the first.
 */
static inline float *guarded_place(const struct guarded *guarded, size_t count, bool at_end)
{
    size_t bytes = count * sizeof(float);
    char *room = guarded->pages + guarded->page;
    return (float *)(void *)(at_end ? room + guarded->room - bytes : room);
}

static inline void guarded_end(const struct guarded *guarded)
{
    munmap(guarded->pages, guarded->room + 2 * guarded->page);
}

#endif
