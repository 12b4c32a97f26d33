/* SPDX-License-Identifier: BSD-2-Clause */
#include "data.h"

#include <string.h>

#include "common/command_line.h"

static diffmm_status read_file(diffmm_dataset *dataset, const struct arguments *arguments)
{
    return arguments->table.given
               ? diffmm_dataset_read_table(dataset, DIFFMM_TRAIN, arguments->data,
                                           &arguments->table.format)
               : diffmm_dataset_read_interactions(dataset, DIFFMM_TRAIN, arguments->data);
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
            status = read_file(*out, arguments);
    } else if (arguments->table.given) {
        status = diffmm_dataset_open_table(context, arguments->data, &arguments->table.format, out);
    } else {
        status = diffmm_dataset_open(context, arguments->data, out);
    }
    for (size_t i = 0; i < arguments->modality_count && status == DIFFMM_OK; i++)
        status = (arguments->mapped ? diffmm_dataset_map_modality : diffmm_dataset_read_modality)(
            *out, arguments->modalities[i].name, arguments->modalities[i].value);
    int64_t seed = 0;
    if (status == DIFFMM_OK)
        status = diffmm_options_get_integer(options, "seed", &seed);
    if (status == DIFFMM_OK)
        status = prepare(*out, &arguments->preparation, (uint64_t)seed);
    if (status == DIFFMM_OK)
        status = diffmm_dataset_seal(*out);
    if (status != DIFFMM_OK)
        return failed_call();
    if (!arguments->quiet)
        describe_dataset(*out);
    return EXIT_DONE;
}
