/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings by name: each line of the input is NAME=VALUE, or the name of a preset. What was set
 * reads back as text that sets the same value again. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static void read_back(diffmm_options *options, const char *name)
{
    const char *text;
    fuzz_check(diffmm_options_get(options, name, &text) == DIFFMM_OK && *text,
               "a setting cannot be read");
    char *copy = strdup(text);
    fuzz_check(copy != NULL, "no memory");
    fuzz_check(diffmm_options_set(options, name, copy) == DIFFMM_OK, "a value cannot be set again");
    fuzz_check(diffmm_options_get(options, name, &text) == DIFFMM_OK && strcmp(text, copy) == 0,
               "a value changes when it is set again");
    free(copy);
    double real;
    int64_t integer;
    if (!fuzz_status(diffmm_options_get_real(options, name, &real))) {
        fuzz_check(isfinite(real), "a setting is not finite");
        fuzz_check(diffmm_options_set_real(options, name, real) == DIFFMM_OK || fabs(real) > 0x1p52,
                   "a real cannot be set again");
    }
    if (!fuzz_status(diffmm_options_get_integer(options, name, &integer)))
        fuzz_check(diffmm_options_set_integer(options, name, integer) == DIFFMM_OK,
                   "an integer cannot be set again");
}

static void apply_line(diffmm_options *options, char *line)
{
    char *value = strchr(line, '=');
    if (!value) {
        fuzz_status(diffmm_options_preset(options, line));
        return;
    }
    *value++ = 0;
    if (!fuzz_status(diffmm_options_set(options, line, value)))
        read_back(options, line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    diffmm_context *context = fuzz_begin(64 * size + 65536, FUZZ_REPORT);
    diffmm_options *options;
    char *text = malloc(size + 1);
    fuzz_check(text != NULL, "no memory");
    memcpy(text, data, size);
    text[size] = 0;
    fuzz_check(diffmm_options_create(context, &options) == DIFFMM_OK, "there are no options");
    for (char *line = text, *end; line; line = end) {
        end = strchr(line, '\n');
        if (end)
            *end++ = 0;
        apply_line(options, line);
    }
    diffmm_options_destroy(options);
    free(text);
    fuzz_end();
    return 0;
}
