/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON written as text, without a tree of values in between: answers of thousands of hits are no more
 * than their bytes. */
#ifndef DIFFMM_EXAMPLES_JSON_TEXT_H
#define DIFFMM_EXAMPLES_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* A growing text; all zero is an empty one. Without memory it says so and takes nothing more. */
struct json_text {
    char *bytes;
    size_t size, capacity;
    bool no_memory;
};

/* The text, ended by NUL, which is the caller's to free; NULL without memory. The struct is empty
 * afterwards. */
char *json_text_take(struct json_text *text);
void json_text_end(struct json_text *text);

/* Add these bytes as they are: brackets, commas, names. */
void json_text_add(struct json_text *text, const char *plain);

/* Add a string in quotes, escaped as it must be. It is UTF-8, as ids of a scorer are. */
void json_text_add_string(struct json_text *text, const char *utf8);

/* Add a finite number with the nine digits that give the float back, or a whole one. */
void json_text_add_float(struct json_text *text, float value);
void json_text_add_size(struct json_text *text, size_t value);

/* A finite float as text ended by NUL: as printf's %.9g has it in the C locale, with ".0" after whole
 * numbers, and exponents without zeros before them. Returns its length. */
enum { FLOAT_TEXT = 24 };
size_t float_text(float value, char out[FLOAT_TEXT]);

#endif
