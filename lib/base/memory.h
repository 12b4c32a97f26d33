/* SPDX-License-Identifier: BSD-2-Clause */
/* All memory comes through here: the context's allocator, 64-byte aligned, sizes checked.
 * A NULL context means malloc. */
#ifndef DIFFMM_BASE_MEMORY_H
#define DIFFMM_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/context.h>

/* count * size bytes (at least one byte), or NULL with the error text set; the caller then returns
 * DIFFMM_ERROR_NO_MEMORY. Not initialised; _zero: zero bytes. */
void *diffmm__allocate(const diffmm_context *context, size_t count, size_t size);
void *diffmm__allocate_zero(const diffmm_context *context, size_t count, size_t size);

/* How many bytes the host's allocator is asked for by diffmm__allocate(context, count, size);
 * SIZE_MAX where so many elements exceed the address space. */
size_t diffmm__allocation_bytes(size_t count, size_t size);

/* NULL is fine. */
void diffmm__release(const diffmm_context *context, void *pointer);

/* Make room for at least `needed` elements in a growing array (doubling), keeping `used` of them.
 */
diffmm_status diffmm__grow(const diffmm_context *context, void *array_pointer, size_t *capacity,
                           size_t used, size_t needed, size_t size);

/* A copy of a string, or NULL as for diffmm__allocate. */
char *diffmm__copy_text(const diffmm_context *context, const char *text);

/* jansson and libzip allocate by themselves, and do not always tell a lack of memory from bad
 * input; malloc does, in errno. Watch before such calls; after one that failed, ask whether memory
 * was what it lacked. */
void diffmm__malloc_watch(void);
bool diffmm__malloc_failed(void);

/* Several blocks that end together: the scratch of one operation, or the parts of one handle.
 * Allocations after a failed one fail too, so `failed` need be checked only once.
 *     struct diffmm__arena arena = diffmm__arena_on(context);
 *     float *a = diffmm__arena_take(&arena, n, sizeof *a);
 *     ..
 *     if (arena.failed) { diffmm__arena_end(&arena); return DIFFMM_ERROR_NO_MEMORY; } */
struct diffmm__arena {
    const diffmm_context *context;
    struct diffmm__arena_block *blocks;
    bool failed;
    bool measures;
    size_t bytes; /* of one that measures: what the host's allocator would have been asked for */
};

struct diffmm__arena diffmm__arena_on(const diffmm_context *context);
/* An arena that only measures: to take gives NULL, and nothing has failed. What lays out memory
 * from an arena so says beforehand how much it will be, by the same lines that take it. */
struct diffmm__arena diffmm__arena_measure(void);
void *diffmm__arena_take(struct diffmm__arena *arena, size_t count, size_t size);
void *diffmm__arena_take_zero(struct diffmm__arena *arena, size_t count, size_t size);
void diffmm__arena_end(struct diffmm__arena *arena);

#endif
