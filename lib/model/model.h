/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_MODEL_MODEL_H
#define DIFFMM_MODEL_MODEL_H

#include <stdbool.h>

#include <diffmm/metrics.h>
#include <diffmm/model.h>

#include "base/handle.h"
#include "base/index.h"
#include "base/memory.h"
#include "dataset/dataset.h"
#include "model/terms.h"
#include "module/module.h"
#include "options/settings.h"
#include "peers/peers.h"

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
    const float *features; /* I x D rows `stride` apart; NULL once loaded, and where `stored` */
    size_t stride;
    struct diffmm__stored_rows stored; /* features in a mapped file; data NULL: they are not */
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

struct diffmm__blend;

struct diffmm_model {
    struct diffmm__handle handle;
    bool lent; /* a trainer's: it ends with that */
    /* Whose rows it has of the users' embeddings, their moments, and all that is made of them: all
     * users'; or, where it is divided among the peers of its training (the option `peers.divide`), this
     * peer's, whatever becomes of the others. Other rows are not read, since that may take memory. */
    struct diffmm__part own_users;
    bool divided;
    diffmm_context *context;
    struct diffmm__catalog *catalog;
    diffmm_dataset *dataset; /* NULL for a model read from a file */
    diffmm_options *options;
    struct diffmm__settings settings;
    struct diffmm__terms terms;       /* weights of the objective's terms */
    double losses[DIFFMM__MAX_TERMS]; /* of the last objective, weighted; 0 before */
    size_t users, items, d;

    /* user_embedding, item_embedding, modality_logits, then each modality's projection. The two
     * embeddings are one block, [E_U; E_I], and so are their gradients and moments: only the
     * user_embedding's pointers own memory. */
    size_t parameter_count;
    struct diffmm__parameter *parameters;
    struct diffmm__index parameter_index; /* names of these, then of the denoisers' tensors */
    size_t modality_count;
    struct diffmm__model_modality *modalities;

    float *final; /* (users + items) x d of the last forward pass */
    /* What ranks (model/blend.h): (users + items) x width; NULL where that is `final`, with width
     * d. */
    float *served;
    size_t width;
    struct diffmm__blend *blend; /* fills `served`; NULL without one, and in a model from a file */
    bool blended;                /* `served` is that of `final` */
    uint64_t steps;              /* Adam steps taken */
    /* Parameters or graphs have changed since `final` was computed (diffmm__model_changed()). */
    bool stale;
    uint64_t changes; /* how often they have */
    /* The epoch that the present parameters and `final` are of. Any other change makes it unknown.
     * */
    struct diffmm__evaluated evaluated;

    diffmm_graph *adjacency;               /* A_hat; NULL for a model read from a file */
    struct diffmm__workspace *workspace;   /* forward and backward intermediates; NULL likewise */
    struct diffmm__fold_in_state *fold_in; /* of a model read from a file (model/fold_in_state.h) */
    struct diffmm__csr seen; /* of a model read from a file; all zero: the training rows */
    /* Denoiser tensors in the list of parameters: names, made when the model is. */
    char **denoiser_names; /* modality_count x tensors per denoiser */
};

/* Called by whatever changes a recommender parameter or a graph otherwise than by putting back an
 * epoch as a whole: metrics are no longer known, and `final` is
 * that of the parameters before the change. */
void diffmm__model_changed(diffmm_model *model);

/* Called by the forward pass: `final`, and what it leaves beside it, are now those of the
 * parameters and graphs. What they score is not known until an epoch is evaluated. */
void diffmm__model_embedded(diffmm_model *model);

/* The rows that rank: the score of a user and an item is the dot product of theirs, of
 * model->width floats. */
static inline const float *diffmm__served_users(const diffmm_model *model)
{
    return model->served ? model->served : model->final;
}

static inline const float *diffmm__served_items(const diffmm_model *model)
{
    return diffmm__served_users(model) + model->users * model->width;
}

/* Finds a modality by name; NULL where the model has none of that name. */
struct diffmm__model_modality *diffmm__model_find_modality(const diffmm_model *model,
                                                           const char *name);

/* DIFFMM_ERROR_STATE where the model was read from a file. */
diffmm_status diffmm__model_check_trainable(const diffmm_model *model);

/* The first node that the model has whose row of a node matrix of this width is not finite; the number of
 * nodes where there is none. */
size_t diffmm__model_first_not_finite(const diffmm_model *model, size_t width, const float *rows);

/* DIFFMM_ERROR_STATE where the model is divided: what computes without peers needs all rows. */
diffmm_status diffmm__model_check_whole(const diffmm_model *model);

/* DIFFMM_ERROR_STATE where there has been no forward pass, or the model is not whole; the second also DIFFMM_ERROR_NUMERIC
 * where its embeddings are not finite. */
diffmm_status diffmm__model_check_forward(const diffmm_model *model);
diffmm_status diffmm__model_check_embeddings(const diffmm_model *model);

/* Parameters in their fixed places. */
static inline struct diffmm__parameter *diffmm__user_embedding(const diffmm_model *model)
{
    return &model->parameters[0];
}

/* Which rows of a parameter the model has. */
static inline struct diffmm__part diffmm__model_own_rows(const diffmm_model *model,
                                                         const struct diffmm__parameter *parameter)
{
    return parameter == &model->parameters[0] ? model->own_users
                                              : (struct diffmm__part){0, parameter->rows};
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
