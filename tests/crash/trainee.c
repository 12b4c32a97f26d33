/* SPDX-License-Identifier: BSD-2-Clause */
#include "trainee.h"

#include <unistd.h>

static diffmm_status make_options(diffmm_context *context, diffmm_options **out)
{
    static const char *const list[][2] = {{"embedding_size", "8"},
                                          {"hidden_sizes", "16"},
                                          {"batch", "64"},
                                          {"patience", "0"},
                                          {"learning_rate", "0.01"},
                                          {"denoiser_learning_rate", "0.01"},
                                          {"contrastive.anchor", "main"},
                                          {"sampling_noise", "true"},
                                          {"sampling_steps", "2"},
                                          {"fusion_ratio", "0.5"}};
    diffmm_status status = diffmm_options_create(context, out);
    for (size_t i = 0; !status && i < sizeof list / sizeof *list; i++)
        status = diffmm_options_set(*out, list[i][0], list[i][1]);
    return status ? status : diffmm_options_set_integer(*out, "epochs", TRAINEE_EPOCHS);
}

diffmm_status trainee_begin(const char *checkpoint, diffmm_trainer **out)
{
    const diffmm_synthetic spec = {.struct_size = sizeof spec,
                                   .users = 50,
                                   .items = 40,
                                   .interactions = 500,
                                   .modality_count = 2,
                                   .seed = 3};
    diffmm_context *context = NULL;
    diffmm_dataset *dataset = NULL;
    diffmm_options *options = NULL;
    diffmm_status status =
        diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context);
    if (!status)
        status = diffmm_dataset_synthesize(context, &spec, &dataset);
    if (!status)
        status = make_options(context, &options);
    if (!status)
        status = access(checkpoint, F_OK) == 0
                     ? diffmm_trainer_resume(dataset, checkpoint, options, out)
                     : diffmm_trainer_create(dataset, options, out);
    diffmm_options_destroy(options);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    return status;
}

diffmm_status trainee_run(diffmm_trainer *trainer, const char *checkpoint, void (*writing)(void))
{
    diffmm_report report = {.struct_size = sizeof report};
    diffmm_status status = diffmm_trainer_report(trainer, &report);
    while (!status && !report.finished) {
        status = diffmm_trainer_epoch(trainer, &report);
        if (!status && writing)
            writing();
        if (!status)
            status = diffmm_trainer_checkpoint(trainer, checkpoint);
    }
    return status;
}
