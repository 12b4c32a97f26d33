/* SPDX-License-Identifier: BSD-2-Clause */
/* make_checkpoints FOLDER MODULES  writes seeds of fuzz_checkpoint.c: variant V after E epochs is
 * V-E; and of fuzz_module.c: a module with the same settings, V. */
#include <stdio.h>

#include "training.h"

static diffmm_status write(diffmm_dataset *dataset, const diffmm_options *options, size_t variant,
                           const char *folder)
{
    diffmm_trainer *trainer;
    diffmm_status status = diffmm_trainer_create(dataset, options, &trainer);
    if (status)
        return status;
    for (size_t epoch = 0; epoch < 3 && !status; epoch += 2) {
        char path[400];
        snprintf(path, sizeof path, "%s/%zu-%zu", folder, variant, epoch);
        status = diffmm_trainer_checkpoint(trainer, path);
        for (size_t e = 0; e < 2 && !status; e++)
            status = diffmm_trainer_epoch(trainer, NULL);
    }
    diffmm_trainer_destroy(trainer);
    return status;
}

/* After a step on a row of its own. */
static diffmm_status write_module(diffmm_context *context, const diffmm_options *options,
                                  size_t variant, const char *folder)
{
    static const int64_t pointers[] = {0, 2};
    static const int32_t items[] = {0, 3};
    const diffmm_diffusion_batch batch = {
        .struct_size = sizeof batch, .users = 1, .row_pointers = pointers, .row_items = items};
    char path[400];
    diffmm_diffusion *module;
    diffmm_status status = diffmm_diffusion_create(context, 5, options, variant, &module);
    if (status)
        return status;
    snprintf(path, sizeof path, "%s/%zu", folder, variant);
    status = diffmm_diffusion_step(module, &batch, NULL);
    if (!status)
        status = diffmm_diffusion_save(module, path);
    diffmm_diffusion_destroy(module);
    return status;
}

int main(int count, char **arguments)
{
    diffmm_context *context = NULL;
    diffmm_dataset *dataset = NULL;
    diffmm_status status = count == 3 ? diffmm_context_create(NULL, &context) : DIFFMM_CANCELLED;
    if (!status)
        status = training_dataset(context, &dataset);
    for (size_t variant = 0; variant < 4 && !status; variant++) {
        diffmm_options *options = NULL;
        status = training_options(context, variant, &options);
        if (!status)
            status = write(dataset, options, variant, arguments[1]);
        if (!status)
            status = write_module(context, options, variant, arguments[2]);
        diffmm_options_destroy(options);
    }
    if (status)
        fprintf(stderr, "%s\n", diffmm_error_message());
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    return status != DIFFMM_OK;
}
