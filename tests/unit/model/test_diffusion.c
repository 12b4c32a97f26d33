/* SPDX-License-Identifier: BSD-2-Clause */
/* The diffusion modules that a model has: lent to be read, copied to be trained. */
#include <stdio.h>

#include <diffmm/diffusion_module.h>

#include "support/training.h"

static const char *const none[] = {NULL};

START_TEST(lent_with_its_parameters)
{
    struct training t;
    training_begin(&t, none);
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    for (size_t m = 0; m < 2; m++) {
        const char *modality = diffmm_model_modality_name(t.model, m);
        const diffmm_diffusion *module = diffmm_model_diffusion(t.model, modality);
        ck_assert_ptr_nonnull(module);
        ck_assert_uint_eq(diffmm_diffusion_items(module), 60);
        ck_assert_uint_eq(diffmm_diffusion_steps(module), 2); /* 70 users in batches of 64 */
        for (size_t i = 0; i < diffmm_diffusion_parameters(module); i++) {
            char name[160];
            diffmm_parameter own = {.struct_size = sizeof own}, of_model = own;
            expect_success(diffmm_diffusion_parameter_at(module, i, &own));
            snprintf(name, sizeof name, "denoiser.%s.%s", modality, own.name);
            expect_success(diffmm_model_parameter(t.model, name, &of_model));
            ck_assert_ptr_eq(own.values, of_model.values);
        }
    }
    ck_assert_ptr_null(diffmm_model_diffusion(t.model, "sound"));
    training_end(&t);
}
END_TEST

/* What the trainer takes for graphs, at the epoch that it was taken in. */
START_TEST(generates_what_the_trainer_generates)
{
    struct training t;
    training_begin(&t, (const char *const[]){"sampling_noise", "true", "rebuild_k", "3",
                                             "keep_rate", "1", "epochs", "1", NULL});
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    int64_t pointers[71] = {0};
    static int32_t items[70 * 60], neighbors[70 * 3];
    for (int32_t u = 0; u < 70; u++) {
        const int32_t *row;
        size_t count;
        expect_success(diffmm_dataset_row(t.dataset, DIFFMM_TRAIN, u, &row, &count));
        memcpy(items + pointers[u], row, count * sizeof *row);
        pointers[u + 1] = pointers[u] + (int64_t)count;
    }
    const diffmm_diffusion_batch batch = {.struct_size = sizeof batch,
                                          .users = 70,
                                          .row_pointers = pointers,
                                          .row_items = items,
                                          .epoch = 1};
    expect_success(diffmm_diffusion_generate(diffmm_model_diffusion(t.model, "image"), &batch, 3,
                                             neighbors, NULL));
    const int64_t *rows;
    const int32_t *columns;
    expect_success(diffmm_graph_rows(diffmm_model_graph(t.model, "image"), &rows, &columns, NULL));
    for (size_t u = 0; u < 70; u++) {
        ck_assert_int_eq(rows[u + 1] - rows[u], 4); /* and itself */
        for (size_t r = 0; r < 3; r++) {
            bool there = false;
            for (int64_t e = rows[u]; e < rows[u + 1]; e++)
                there |= columns[e] == 70 + neighbors[3 * u + r];
            ck_assert_msg(there, "user %zu: item %d", u, neighbors[3 * u + r]);
        }
    }
    training_end(&t);
}
END_TEST

START_TEST(a_copy_trains_on_without_the_model)
{
    struct training t;
    diffmm_diffusion *copy;
    training_begin(&t, none);
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    expect_success(diffmm_diffusion_copy(diffmm_model_diffusion(t.model, "text"), &copy));
    training_end(&t);
    static const int64_t pointers[] = {0, 2};
    static const int32_t items[] = {3, 8};
    const diffmm_diffusion_batch batch = {.struct_size = sizeof batch,
                                          .users = 1,
                                          .row_pointers = pointers,
                                          .row_items = items,
                                          .epoch = 2};
    expect_success(diffmm_diffusion_step(copy, &batch, NULL));
    ck_assert_uint_eq(diffmm_diffusion_steps(copy), 3);
    diffmm_diffusion_destroy(copy);
}
END_TEST

START_TEST(models_without_denoisers_have_none)
{
    struct training t;
    diffmm_model *plain, *loaded;
    static unsigned char file[1 << 18];
    size_t size;
    training_begin(&t, (const char *const[]){"diffusion.enabled", "false", NULL});
    expect_success(diffmm_model_create(t.dataset, t.options, &plain));
    expect_success(diffmm_model_forward(plain));
    expect_success(diffmm_model_save_memory(plain, file, sizeof file, &size));
    expect_success(diffmm_model_load_memory(t.context, file, size, &loaded));
    ck_assert_ptr_null(diffmm_model_diffusion(t.model, "image"));
    ck_assert_ptr_null(diffmm_model_diffusion(plain, "image"));
    ck_assert_ptr_null(diffmm_model_diffusion(loaded, "image"));
    diffmm_model_destroy(plain);
    diffmm_model_destroy(loaded);
    training_end(&t);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {lent_with_its_parameters, generates_what_the_trainer_generates,
                                  a_copy_trains_on_without_the_model,
                                  models_without_denoisers_have_none};
    return run_tests("model/diffusion", tests, sizeof tests / sizeof *tests) != 0;
}
