/* SPDX-License-Identifier: BSD-2-Clause */
#include "training.h"

#include "checksum.h"

static diffmm_status small_options(diffmm_context *context, diffmm_options **out)
{
    diffmm_status status = diffmm_options_create(context, out);
    if (!status)
        status = diffmm_options_set(*out, "epochs", "2");
    if (!status)
        status = diffmm_options_set(*out, "batch", "128");
    if (!status)
        status = diffmm_options_set(*out, "hidden_sizes", "32");
    return status;
}

static diffmm_status recommend(const diffmm_model *model, diffmm_hit hits[5])
{
    diffmm_scorer *scorer = NULL;
    diffmm_query query = {.struct_size = sizeof query, .count = 5};
    size_t found = 0;
    diffmm_status status = diffmm_scorer_create(model, &scorer);
    if (!status)
        status = diffmm_recommend(scorer, 3, &query, hits, &found);
    diffmm_scorer_destroy(scorer);
    return !status && found != 5 ? DIFFMM_ERROR_NOT_FOUND : status;
}

diffmm_status train_small(size_t threads, uint64_t *checksum, diffmm_hit hits[5])
{
    return train_with(NULL, threads, checksum, hits);
}

diffmm_status train_with(const diffmm_peers *peers, size_t threads, uint64_t *checksum,
                         diffmm_hit hits[5])
{
    diffmm_context_settings settings = {.struct_size = sizeof settings, .threads = threads};
    diffmm_synthetic spec = {.struct_size = sizeof spec, .users = 120, .items = 80};
    diffmm_context *context = NULL;
    diffmm_dataset *data = NULL;
    diffmm_options *options = NULL;
    diffmm_trainer *trainer = NULL;
    diffmm_status status = diffmm_context_create(&settings, &context);
    if (!status)
        status = diffmm_dataset_synthesize(context, &spec, &data);
    if (!status)
        status = small_options(context, &options);
    if (!status)
        status = diffmm_trainer_create(data, options, &trainer);
    if (!status)
        status = diffmm_trainer_join(trainer, peers);
    if (!status)
        status = diffmm_trainer_fit(trainer, NULL, NULL);
    if (!status) {
        const diffmm_model *model = diffmm_trainer_model(trainer);
        size_t row = diffmm_model_dimensions(model) * sizeof(float);
        *checksum =
            checksum_of(diffmm_model_user_embeddings(model), diffmm_model_users(model) * row) ^
            3 * checksum_of(diffmm_model_item_embeddings(model), diffmm_model_items(model) * row);
        status = recommend(model, hits);
    }
    diffmm_trainer_destroy(trainer);
    diffmm_options_destroy(options);
    diffmm_dataset_destroy(data);
    diffmm_context_destroy(context);
    return status;
}
