/* SPDX-License-Identifier: BSD-2-Clause */
/* The blend of the recommender's scores with those of its spectral denoisers (the option
 * diffusion.blend, beta). With H the final embeddings, z^m_u the end of modality m's reverse chain
 * from the user's training items and B^m_i the row by which the item is scored there,
 *
 *     s_ui = H_u . H_i / sd_u(H) + beta / M sum_m B^m_i . z^m_u / sd_u(m),
 *
 * where sd_u is the standard deviation of a user's scores over all items: so each part counts by its
 * weight, whatever its scale. Multiplied by sd_u(H), which leaves the user's ranking as it is, this
 * is the dot product of the rows that are served,
 *
 *     user   [H_u, c_1u z^1_u, .., c_Mu z^M_u],   c_mu = beta sd_u(H) / (M sd_u(m)),
 *     item   [H_i, B^1_i, .., B^M_i],             width = d + M rank.
 *
 * c_mu is 0 where sd_u(m) is 0 or not finite; where sd_u(H) is 0, 1 stands in its place, so that the
 * denoisers alone rank. With C the covariance of item rows, sd_u^2 = h^T C h for the user's row h. */
#ifndef DIFFMM_MODEL_BLEND_H
#define DIFFMM_MODEL_BLEND_H

#include "diffusion/denoiser.h"
#include "model/model.h"

/* Covariances, which follow the served rows, and scratch. */
struct diffmm__blend {
    struct diffmm__arena arena;
    size_t block;                      /* users whose chains run together */
    struct diffmm__denoiser_pass pass; /* of a block */
    float *z;                          /* block x rank */
    float *product;                    /* block x the larger of d and rank: rows times covariance */
    /* Of the items' rows: d x d of the recommender's columns, then rank x rank of each modality. */
    float *covariances;
    bool bases_filled; /* the items' columns of the modalities, and those matrices */
    float *centred;    /* a tile of items x columns */
    double *mean;      /* columns */
    double *spread;    /* users: sd_u(H) */
    int32_t *row_of;   /* block */
    bool *received;    /* of each modality: z stands in the users' served rows */
};

/* Makes the rows that are served an array of the model's own, where its settings ask for a blend and
 * it has spectral denoisers. Otherwise they are its final embeddings. */
diffmm_status diffmm__blend_create(diffmm_model *model);
void diffmm__blend_destroy(diffmm_model *model);

/* Computes the rows that are served, of all items and of the users that the model has, from the final embeddings and the denoisers as they are. Noise of
 * the chains, where the settings ask for it, is that of epoch 0, which is no epoch: so the rows do
 * not depend on when they are computed. Nothing is allocated. DIFFMM_ERROR_NUMERIC where a row is
 * not finite. Does nothing without a blend. */
diffmm_status diffmm__blend_fill(diffmm_model *model);

/* The final embeddings and the users' served rows have been put back to those of another epoch: the
 * items' served rows follow. Does nothing without a blend. */
void diffmm__blend_restored(diffmm_model *model);

/* Where an epoch that generates graphs may leave the coordinates z of modality m's users, model->width
 * floats apart, so that no chain need run again: NULL without a blend; where chains draw noise, which is
 * another one then; and where the model is divided, since peers generate for other users than theirs. diffmm__blend_receive() tells that they are there, for the next fill;
 * diffmm__blend_forget() that they may no longer be those of the denoisers: where no fill has followed,
 * the users' rows become 0, as before the first fill. */
float *diffmm__blend_coordinates(const diffmm_model *model, size_t m);
void diffmm__blend_receive(diffmm_model *model, size_t m);
void diffmm__blend_forget(diffmm_model *model);

/* The covariance of the items' columns of a modality (`modality_count`: of the recommender's), with
 * which sd_u is computed. The model has been filled. */
const float *diffmm__blend_covariance(const diffmm_model *model, size_t modality);

struct diffmm__blend_shape {
    size_t users, items, d, modalities;
    const struct diffmm__layers *layers; /* of each denoiser */
};

/* The width of the rows that are served. */
size_t diffmm__blend_width(const struct diffmm__blend_shape *shape);
/* What diffmm__blend_create() allocates, and FLOPs of the matrix products of diffmm__blend_fill()
 * where a share `chains` of the chains, each of `steps` steps, is run, and the bases' covariances
 * are there. */
size_t diffmm__blend_bytes(const struct diffmm__blend_shape *shape);
double diffmm__blend_flops(const struct diffmm__blend_shape *shape, size_t steps, double chains);

#endif
