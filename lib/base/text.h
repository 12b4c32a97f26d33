/* SPDX-License-Identifier: BSD-2-Clause */
/* Text for people and for other programs: whatever an id, a path or the content of a file brings
 * into a message, the message is one line of UTF-8. */
#ifndef DIFFMM_BASE_TEXT_H
#define DIFFMM_BASE_TEXT_H

#include <stdarg.h>
#include <stddef.h>

/* The length of the longest beginning of a text of `length` bytes that has at most `most` bytes and
 * ends between characters. */
size_t diffmm__text_cut(const char *text, size_t length, size_t most);

/* Like vsnprintf, but bytes that are not UTF-8 and control characters become \xNN. A text that is
 * too long is cut between characters: at its end, or, with `tail`, in the middle, so that `tail`
 * bytes of its end are kept, since a message begins with what failed and ends with why. */
void diffmm__text_format(char *out, size_t size, size_t tail, const char *format, va_list arguments)
    __attribute__((format(printf, 4, 0)));

/* The one of `count` texts that is fewest edits away from `text`; NULL if none is close. */
const char *diffmm__text_closest(const char *text, size_t count, const char *const *texts);

#endif
