/* SPDX-License-Identifier: BSD-2-Clause */
/* A batch with predictions x_hat of its own, for tests of single loss terms. */
#ifndef DIFFMM_TESTS_LOSS_TERMS_H
#define DIFFMM_TESTS_LOSS_TERMS_H

#include "support/close.h"
#include "support/oracle_loss.h"

struct terms {
    struct loss_batch batch;
    diffmm_schedule *schedule;
    struct oracle_schedule exact_schedule;
    size_t size;
    float *x_hat, *gradient;
    double *exact_hat, *want_gradient, *per_user, *want_per_user;
};

static inline void terms_begin(struct terms *s, size_t rows, size_t items, size_t d)
{
    struct draws draws = {rows + items};
    enum { steps = 4 };
    loss_batch_begin(&s->batch, rows, items, d, steps, 0.0, 5);
    s->schedule = test_schedule(steps, 1.0, 1);
    s->exact_schedule = test_oracle(steps, 1.0, 1);
    s->size = rows * items;
    s->x_hat = malloc(2 * s->size * sizeof(float));
    s->gradient = s->x_hat + s->size;
    s->exact_hat = malloc(2 * (s->size + rows) * sizeof(double));
    s->want_gradient = s->exact_hat + s->size;
    s->per_user = s->want_gradient + s->size;
    s->want_per_user = s->per_user + rows;
    draw_normals(&draws, s->size, 0.5, s->x_hat);
    for (size_t i = 0; i < s->size; i++)
        s->exact_hat[i] = (double)s->x_hat[i];
    memset(s->want_gradient, 0, s->size * sizeof(double));
    fill(s->size, NAN, s->gradient);
}

static inline void terms_end(struct terms *s)
{
    loss_batch_end(&s->batch);
    diffmm_schedule_destroy(s->schedule);
    free(s->x_hat);
    free(s->exact_hat);
}

/* What a term gave is what the oracle gave. */
static inline void expect_terms(const struct terms *s, double loss, double want)
{
    expect_close("loss", 0, loss, want, 2e-6 * want);
    for (size_t b = 0; b < s->batch.rows; b++)
        expect_close("per_user", b, s->per_user[b], s->want_per_user[b],
                     2e-6 * (s->want_per_user[b] + want));
    expect_near("grad_x_hat", s->size, s->gradient, s->want_gradient, 2e-6);
}

enum { terms_shape_count = 4 };
static const struct {
    size_t rows, items, d;
} terms_shapes[terms_shape_count] = {{1, 1, 1}, {1, 9, 3}, {5, 31, 16}, {4, 17, 19}};

#endif
