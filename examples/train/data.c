/* SPDX-License-Identifier: BSD-2-Clause */
#include "data.h"

#include <stdio.h>
#include <string.h>

#include "common/command_line.h"
#include "common/id_list.h"

/* Fix the numbering of items: one id per line. */
static int declare_items(diffmm_dataset *dataset, const char *path)
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

/* A line about its sizes. */
static void describe(const diffmm_dataset *dataset)
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

int data_open(diffmm_context *context, const struct arguments *arguments,
              const diffmm_options *options, diffmm_dataset **out)
{
    diffmm_status status;
    if (strcmp(arguments->data, "synthetic") == 0) {
        status = diffmm_dataset_synthesize(context, NULL, out);
    } else if (arguments->items) {
        status = diffmm_dataset_create(context, out);
        if (status == DIFFMM_OK && declare_items(*out, arguments->items) != EXIT_DONE)
            return EXIT_FAILED;
        if (status == DIFFMM_OK)
            status = diffmm_dataset_read_interactions(*out, DIFFMM_TRAIN, arguments->data);
    } else {
        status = diffmm_dataset_open(context, arguments->data, out);
    }
    for (size_t i = 0; i < arguments->modality_count && status == DIFFMM_OK; i++)
        status = diffmm_dataset_read_modality(*out, arguments->modalities[i].name,
                                              arguments->modalities[i].value);
    int64_t seed = 0;
    if (status == DIFFMM_OK && arguments->hold_out)
        status = diffmm_options_get_integer(options, "seed", &seed);
    if (status == DIFFMM_OK && arguments->hold_out)
        status = diffmm_dataset_hold_out(*out, arguments->hold_out_valid, arguments->hold_out_test,
                                         (uint64_t)seed);
    if (status == DIFFMM_OK)
        status = diffmm_dataset_seal(*out);
    if (status != DIFFMM_OK)
        return failed_call();
    describe(*out);
    return EXIT_DONE;
}
