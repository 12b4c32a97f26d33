/* SPDX-License-Identifier: BSD-2-Clause */
/* Ranges include their ends. Defaults are in canonical form (option_values.h). */
#include "options/option_table.h"

#include <string.h>

#include "base/status.h"
#include "base/streams.h"
#include "base/structs.h"

enum { size = sizeof(diffmm_option_info) };

static const diffmm_option_info table[] = {
    {size, "seed", NULL, DIFFMM_OPTION_INTEGER, "1", 0, 0x1p63, NULL,
     "Every random draw follows from it; the same seed gives the same bits."},

    {size, "embedding_size", "d", DIFFMM_OPTION_INTEGER, "64", 1, 65536, NULL,
     "Length of the embeddings of users and items."},
    {size, "layers", "L", DIFFMM_OPTION_INTEGER, "1", 0, 64, NULL,
     "Propagation layers over the observed graph."},
    {size, "ris_lambda", NULL, DIFFMM_OPTION_REAL, "0.5", 0, 1e6, NULL,
     "Weight of the normalised multi-modal embeddings added to the final ones."},
    {size, "ris_adj_lambda", NULL, DIFFMM_OPTION_REAL, "0.2", 0, 1e6, NULL,
     "Weight of the generated graphs beside the observed one."},
    {size, "projection", NULL, DIFFMM_OPTION_CHOICE, "leaky", 0, 0, "leaky|linear",
     "How raw features become embeddings: a product and leaky ReLU, or an affine map."},
    {size, "modality.*.projection", NULL, DIFFMM_OPTION_CHOICE, "", 0, 0, "leaky|linear",
     "The projection of one modality, where it differs from the general one."},

    {size, "diffusion.enabled", NULL, DIFFMM_OPTION_FLAG, "true", 0, 1, NULL,
     "Generate graphs by diffusion; false: the observed graph with random edges dropped instead."},
    {size, "diffusion.msi", NULL, DIFFMM_OPTION_FLAG, "true", 0, 1, NULL,
     "Inject the modality's signal into the denoiser's loss."},
    {size, "steps", "T", DIFFMM_OPTION_INTEGER, "5", 1, 1000, NULL, "Diffusion steps."},
    {size, "noise_scale", NULL, DIFFMM_OPTION_REAL, "0.1", 1e-8, 1000, NULL,
     "Scale of the noise schedule."},
    {size, "noise_min", NULL, DIFFMM_OPTION_REAL, "0.0001", 1e-8, 1000, NULL,
     "Variance of the first step, before scaling."},
    {size, "noise_max", NULL, DIFFMM_OPTION_REAL, "0.02", 1e-8, 1000, NULL,
     "Variance of the last step, before scaling."},
    {size, "beta_fixed", NULL, DIFFMM_OPTION_FLAG, "true", 0, 1, NULL,
     "Set the first beta to 1e-4, as the authors' program does."},
    {size, "norm", NULL, DIFFMM_OPTION_FLAG, "false", 0, 1, NULL,
     "Normalise the denoiser's input rows."},
    {size, "hidden_sizes", "dims", DIFFMM_OPTION_LIST, "1000", 1, 65536, NULL,
     "Hidden layers of the denoiser, from the decoder's side."},
    {size, "time_embedding_size", "e", DIFFMM_OPTION_INTEGER, "10", 1, 4096, NULL,
     "Length of the denoiser's embedding of the step."},
    {size, "dropout", NULL, DIFFMM_OPTION_REAL, "0.5", 0, 0.999, NULL,
     "Share of the denoiser's inputs dropped in training."},
    {size, "e_loss", NULL, DIFFMM_OPTION_REAL, "0.1", 0, 1e6, NULL,
     "Weight of the modality signal in the denoiser's loss."},
    {size, "denoiser_learning_rate", NULL, DIFFMM_OPTION_REAL, "0.001", 0, 1e9, NULL,
     "Learning rate of the denoisers."},
    {size, "sampling_steps", NULL, DIFFMM_OPTION_INTEGER, "0", 0, 1000, NULL,
     "Noise steps applied before the reverse chain; 0 starts from the observed row."},
    {size, "sampling_noise", NULL, DIFFMM_OPTION_FLAG, "false", 0, 1, NULL,
     "Add noise at each step of the reverse chain."},
    {size, "rebuild_k", NULL, DIFFMM_OPTION_INTEGER, "1", 1, 1e6, NULL,
     "Generated neighbours per user."},
    {size, "keep_rate", NULL, DIFFMM_OPTION_REAL, "0.5", 1e-6, 1, NULL,
     "Share of the generated graph's edges kept in an epoch."},

    {size, "contrastive.enabled", NULL, DIFFMM_OPTION_FLAG, "true", 0, 1, NULL,
     "Contrast the modal views while training."},
    {size, "contrastive.anchor", NULL, DIFFMM_OPTION_CHOICE, "modal", 0, 0, "modal|main",
     "What is contrasted: the modal views with each other, or each with the main view."},
    {size, "temperature", "tau", DIFFMM_OPTION_REAL, "0.5", 1e-8, 1e6, NULL,
     "Temperature of the contrastive loss."},
    {size, "ssl_reg", NULL, DIFFMM_OPTION_REAL, "0.01", 0, 1e6, NULL,
     "Weight of the contrastive loss."},
    {size, "fusion_ratio", "rho", DIFFMM_OPTION_REAL, "0", 0, 1, NULL,
     "Share of randomly kept observed edges in the contrastive views' graphs."},

    {size, "epochs", NULL, DIFFMM_OPTION_INTEGER, "50", 1, 1e6, NULL,
     "Epochs of a whole training."},
    {size, "batch", NULL, DIFFMM_OPTION_INTEGER, "1024", 0, 1e7, NULL,
     "Users, or training pairs, per step; 0 or auto: 1024 users, and a hundredth of the pairs, at "
     "least 1024, at a learning rate that grows with its square root."},
    {size, "learning_rate", "lr", DIFFMM_OPTION_REAL, "0.001", 0, 1e9, NULL,
     "Learning rate of the recommender."},
    {size, "reg", NULL, DIFFMM_OPTION_REAL, "1e-5", 0, 1e6, NULL,
     "Weight of the squared embeddings in the objective."},
    {size, "patience", NULL, DIFFMM_OPTION_INTEGER, "10", 0, 1e6, NULL,
     "Epochs without a better validation result before training stops; 0: never stop early."},
    {size, "memory_limit", NULL, DIFFMM_OPTION_INTEGER, "0", 0, 1e15, NULL,
     "Bytes that training may take at its peak; more is refused beforehand. 0: no limit."},
    {size, "cutoffs", "K", DIFFMM_OPTION_LIST, "20", 1, 1e6, NULL,
     "Lengths of the ranking at which metrics are taken; the first one chooses the best epoch."},
    {size, "select", NULL, DIFFMM_OPTION_CHOICE, "valid", 0, 0, "valid|test",
     "The split that chooses the best epoch."},
    {size, "alignment", NULL, DIFFMM_OPTION_REAL, "0", 0, 1e6, NULL,
     "Weight of the squared distance, at unit length, between each modal view and the main view."},
    {size, "seen", NULL, DIFFMM_OPTION_CHOICE, "all", 0, 0, "all|train",
     "What a scorer or model file counts as seen: all interactions of a user, or training's."},
    {size, "modality.*.enabled", NULL, DIFFMM_OPTION_FLAG, "true", 0, 1, NULL,
     "Use the modality; false: the model is as if the data set did not have it."},
    {size, "modality.*.standardize", NULL, DIFFMM_OPTION_FLAG, "false", 0, 1, NULL,
     "Bring each feature to mean 0 and deviation 1 over the items that have features."},
    {size, "modality.*.normalize", NULL, DIFFMM_OPTION_FLAG, "false", 0, 1, NULL,
     "Bring each item's features to length 1, after they are standardised."},
    {size, "denoiser.passes", NULL, DIFFMM_OPTION_INTEGER, "1", 1, DIFFMM__MOST_PASSES, NULL,
     "Passes of every denoiser over all users in an epoch."},
    {size, "denoiser.warmup", NULL, DIFFMM_OPTION_INTEGER, "0", 0, DIFFMM__MOST_PASSES, NULL,
     "Further passes in the first epoch, before the first graphs are generated."},
    {size, "generate.every", NULL, DIFFMM_OPTION_INTEGER, "1", 1, 1e6, NULL,
     "Generate new graphs in the first epoch and every so many epochs; keep them between."},
    {size, "weight_decay", NULL, DIFFMM_OPTION_REAL, "0", 0, 1e6, NULL,
     "Decoupled weight decay of the recommender's parameters, as in AdamW."},
    {size, "learning_rate_decay", NULL, DIFFMM_OPTION_REAL, "1", 1e-6, 1, NULL,
     "Factor of the recommender's learning rate from one epoch to the next."},
    {size, "average", NULL, DIFFMM_OPTION_REAL, "0", 0, 0.999999, NULL,
     "Share that an epoch leaves of the average of the recommender's parameters, which is "
     "evaluated "
     "and kept in their place; 0: no average."},
    {size, "generate.weights", NULL, DIFFMM_OPTION_CHOICE, "ones", 0, 0, "ones|scores",
     "Weights of generated edges: all 1, or by their scores, with mean 1 for each user."},
    {size, "measure", NULL, DIFFMM_OPTION_CHOICE, "graph", 0, 0, "off|graph|full",
     "What is told of the diffusion: nothing, measures of its graphs, those of its denoisers too."},
    {size, "measure.users", NULL, DIFFMM_OPTION_INTEGER, "1024", 0, 0x1p31 - 1, NULL,
     "Users on whom measures that cost are taken; 0: all."},
    {size, "denoiser.kind", NULL, DIFFMM_OPTION_CHOICE, "full", 0, 0, "full|spectral",
     "What a denoiser sees of a user: the row over all items, or its coordinates in a fixed "
     "basis."},
    {size, "denoiser.rank", NULL, DIFFMM_OPTION_INTEGER, "256", 1, 65536, NULL,
     "Columns of a spectral denoiser's basis; at most the items are used."},
    {size, "denoiser.rows", NULL, DIFFMM_OPTION_CHOICE, "plain", 0, 0, "plain|normalized",
     "What a spectral denoiser restores: rows of ones, or rows weighted down by how many "
     "interactions user and item have."},
    {size, "denoiser.target", NULL, DIFFMM_OPTION_CHOICE, "all", 0, 0, "all|dropped",
     "What a spectral denoiser learns to predict: all entries, or those that it was not given."},
    {size, "denoiser.linear", NULL, DIFFMM_OPTION_FLAG, "false", 0, 1, NULL,
     "Add to a spectral denoiser the best linear prediction, in closed form."},
    {size, "generate.exact", NULL, DIFFMM_OPTION_FLAG, "false", 0, 1, NULL,
     "Rank all items for every user; false: a spectral denoiser may rank candidates instead."},
    {size, "generate.unseen", NULL, DIFFMM_OPTION_FLAG, "false", 0, 1, NULL,
     "Generate only items that the user does not have in training."},
    {size, "diffusion.blend", NULL, DIFFMM_OPTION_REAL, "0", 0, 1e6, NULL,
     "Weight of the spectral denoisers' own scores, beside the recommender's, in what is ranked."},
    {size, "contrastive.negatives", NULL, DIFFMM_OPTION_INTEGER, "0", 0, 1e7, NULL,
     "Users, and items, drawn in every step to stand for all in the contrastive loss; 0: all are "
     "used."},
    {size, "evaluate.users", NULL, DIFFMM_OPTION_INTEGER, "0", 0, 0x1p31 - 1, NULL,
     "Users, of those with something held out, whom each epoch is evaluated on, drawn once; 0: "
     "all."},
    {size, "denoiser_learning_rate_decay", NULL, DIFFMM_OPTION_REAL, "1", 1e-6, 1, NULL,
     "Factor of the denoisers' learning rate from one epoch to the next."},
    {size, "peers.batches", NULL, DIFFMM_OPTION_FLAG, "false", 0, 1, NULL,
     "Share the recommender's batches among peers too, which takes a fast network; bits are the "
     "same."},
    {size, "peers.divide", NULL, DIFFMM_OPTION_FLAG, "false", 0, 1, NULL,
     "Share the batches, and keep the rows of each peer's own users alone, to take less memory; "
     "peers write files together."},
};

size_t diffmm_option_count(void)
{
    return sizeof table / sizeof *table;
}

bool diffmm__option_is_younger(size_t index)
{
    enum { of_first_version = 37 };
    return index >= of_first_version;
}

bool diffmm__option_is_of_peers(const char *name)
{
    return strncmp(name, "peers.", strlen("peers.")) == 0;
}

const char *diffmm__option_word_for_zero(const diffmm_option_info *info)
{
    return strcmp(info->name, "batch") == 0 ? "auto" : NULL;
}

const diffmm_option_info *diffmm__option_at(size_t index)
{
    return &table[index];
}

diffmm_status diffmm_option_describe(size_t index, diffmm_option_info *info)
{
    if (!info)
        return diffmm__null("info");
    if (index >= diffmm_option_count())
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "index is %zu, but there are %zu settings", index,
                            diffmm_option_count());
    return diffmm__struct_write(info, &diffmm__layout_option_info, &table[index], "info");
}
