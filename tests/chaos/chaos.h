/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that change while the library reads them through a mapping, as they do where someone writes
 * into a file in place of replacing it. What is promised then is little: no harm. A call may fail,
 * or answer wrongly, but must not read or write where it should not, nor come to no end.
 *
 * Mappings lie in memory of their own size, so that AddressSanitizer sees every step beyond their
 * end. They are changed at a chosen allocation of the library's, which is between checking and use
 * as often as not, and in the same way for the same seed; or all the time, by a thread. */
#ifndef DIFFMM_TESTS_CHAOS_H
#define DIFFMM_TESTS_CHAOS_H

#include <stddef.h>
#include <stdint.h>

#include <diffmm/diffmm.h>

/* From now on, files are mapped so. */
void chaos_install(void);

/* An allocator for contexts, at whose calls mapped files change. */
void *chaos_allocate(size_t size, void *user_data);
void chaos_release(void *pointer, void *user_data);

/* Count allocations from 0, and change mapped files at number `allocation`, from 1, and at each of
 * the next two; 0: never. */
void chaos_begin(size_t allocation, uint64_t seed);

/* Change them now. */
void chaos_change(void);

/* Allocations since chaos_begin(), and changes since the start of the program. */
size_t chaos_allocations(void);
size_t chaos_changes(void);

/* What is done with files while they change. `dataset` is that of the checkpoints. */
struct chaos_world {
    diffmm_context *context;
    diffmm_dataset *dataset;
    const char *folder;
};

struct chaos_case {
    const char *name;
    void (*run)(const struct chaos_world *world);
};

extern const struct chaos_case chaos_cases[]; /* ended by one without a name */

/* The files that the cases read. */
void chaos_files_begin(const char *folder);

#endif
