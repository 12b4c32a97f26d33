/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_MODEL_MODEL_H
#define DIFFMM_MODEL_MODEL_H

#include <stdatomic.h>
#include <stdbool.h>

#include <diffmm/metrics.h>
#include <diffmm/model.h>

#include "base/handle.h"
#include "base/index.h"
#include "base/memory.h"
#include "dataset/dataset.h"
#include "module/module.h"
#include "options/options.h"

/* One named parameter. Recommender parameters have gradient and moments; in a model read from
 * a file those are NULL. */
struct diffmm__parameter {
    char *name;
    size_t rows, columns;
    float *values;
    float *gradient;
    float *first_moment, *second_moment;
};

struct diffmm__model_modality {
    char name[64];
    size_t dimensions;
    enum diffmm__projection projection;
    struct diffmm__parameter *weight, *bias; /* into diffmm_model.parameters; bias may be NULL */
    const float *features;                   /* I x D rows `stride` apart; NULL once loaded */
    size_t stride;
    float *features_owned;
    diffmm_graph *graph; /* A_m */
    diffmm_graph
        *observed; /* randomly dropped A_hat, mixed into the view by fusion_ratio; or NULL */
    diffmm_diffusion *diffusion; /* NULL where there is none */
};

/* An epoch and what its embeddings scored. */
struct diffmm__evaluated {
    size_t epoch; /* 0: not known */
    size_t cutoff_count;
    diffmm_metrics valid[DIFFMM__MAX_LIST], test[DIFFMM__MAX_LIST];
};

struct diffmm_model {
    struct diffmm__handle handle;
    bool lent; /* a trainer's: it ends with that */
    diffmm_context *context;
    struct diffmm__catalog *catalog;
    diffmm_dataset *dataset; /* NULL for a model read from a file */
    diffmm_options *options;
    struct diffmm__settings settings;
    size_t users, items, d;

    /* user_embedding, item_embedding, modality_logits, then each modality's projection. The two
     * embeddings are one block, [E_U; E_I], and so are their gradients and moments: only the
     * user_embedding's pointers own memory. */
    size_t parameter_count;
    struct diffmm__parameter *parameters;
    struct diffmm__index parameter_index; /* names of these, then of the denoisers' tensors */
    size_t modality_count;
    struct diffmm__model_modality *modalities;

    float *final;   /* (users + items) x d of the last forward pass */
    uint64_t steps; /* Adam steps taken */
    /* Parameters or graphs have changed since `final` was computed (model/embeddings.h). */
    bool stale;
    /* Of the present parameters and `final`; not known once either changes otherwise than by an
     * evaluated epoch. */
    struct diffmm__evaluated evaluated;

    diffmm_graph *adjacency;               /* A_hat; NULL for a model read from a file */
    struct diffmm__workspace *workspace;   /* forward and backward intermediates; NULL likewise */
    struct diffmm__fold_in_state *fold_in; /* of a model read from a file (model/fold_in_state.h) */
    /* Denoiser tensors in the list of parameters: names, made when the model is. */
    char **denoiser_names; /* modality_count x tensors per denoiser */
};

/* A model with a context and nothing else; NULL without memory. */
diffmm_model *diffmm__model_allocate(const diffmm_context *context);

/* The public functions of these names, for a trainer, which has the model to itself. */
diffmm_status diffmm__model_forward(diffmm_model *model);
diffmm_status diffmm__model_objective(diffmm_model *model, size_t count, const int32_t *user,
                                      const int32_t *positive, const int32_t *negative,
                                      diffmm_losses *losses);
diffmm_status diffmm__model_step(diffmm_model *model);

/* A model with initial parameters; with_denoisers: ready for a trainer. The data set is sealed. */
diffmm_status diffmm__model_create(diffmm_dataset *dataset, const diffmm_options *options,
                                   bool with_denoisers, diffmm_model **out);

/* weights = softmax(logits), at least one; they may be the same array. */
void diffmm__softmax(size_t count, const float *logits, float *weights);

/* softmax(modality_logits). */
void diffmm__modality_weights(const diffmm_model *model, float *weights);

/* The modality called so, or NULL. */
struct diffmm__model_modality *diffmm__model_modality(const diffmm_model *model, const char *name);

/* DIFFMM_ERROR_STATE where the model was read from a file. */
diffmm_status diffmm__model_check_trainable(const diffmm_model *model);

/* DIFFMM_ERROR_STATE where there has been no forward pass; the second also DIFFMM_ERROR_NUMERIC
 * where its embeddings are not finite. */
diffmm_status diffmm__model_check_forward(const diffmm_model *model);
diffmm_status diffmm__model_check_embeddings(const diffmm_model *model);

/* Parameters in their fixed places. */
static inline struct diffmm__parameter *diffmm__user_embedding(const diffmm_model *model)
{
    return &model->parameters[0];
}

static inline struct diffmm__parameter *diffmm__item_embedding(const diffmm_model *model)
{
    return &model->parameters[1];
}

static inline struct diffmm__parameter *diffmm__modality_logits(const diffmm_model *model)
{
    return &model->parameters[2];
}

#endif
