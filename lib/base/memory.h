/* SPDX-License-Identifier: BSD-2-Clause */
/* All memory comes from here: by the context's allocator, aligned to 64 bytes, with sizes checked.
 * A NULL context means malloc. */
#ifndef DIFFMM_BASE_MEMORY_H
#define DIFFMM_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/context.h>

/* Allocate count * size bytes (at least one). NULL with the error text set; the caller then returns
 * DIFFMM_ERROR_NO_MEMORY. The first leaves the bytes as they are, in the second they are zero. Large
 * blocks of malloc()'s and calloc()'s take real memory only where they are written to: peers of a training
 * rely on it, who write to a part of many. */
void *diffmm__allocate(const diffmm_context *context, size_t count, size_t size);
void *diffmm__allocate_zero(const diffmm_context *context, size_t count, size_t size);

/* The bytes that diffmm__allocate(context, count, size) asks the host's allocator for; SIZE_MAX
 * where so many elements exceed the address space. */
size_t diffmm__allocation_bytes(size_t count, size_t size);

/* Gives the real memory of what lies within a part of a block back to the system, and the block itself
 * not: its bytes may become 0. Does nothing where the context has an allocator of its own. */
void diffmm__memory_forget(const diffmm_context *context, void *part, size_t bytes);

/* Accepts NULL. */
void diffmm__release(const diffmm_context *context, void *pointer);

/* Make room for at least `needed` elements in a growing array; the first `used` are kept. Small ones
 * double. Large ones grow by a quarter, so that room that is not used yet is at most that, and old
 * and new array together are 2.25 times what is kept. */
diffmm_status diffmm__grow(const diffmm_context *context, void *array_pointer, size_t *capacity,
                           size_t used, size_t needed, size_t size);

/* A copy of a string, or NULL as from diffmm__allocate(). */
char *diffmm__copy_text(const diffmm_context *context, const char *text);

/* jansson and libzip allocate by themselves, and do not always tell a lack of memory from bad
 * input; malloc does, by errno. Call the first function before theirs; after a failure of theirs,
 * the second tells whether memory was the reason. */
void diffmm__malloc_watch(void);
bool diffmm__malloc_failed(void);

/* Several blocks that end together: the scratch of one operation, or the parts of one handle. Once
 * an allocation has failed, all later ones fail too, so that `failed` need be checked only once.
 *     struct diffmm__arena arena = diffmm__arena_on(context);
 *     float *a = diffmm__arena_take(&arena, n, sizeof *a);
 *     ..
 *     if (arena.failed) { diffmm__arena_end(&arena); return DIFFMM_ERROR_NO_MEMORY; } */
struct diffmm__arena {
    const diffmm_context *context;
    struct diffmm__arena_block *blocks;
    bool failed;
    bool measures;
    size_t bytes; /* if it measures: what would have been asked of the host's allocator */
};

struct diffmm__arena diffmm__arena_on(const diffmm_context *context);
/* An arena that only measures: taking from it gives NULL and adds to `bytes`, and never fails. So
 * the function that lays memory out also tells beforehand how much it will be. */
struct diffmm__arena diffmm__arena_measure(void);
void *diffmm__arena_take(struct diffmm__arena *arena, size_t count, size_t size);
void *diffmm__arena_take_zero(struct diffmm__arena *arena, size_t count, size_t size);
void diffmm__arena_end(struct diffmm__arena *arena);

#endif
