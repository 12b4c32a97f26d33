/* SPDX-License-Identifier: BSD-2-Clause */
#include "training_options.h"

#include <stdio.h>
#include <string.h>

#include "command_line.h"
#include "id_list.h"
#include "numbers.h"

bool read_assignment(char *text, const char *option, struct assignment *out)
{
    char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return complain("--%s '%s' is not of the form NAME=VALUE", option, text);
    *equals = '\0';
    *out = (struct assignment){text, equals + 1};
    return true;
}

bool read_hold_out(const char *text, double *valid, double *test)
{
    const char *comma = read_real(text, valid);
    const char *end = comma && *comma == ',' ? read_real(comma + 1, test) : NULL;
    if (!end || *end)
        return complain("--hold-out takes two shares, as 0.1,0.1, not %s", text);
    return true;
}

diffmm_status make_options(diffmm_context *context, const char *preset, size_t count,
                           const struct assignment *settings, diffmm_options **out)
{
    diffmm_options *options;
    diffmm_status status = diffmm_options_create(context, &options);
    if (status != DIFFMM_OK)
        return status;
    if (preset)
        status = diffmm_options_preset(options, preset);
    for (size_t i = 0; i < count && status == DIFFMM_OK; i++)
        status = diffmm_options_set(options, settings[i].name, settings[i].value);
    if (status != DIFFMM_OK) {
        diffmm_options_destroy(options);
        return status;
    }
    *out = options;
    return DIFFMM_OK;
}

int declare_items(diffmm_dataset *dataset, const char *path)
{
    struct id_list list;
    char why[512];
    if (!id_list_read(path, &list, why, sizeof why)) {
        complain("%s", why);
        return EXIT_FAILED;
    }
    int result = EXIT_DONE;
    if (diffmm_dataset_declare_items(dataset, list.count, list.ids) != DIFFMM_OK) {
        complain("%s: %s", path, diffmm_error_message());
        result = EXIT_FAILED;
    }
    id_list_end(&list);
    return result;
}

void describe_dataset(const diffmm_dataset *dataset)
{
    fprintf(stderr, "%zu users, %zu items, %zu + %zu + %zu interactions",
            diffmm_dataset_users(dataset), diffmm_dataset_items(dataset),
            diffmm_dataset_interactions(dataset, DIFFMM_TRAIN),
            diffmm_dataset_interactions(dataset, DIFFMM_VALID),
            diffmm_dataset_interactions(dataset, DIFFMM_TEST));
    for (size_t m = 0; m < diffmm_dataset_modalities(dataset); m++)
        fprintf(stderr, ", %s (%zu)", diffmm_dataset_modality_name(dataset, m),
                diffmm_dataset_modality_dimensions(dataset, m));
    fprintf(stderr, "\n");
}
