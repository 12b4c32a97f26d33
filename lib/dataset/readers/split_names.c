/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/split_names.h"

#include <string.h>

bool diffmm__split_names_find(const char *text, size_t length, bool numbered, diffmm_split *split)
{
    static const struct {
        const char *name;
        diffmm_split split;
    } names[] = {{"train", DIFFMM_TRAIN},
                 {"valid", DIFFMM_VALID},
                 {"test", DIFFMM_TEST},
                 {"validation", DIFFMM_VALID}};
    for (size_t n = 0; n < sizeof names / sizeof *names; n++)
        if (length == strlen(names[n].name) && memcmp(text, names[n].name, length) == 0) {
            *split = names[n].split;
            return true;
        }
    if (!numbered || length != 1 || *text < '0' || *text > '2')
        return false;
    *split = (diffmm_split)(*text - '0');
    return true;
}
