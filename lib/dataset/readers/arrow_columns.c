/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/arrow_columns.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"

void diffmm__arrow_columns_list(const struct diffmm__arrow_input *input, char *out, size_t size)
{
    size_t used = 0, columns = diffmm__arrow_input_columns(input);
    snprintf(out, size, "%s", columns ? "" : "none");
    for (size_t c = 0; c < columns; c++) {
        const char *title = diffmm__arrow_input_title(input, c), *comma = c ? ", " : "";
        size_t length = strlen(title);
        if (length + 8 >= size - used) {
            snprintf(out + used, size - used, "%s...", comma);
            return;
        }
        used += (size_t)snprintf(out + used, size - used, "%s'%s'", comma, title);
    }
}

static diffmm_status fail_twice(const char *title)
{
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "Arrow stream: column '%.*s' occurs twice",
                        (int)diffmm__text_cut(title, strlen(title), 80), title);
}

diffmm_status diffmm__arrow_columns_find(const struct diffmm__arrow_input *input, const char *title,
                                         size_t *place)
{
    size_t columns = diffmm__arrow_input_columns(input), found = SIZE_MAX;
    for (size_t c = 0; c < columns; c++) {
        if (strcmp(diffmm__arrow_input_title(input, c), title) != 0)
            continue;
        if (found != SIZE_MAX)
            return fail_twice(title);
        found = c;
    }
    if (found == SIZE_MAX) {
        char there[256];
        diffmm__arrow_columns_list(input, there, sizeof there);
        return diffmm__fail(DIFFMM_ERROR_NOT_FOUND,
                            "Arrow stream: there is no column '%.*s', but %s",
                            (int)diffmm__text_cut(title, strlen(title), 80), title, there);
    }
    *place = found;
    return DIFFMM_OK;
}

diffmm_status diffmm__arrow_columns_usual(const struct diffmm__arrow_input *input,
                                          enum diffmm__column column, size_t *place, size_t *name)
{
    size_t columns = diffmm__arrow_input_columns(input), best = DIFFMM__COLUMN_NAMES;
    for (size_t c = 0; c < columns; c++) {
        const char *title = diffmm__arrow_input_title(input, c);
        size_t known = diffmm__column_names_find(title, strlen(title));
        if (known == DIFFMM__COLUMN_NAMES || diffmm__column_names_meaning(known) != column)
            continue;
        if (known == best)
            return fail_twice(title);
        if (known < best) {
            best = *name = known;
            *place = c;
        }
    }
    return DIFFMM_OK;
}
