/* SPDX-License-Identifier: BSD-2-Clause */
/* denoiser_*: noising, both forward passes, both loss terms and every gradient of one batch. */
#include "cases.h"
#include "layers.h"

void case_denoiser(struct reference *reference)
{
    struct array *x0_array = reference_array(reference, "x0");
    size_t rows = x0_array->shape[0], items = x0_array->shape[1];
    struct array *embedding_array = reference_array(reference, "item_embedding");
    size_t d = embedding_array->shape[1];
    const float *x0 = as_floats(reference, x0_array);
    const float *item_embedding = as_floats(reference, embedding_array);
    const float *features = as_floats(reference, reference_array(reference, "modal_features"));
    const float *noise = as_floats(reference, reference_array(reference, "noise"));
    const float *dropout = as_floats(reference, reference_array(reference, "dropout_scale"));
    const int32_t *t = as_integers(reference, reference_array(reference, "t"));
    double e_loss = reference_number(reference, "msi_weight");
    struct layers layers;
    layers_read(reference, items, &layers);
    diffmm_schedule *schedule = schedule_read(reference);

    float *x_t = reference_room(reference, rows * items);
    must(diffmm_q_sample(schedule, rows, items, x0, t, noise, x_t), "diffmm_q_sample");
    expect_floats(reference, reference_array(reference, "x_t"), rows, items, x_t);

    float *x_hat = reference_room(reference, rows * items);
    must(diffmm_denoiser_forward(NULL, &layers.shape, layers.parameters, rows, x_t, t, NULL, x_hat),
         "diffmm_denoiser_forward");
    expect_floats(reference, reference_array(reference, "forward_eval"), rows, items, x_hat);
    must(diffmm_denoiser_forward(NULL, &layers.shape, layers.parameters, rows, x_t, t, dropout,
                                 x_hat),
         "diffmm_denoiser_forward");
    expect_floats(reference, reference_array(reference, "forward_train"), rows, items, x_hat);

    /* The terms one by one, with the gradient taken back through the denoiser .. */
    float *grad_elbo = reference_room(reference, rows * items);
    float *grad_msi = reference_room(reference, rows * items);
    float *gradient = reference_room(reference, layers.size);
    double *elbo = diffmm__arena_take(&reference->arena, rows, sizeof *elbo);
    double *msi = diffmm__arena_take(&reference->arena, rows, sizeof *msi);
    double mean_elbo, mean_msi;
    must(diffmm_elbo(schedule, rows, items, x0, x_hat, t, elbo, &mean_elbo, grad_elbo),
         "diffmm_elbo");
    must(diffmm_msi(NULL, rows, items, d, x0, x_hat, features, item_embedding, msi, &mean_msi,
                    grad_msi),
         "diffmm_msi");
    expect_doubles(reference, reference_array(reference, "diff_loss"), rows, 1, elbo);
    expect_doubles(reference, reference_array(reference, "msi_loss"), rows, 1, msi);
    expect_number(reference, "loss", mean_elbo + e_loss * mean_msi);
    for (size_t i = 0; i < rows * items; i++)
        grad_elbo[i] += (float)e_loss * grad_msi[i];
    must(diffmm_denoiser_backward(NULL, &layers.shape, layers.parameters, rows, x_t, t, dropout,
                                  grad_elbo, gradient),
         "diffmm_denoiser_backward");
    layers_expect(reference, &layers, "grad_", gradient);

    /* .. and the whole batch in one call, as training does it. */
    double loss;
    must(diffmm_denoiser_loss(NULL, &layers.shape, schedule, layers.parameters, rows, x0, t, noise,
                              dropout, d, features, item_embedding, e_loss, &loss, &mean_elbo,
                              &mean_msi, gradient),
         "diffmm_denoiser_loss");
    expect_number(reference, "loss", loss);
    expect_number(reference, "loss", mean_elbo + e_loss * mean_msi);
    layers_expect(reference, &layers, "grad_", gradient);
    diffmm_schedule_destroy(schedule);
}
