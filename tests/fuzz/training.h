/* SPDX-License-Identifier: BSD-2-Clause */
/* The training whose checkpoints are fuzzed: few users and items, small sizes. */
#ifndef DIFFMM_TESTS_FUZZ_TRAINING_H
#define DIFFMM_TESTS_FUZZ_TRAINING_H

#include <diffmm/diffmm.h>

static inline diffmm_status training_dataset(diffmm_context *context, diffmm_dataset **out)
{
    static const float image[] = {1, 0, 0, 1, -1, 0.5f, 0.25f, 2}, text[] = {1, -1, 2, 0.5f};
    static const int32_t user[] = {0, 0, 1, 1, 2, 2}, item[] = {0, 1, 1, 2, 0, 3};
    static const int32_t held_user = 0, held_item = 2;
    diffmm_status status = diffmm_dataset_create(context, out);
    if (!status)
        status = diffmm_dataset_add_interactions(*out, DIFFMM_TRAIN, 6, user, item);
    if (!status)
        status = diffmm_dataset_add_interactions(*out, DIFFMM_VALID, 1, &held_user, &held_item);
    if (!status)
        status = diffmm_dataset_add_modality_array(*out, "image", 4, 2, image, 2);
    if (!status)
        status = diffmm_dataset_add_modality_array(*out, "text", 4, 1, text, 1);
    return status;
}

/* `variant` 0 to 3: other settings, so that checkpoints hold other things. */
static inline diffmm_status training_options(diffmm_context *context, size_t variant,
                                             diffmm_options **out)
{
    static const char *const common[][2] = {{"embedding_size", "2"},
                                            {"hidden_sizes", "2"},
                                            {"time_embedding_size", "2"},
                                            {"epochs", "4"},
                                            {"cutoffs", "1,2"}};
    static const char *const variants[][2] = {{"projection", "leaky"},
                                              {"projection", "linear"},
                                              {"diffusion.enabled", "false"},
                                              {"fusion_ratio", "0.5"}};
    diffmm_status status = diffmm_options_create(context, out);
    for (size_t i = 0; i < sizeof common / sizeof *common && !status; i++)
        status = diffmm_options_set(*out, common[i][0], common[i][1]);
    return status ? status : diffmm_options_set(*out, variants[variant][0], variants[variant][1]);
}

#endif
