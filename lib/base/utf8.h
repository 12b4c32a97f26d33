/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_BASE_UTF8_H
#define DIFFMM_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the UTF-8 character at `text`, of which `left` bytes (at least one) remain: 1 to 4, or 0
 * where there is none. Overlong forms, surrogates and NUL are none. */
size_t diffmm__utf8_size(const char *text, size_t left);

/* Whether bytes are UTF-8 characters throughout. */
bool diffmm__is_utf8(const char *text, size_t length);

#endif
