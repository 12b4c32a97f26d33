/* SPDX-License-Identifier: BSD-2-Clause */
#include "formats.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/hits_json.h"

/* A table cannot hold a tab or a line break within an id. */
static const char unfit[] = "an id holds a tab or a line break: take --format jsonl";

static bool fits_a_table(const char *id)
{
    return !strpbrk(id, "\t\r\n");
}

const char *write_rows(FILE *output, const diffmm_scorer *scorer, const char *user,
                       const diffmm_hit *hits, size_t found)
{
    if (!fits_a_table(user))
        return unfit;
    for (size_t i = 0; i < found; i++) {
        const char *item = diffmm_scorer_item_id(scorer, hits[i].item);
        if (!fits_a_table(item))
            return unfit;
        fprintf(output, "%s\t%zu\t%s\t%.9g\n", user, i + 1, item, (double)hits[i].score);
    }
    return NULL;
}

const char *write_line(FILE *output, const diffmm_scorer *scorer, const char *user,
                       const diffmm_hit *hits, size_t found)
{
    struct json_text text = {.bytes = NULL};
    json_text_add(&text, "{");
    hits_json_add_of_user(&text, scorer, user, hits, found);
    json_text_add(&text, "}\n");
    char *line = json_text_take(&text);
    if (!line)
        return "no memory";
    fputs(line, output);
    free(line);
    return NULL;
}
