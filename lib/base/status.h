/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_BASE_STATUS_H
#define DIFFMM_BASE_STATUS_H

#include <stddef.h>

#include <diffmm/status.h>

/* Set this thread's error text and return `status`, so that a check reads
 *     if (count == 0)
 *         return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "count is 0");
 * Numbers in texts are written by %zu, %d, .. or diffmm__real_text(), which no locale changes. */
diffmm_status diffmm__fail(diffmm_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A copy of this thread's error text, for functions that return no status and so must leave the
 * text as it was; and to put it back. */
struct diffmm__error_text {
    char text[512];
};
struct diffmm__error_text diffmm__error_text_keep(void);
void diffmm__error_text_restore(const struct diffmm__error_text *said);

/* Write this thread's error text into the `size` bytes at `message`, cut between two characters, or ""
 * for DIFFMM_OK, and return `status`; NULL and 0 are fine. For the functions of with_message.h. */
diffmm_status diffmm__error_text_give(diffmm_status status, char *message, size_t size);

/* The error "ARGUMENT is NULL". */
diffmm_status diffmm__null(const char *argument);

#endif
