/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "html_text.h"
#include "report_parts.h"

static void write_setting(FILE *out, const char *name, const char *value, const char *help)
{
    fputs("<tr><th>", out);
    html_text(out, name);
    fputs("</th><td>", out);
    html_text(out, value);
    fputs("</td><td class=\"help\">", out);
    html_text(out, help);
    fputs("</td></tr>\n", out);
}

/* The value of a setting for a modality where it is not what holds for all: "modality.*.NAME" of
 * those without one of their own is as NAME says, or its default. */
static const char *value_of_modality(const diffmm_options *options, const diffmm_option_info *info,
                                     const char *modality, const char **name, char **room)
{
    const char *star = strchr(info->name, '*'), *value = NULL, *general = info->default_value;
    size_t size = strlen(info->name) + strlen(modality);
    free(*room);
    if (!(*room = malloc(size)))
        return NULL;
    snprintf(*room, size, "%.*s%s%s", (int)(star - info->name), info->name, modality, star + 1);
    *name = *room;
    if (diffmm_options_get(options, *room, &value) != DIFFMM_OK)
        return NULL;
    diffmm_options_get(options, strrchr(info->name, '.') + 1, &general);
    return strcmp(value, general) != 0 ? value : NULL;
}

/* Write the settings that are at their defaults, or those that are not. */
static bool write_settings(FILE *out, const struct run *run, bool at_default)
{
    const diffmm_model *model = diffmm_trainer_model(run->trainer);
    const diffmm_options *options = diffmm_model_options(model);
    char *room = NULL;
    bool done = true;
    for (size_t i = 0; done && i < diffmm_option_count(); i++) {
        diffmm_option_info info = {.struct_size = sizeof info};
        const char *value = NULL, *name = NULL;
        diffmm_option_describe(i, &info);
        if (!strchr(info.name, '*')) {
            if (diffmm_options_get(options, info.name, &value) == DIFFMM_OK &&
                (strcmp(value, info.default_value) == 0) == at_default)
                write_setting(out, info.name, value, info.help);
            continue;
        }
        for (size_t m = 0; done && !at_default && m < diffmm_model_modalities(model); m++) {
            value = value_of_modality(options, &info, diffmm_model_modality_name(model, m), &name,
                                      &room);
            done = room != NULL;
            if (value)
                write_setting(out, name, value, info.help);
        }
    }
    free(room);
    return done;
}

bool report_settings(FILE *out, const struct run *run)
{
    fputs("<section>\n<h2>Settings</h2>\n<div class=\"scroll\"><table>\n", out);
    if (!write_settings(out, run, false))
        return false;
    fputs("</table></div>\n<details>\n<summary>Settings at their defaults</summary>\n"
          "<div class=\"scroll\"><table>\n",
          out);
    if (!write_settings(out, run, true))
        return false;
    fputs("</table></div>\n</details>\n</section>\n", out);
    return true;
}

void report_epochs(FILE *out, const struct epoch_table *table)
{
    const char *name;
    json_t *filled;
    fputs("<section>\n<h2>Epochs</h2>\n<details>\n<summary>All numbers</summary>\n"
          "<div class=\"scroll\"><table id=\"epochs\">\n<tr>",
          out);
    json_object_foreach(table->names, name, filled)
    {
        fputs("<th>", out);
        html_text(out, name);
        fputs("</th>", out);
    }
    fputs("</tr>\n", out);
    for (size_t row = 0; row < json_array_size(table->rows); row++) {
        fputs("<tr>", out);
        json_object_foreach(table->names, name, filled)
        {
            const json_t *value = epoch_table_cell(table, row, name);
            if (value)
                fprintf(out, "<td>%.9g</td>", json_number_value(value));
            else
                fputs("<td></td>", out);
        }
        fputs("</tr>\n", out);
    }
    fputs("</table></div>\n</details>\n</section>\n", out);
}
