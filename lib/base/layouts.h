/* SPDX-License-Identifier: BSD-2-Clause */
/* The members of the public structs with struct_size. A struct that is not listed here cannot be
 * read or written (base/structs.h); tests/abi checks this file against the public headers. */
#ifndef DIFFMM_BASE_LAYOUTS_H
#define DIFFMM_BASE_LAYOUTS_H

#include <stddef.h>

struct diffmm__layout {
    size_t size;         /* sizeof */
    size_t first_size;   /* of the first version */
    const size_t *begin; /* where each member begins */
    size_t members;
};

extern const struct diffmm__layout diffmm__layout_context_settings;
extern const struct diffmm__layout diffmm__layout_synthetic;
extern const struct diffmm__layout diffmm__layout_interactions;
extern const struct diffmm__layout diffmm__layout_table_format;
extern const struct diffmm__layout diffmm__layout_summary;
extern const struct diffmm__layout diffmm__layout_arrow_columns;
extern const struct diffmm__layout diffmm__layout_arrow_features;
extern const struct diffmm__layout diffmm__layout_denoiser_shape;
extern const struct diffmm__layout diffmm__layout_elbo_arguments;
extern const struct diffmm__layout diffmm__layout_msi_arguments;
extern const struct diffmm__layout diffmm__layout_denoiser_backward_arguments;
extern const struct diffmm__layout diffmm__layout_denoiser_loss_arguments;
extern const struct diffmm__layout diffmm__layout_spectral_loss_arguments;
extern const struct diffmm__layout diffmm__layout_reverse_chain_arguments;
extern const struct diffmm__layout diffmm__layout_generate_neighbors_arguments;
extern const struct diffmm__layout diffmm__layout_spectral_basis_arguments;
extern const struct diffmm__layout diffmm__layout_spectral_basis_place_arguments;
extern const struct diffmm__layout diffmm__layout_diffusion_batch;
extern const struct diffmm__layout diffmm__layout_diffusion_needs;
extern const struct diffmm__layout diffmm__layout_file_info;
extern const struct diffmm__layout diffmm__layout_parameter;
extern const struct diffmm__layout diffmm__layout_adam;
extern const struct diffmm__layout diffmm__layout_contrastive_loss_arguments;
extern const struct diffmm__layout diffmm__layout_infonce_arguments;
extern const struct diffmm__layout diffmm__layout_bpr_arguments;
extern const struct diffmm__layout diffmm__layout_option_info;
extern const struct diffmm__layout diffmm__layout_query;
extern const struct diffmm__layout diffmm__layout_scorer_info;
extern const struct diffmm__layout diffmm__layout_explanation;
extern const struct diffmm__layout diffmm__layout_evaluate_arguments;
extern const struct diffmm__layout diffmm__layout_measure_graph_arguments;
extern const struct diffmm__layout diffmm__layout_graph_measures;
extern const struct diffmm__layout diffmm__layout_denoiser_measures;
extern const struct diffmm__layout diffmm__layout_report;
extern const struct diffmm__layout diffmm__layout_forecast;
extern const struct diffmm__layout diffmm__layout_peers;

#endif
