/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_BASE_UTF8_H
#define DIFFMM_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The length of the UTF-8 character at `text`, of which `left` bytes (at least one) remain: 1 to 4,
 * or 0 if there is no valid character. Overlong forms, surrogates and NUL are not valid. */
size_t diffmm__utf8_size(const char *text, size_t left);

/* Whether all bytes are valid UTF-8 characters. */
bool diffmm__is_utf8(const char *text, size_t length);

#endif
