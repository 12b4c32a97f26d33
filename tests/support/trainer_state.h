/* SPDX-License-Identifier: BSD-2-Clause */
/* Two trainers compared bit by bit: everything that the rest of a training depends on. */
#ifndef DIFFMM_TESTS_TRAINER_STATE_H
#define DIFFMM_TESTS_TRAINER_STATE_H

#include <stdlib.h>

#include "train/checkpoint/state.h"
#include "training.h"

static inline void expect_same_graph(const diffmm_graph *a, const diffmm_graph *b)
{
    const int64_t *pointers[2];
    const int32_t *columns[2];
    const float *values[2];
    size_t entries = diffmm_graph_entries(a);
    ck_assert_uint_eq(entries, diffmm_graph_entries(b));
    expect_success(diffmm_graph_rows(a, &pointers[0], &columns[0], &values[0]));
    expect_success(diffmm_graph_rows(b, &pointers[1], &columns[1], &values[1]));
    size_t nodes = diffmm_graph_users(a) + diffmm_graph_items(a);
    ck_assert_mem_eq(pointers[0], pointers[1], (nodes + 1) * sizeof(int64_t));
    ck_assert_mem_eq(columns[0], columns[1], entries * sizeof(int32_t));
    ck_assert_mem_eq(values[0], values[1], entries * sizeof(float));
}

/* What a report tells, but for the time it took. */
static inline void expect_same_report(const diffmm_report *a, const diffmm_report *b)
{
    ck_assert_uint_eq(a->epoch, b->epoch);
    ck_assert_uint_eq(a->best_epoch, b->best_epoch);
    ck_assert_int_eq(a->finished, b->finished);
    ck_assert_mem_eq(&a->loss, &b->loss, sizeof a->loss);
    ck_assert_uint_eq(a->modality_count, b->modality_count);
    ck_assert_mem_eq(a->denoiser_loss, b->denoiser_loss, a->modality_count * sizeof(double));
    ck_assert_uint_eq(a->cutoff_count, b->cutoff_count);
    ck_assert_mem_eq(a->valid, b->valid, a->cutoff_count * sizeof *a->valid);
    ck_assert_mem_eq(a->test, b->test, a->cutoff_count * sizeof *a->test);
    ck_assert_mem_eq(a->counted_flops, b->counted_flops, sizeof a->counted_flops);
    ck_assert(a->straight_flops == b->straight_flops);
    ck_assert_uint_eq(a->loss_count, b->loss_count);
    for (size_t i = 0; i < a->loss_count; i++) {
        ck_assert_str_eq(a->losses[i].name, b->losses[i].name);
        ck_assert(a->losses[i].weight == b->losses[i].weight);
        ck_assert(a->losses[i].value == b->losses[i].value);
    }
}

/* The model file that a trainer's model makes; to be freed. */
static inline void *model_bytes(const diffmm_trainer *trainer, size_t *size)
{
    const diffmm_model *model = diffmm_trainer_model(trainer);
    expect_success(diffmm_model_save_memory(model, NULL, 0, size));
    void *data = malloc(*size);
    expect_success(diffmm_model_save_memory(model, data, *size, size));
    return data;
}

static inline void expect_same_model_bytes(const diffmm_trainer *a, const diffmm_trainer *b)
{
    size_t sizes[2];
    void *x = model_bytes(a, &sizes[0]), *y = model_bytes(b, &sizes[1]);
    ck_assert_uint_eq(sizes[0], sizes[1]);
    ck_assert_mem_eq(x, y, sizes[0]);
    free(x);
    free(y);
}

static inline void expect_same_arrays(const diffmm_trainer *a, const diffmm_trainer *b)
{
    struct diffmm__state x, y;
    expect_success(diffmm__state_list(a, a->best.epoch > 0, &x));
    expect_success(diffmm__state_list(b, b->best.epoch > 0, &y));
    ck_assert_uint_eq(x.count, y.count);
    for (size_t i = 0; i < x.count; i++) {
        const struct diffmm__state_array *p = &x.arrays[i], *q = &y.arrays[i];
        ck_assert_str_eq(p->name, q->name);
        ck_assert_msg(memcmp(p->values, q->values, p->rows * p->columns * sizeof(float)) == 0,
                      "'%s' differs after epoch %zu", p->name, a->epoch);
    }
    diffmm__state_end(a, &x);
    diffmm__state_end(b, &y);
}

static inline void expect_same_trainers(const diffmm_trainer *a, const diffmm_trainer *b)
{
    diffmm_report p = {.struct_size = sizeof p}, q = p;
    expect_success(diffmm_trainer_report(a, &p));
    expect_success(diffmm_trainer_report(b, &q));
    expect_same_report(&p, &q);
    expect_same_arrays(a, b);
    ck_assert(a->model->steps == b->model->steps && a->stopped == b->stopped);
    ck_assert(a->best.epoch == b->best.epoch && a->best.loss == b->best.loss);
    ck_assert_mem_eq(a->best.valid, b->best.valid,
                     a->model->settings.cutoff_count * sizeof *a->best.valid);
    ck_assert_mem_eq(a->best.test, b->best.test,
                     a->model->settings.cutoff_count * sizeof *a->best.test);
    for (size_t m = 0; m < a->model->modality_count; m++) {
        const struct diffmm__model_modality *x = &a->model->modalities[m];
        const struct diffmm__model_modality *y = &b->model->modalities[m];
        ck_assert_uint_eq(diffmm_diffusion_steps(x->diffusion),
                          diffmm_diffusion_steps(y->diffusion));
        expect_same_graph(x->graph, y->graph);
        ck_assert((x->observed == NULL) == (y->observed == NULL));
        if (x->observed)
            expect_same_graph(x->observed, y->observed);
    }
    expect_same_model_bytes(a, b);
}

#endif
