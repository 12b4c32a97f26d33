/* SPDX-License-Identifier: BSD-2-Clause */
/* Made-up files of a size at which a reader that compares each with each, or takes a hundred bytes
 * for one, is found out. Work is limited by processor time in a child, so generously that a machine
 * of any speed is done long before, and so that quadratic work is not; memory is counted. */
#ifndef DIFFMM_TESTS_GIANTS_H
#define DIFFMM_TESTS_GIANTS_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/context.h>

/* A growing text. */
struct giant {
    char *bytes;
    size_t size, capacity;
};

void giant_add(struct giant *giant, const void *bytes, size_t size);
void giant_text(struct giant *giant, const char *format, ...) __attribute__((format(printf, 2, 3)));
void giant_end(struct giant *giant);

/* A safetensors file of a header and its data. */
struct giant giant_file(const struct giant *header, const struct giant *data);

/* A context that counts the bytes it has given out: now, and at most since giant_watch(). */
diffmm_context *giant_context(void);
void giant_watch(void);
size_t giant_peak(void);

/* Do something in a child with `seconds` of processor time and, where that can be limited,
 * `space` bytes of addresses more than there are now. What is wrong, or NULL. */
const char *giant_within(unsigned seconds, size_t space, void (*work)(void *argument),
                         void *argument);

#endif
