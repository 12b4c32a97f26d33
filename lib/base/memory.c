/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/memory.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/context.h"
#include "base/sizes.h"
#include "base/status.h"

enum { alignment = 64 };

static bool has_allocator(const diffmm_context *context)
{
    return context && context->settings.allocate;
}

static void *host_allocate(const diffmm_context *context, size_t size, bool zero)
{
    if (has_allocator(context)) {
        void *memory = context->settings.allocate(size, context->settings.allocator_data);
        return memory && zero ? memset(memory, 0, size) : memory;
    }
    return zero ? calloc(1, size) : malloc(size);
}

static void host_release(const diffmm_context *context, void *pointer)
{
    if (context && context->settings.release)
        context->settings.release(pointer, context->settings.allocator_data);
    else
        free(pointer);
}

/* Asks for huge pages inside a large block: products with a graph read rows in an order that no
 * processor foresees, and 4 KB pages make most of those reads miss its table of pages, too. Only a
 * hint, and only for malloc's memory: a host's own may come from elsewhere. */
static void prefer_huge_pages(const diffmm_context *context, char *block, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    const size_t page = (size_t)2 << 20, large = 8 * page;
    if (bytes < large || has_allocator(context))
        return;
    size_t before = (page - (uintptr_t)block % page) % page;
    size_t whole = (bytes - before) / page * page;
    int saved = errno;
    (void)madvise(block + before, whole, MADV_HUGEPAGE);
    errno = saved;
#else
    (void)context;
    (void)block;
    (void)bytes;
#endif
}

void diffmm__memory_forget(const diffmm_context *context, void *part, size_t bytes)
{
#ifdef MADV_DONTNEED
    const size_t page = 1 << 16; /* the largest that a processor we know of has */
    size_t before = (page - (uintptr_t)part % page) % page;
    if (has_allocator(context) || bytes < before + page)
        return;
    int saved = errno;
    (void)madvise((char *)part + before, (bytes - before) / page * page, MADV_DONTNEED);
    errno = saved;
#else
    (void)context;
    (void)part;
    (void)bytes;
#endif
}

size_t diffmm__allocation_bytes(size_t count, size_t size)
{
    return diffmm__size_sum(diffmm__size_product(count, size), alignment + sizeof(void *));
}

static void *allocate(const diffmm_context *context, size_t count, size_t size, bool zero)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX - 2 * alignment) {
        diffmm__fail(DIFFMM_ERROR_NO_MEMORY, "%zu elements of %zu bytes exceed the address space",
                     count, size);
        return NULL;
    }
    /* The pointer that the host gave is kept just before the aligned block. */
    char *host = host_allocate(context, diffmm__allocation_bytes(count, size), zero);
    if (!host) {
        diffmm__fail(DIFFMM_ERROR_NO_MEMORY, "no memory for %zu bytes", bytes);
        return NULL;
    }
    uintptr_t address = (uintptr_t)host + sizeof(void *);
    address = (address + alignment - 1) & ~(uintptr_t)(alignment - 1);
    char *block = host + (address - (uintptr_t)host);
    memcpy(block - sizeof(void *), &host, sizeof(void *));
    prefer_huge_pages(context, block, bytes);
    return block;
}

void *diffmm__allocate(const diffmm_context *context, size_t count, size_t size)
{
    return allocate(context, count, size, false);
}

void *diffmm__allocate_zero(const diffmm_context *context, size_t count, size_t size)
{
    return allocate(context, count, size, true);
}

void diffmm__release(const diffmm_context *context, void *pointer)
{
    if (!pointer)
        return;
    void *host;
    memcpy(&host, (char *)pointer - sizeof(void *), sizeof(void *));
    host_release(context, host);
}

/* The next capacity, at least one more. */
static size_t grown(size_t capacity, size_t size)
{
    enum { least = 16, large = 1 << 24 /* bytes */ };
    if (capacity < least)
        return least;
    return diffmm__size_sum(capacity, capacity < large / size ? capacity : capacity / 4);
}

diffmm_status diffmm__grow(const diffmm_context *context, void *array_pointer, size_t *capacity,
                           size_t used, size_t needed, size_t size)
{
    if (needed <= *capacity)
        return DIFFMM_OK;
    size_t next = grown(*capacity, size);
    while (next < needed)
        next = grown(next, size);
    void *old, *array = diffmm__allocate(context, next, size);
    if (!array)
        return DIFFMM_ERROR_NO_MEMORY;
    memcpy(&old, array_pointer, sizeof old);
    if (used)
        memcpy(array, old, used * size);
    diffmm__release(context, old);
    memcpy(array_pointer, &array, sizeof array);
    *capacity = next;
    return DIFFMM_OK;
}

char *diffmm__copy_text(const diffmm_context *context, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = diffmm__allocate(context, size, 1);
    if (copy)
        memcpy(copy, text, size);
    return copy;
}

void diffmm__malloc_watch(void)
{
    errno = 0;
}

bool diffmm__malloc_failed(void)
{
    return errno == ENOMEM;
}

struct diffmm__arena_block {
    struct diffmm__arena_block *next;
    void *memory;
};

struct diffmm__arena diffmm__arena_on(const diffmm_context *context)
{
    return (struct diffmm__arena){.context = context};
}

struct diffmm__arena diffmm__arena_measure(void)
{
    return (struct diffmm__arena){.measures = true};
}

static void *take(struct diffmm__arena *arena, size_t count, size_t size, bool zero)
{
    if (arena->failed)
        return NULL;
    if (arena->measures) {
        size_t block = diffmm__allocation_bytes(1, sizeof(struct diffmm__arena_block));
        arena->bytes = diffmm__size_sum(
            arena->bytes, diffmm__size_sum(block, diffmm__allocation_bytes(count, size)));
        return NULL;
    }
    struct diffmm__arena_block *block = diffmm__allocate(arena->context, 1, sizeof *block);
    void *memory = block ? allocate(arena->context, count, size, zero) : NULL;
    if (!memory) {
        diffmm__release(arena->context, block);
        arena->failed = true;
        return NULL;
    }
    *block = (struct diffmm__arena_block){.next = arena->blocks, .memory = memory};
    arena->blocks = block;
    return memory;
}

void *diffmm__arena_take(struct diffmm__arena *arena, size_t count, size_t size)
{
    return take(arena, count, size, false);
}

void *diffmm__arena_take_zero(struct diffmm__arena *arena, size_t count, size_t size)
{
    return take(arena, count, size, true);
}

void diffmm__arena_end(struct diffmm__arena *arena)
{
    for (struct diffmm__arena_block *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        diffmm__release(arena->context, block->memory);
        diffmm__release(arena->context, block);
    }
    arena->blocks = NULL;
}
