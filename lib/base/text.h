/* SPDX-License-Identifier: BSD-2-Clause */
/* Text for people and for other programs: whatever an id, a path or a file's content brings into a
 * message, the message is UTF-8 and one line. */
#ifndef DIFFMM_BASE_TEXT_H
#define DIFFMM_BASE_TEXT_H

#include <stdarg.h>
#include <stddef.h>

/* Bytes of the longest beginning of `length` bytes of text that has at most `most` bytes and cuts
 * no character. */
size_t diffmm__text_cut(const char *text, size_t length, size_t most);

/* As vsnprintf, but bytes that are no UTF-8 and control characters become \xNN, and what is too
 * long is cut between characters: at its end or, with `tail`, in the middle, so that as many bytes
 * of its end remain. A message begins with what failed and ends with why. */
void diffmm__text_format(char *out, size_t size, size_t tail, const char *format, va_list arguments)
    __attribute__((format(printf, 4, 0)));

/* Among `count` texts the one fewest edits away from `text`; NULL where none comes close. */
const char *diffmm__text_closest(const char *text, size_t count, const char *const *texts);

#endif
