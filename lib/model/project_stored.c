/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/project_stored.h"

#include "base/pool.h"
#include "linalg/gemm.h"
#include "model/workspace.h"

/* One chunk of the items, those of split-k, has one block of converted rows at a time. */
struct products {
    const diffmm_model *model;
    const struct diffmm__model_modality *modality;
    struct diffmm__part part; /* items; backward: rows of the weight's gradient */
    size_t chunks;
    float *projected;      /* forward */
    const float *gradient; /* backward */
};

static float *block_of(const struct products *p, size_t chunk)
{
    return p->model->workspace->stored +
           chunk * diffmm__gemm_most_terms() * p->modality->dimensions;
}

static void project_chunk(void *argument, size_t chunk, size_t worker)
{
    (void)worker;
    const struct products *p = argument;
    const struct diffmm__model_modality *modality = p->modality;
    size_t d = p->model->d, inputs = modality->dimensions;
    const float *weight = modality->weight->values;
    bool linear = modality->projection == DIFFMM__PROJECTION_LINEAR;
    float *block = block_of(p, chunk);
    size_t items = p->part.end - p->part.first;
    size_t end = p->part.first + items * (chunk + 1) / p->chunks;
    for (size_t i = p->part.first + items * chunk / p->chunks, count; i < end; i += count) {
        count = diffmm__gemm_next_terms(end - i);
        diffmm__stored_rows_load(&modality->stored, i, count, block);
        diffmm__gemm_serial(count, d, inputs, 1.0f, diffmm__plain(block, inputs),
                            linear ? diffmm__transposed(weight, inputs) : diffmm__plain(weight, d),
                            0.0f, p->projected + i * d, d);
    }
}

void diffmm__project_stored(const diffmm_model *model,
                            const struct diffmm__model_modality *modality, struct diffmm__part part,
                            float *projected)
{
    struct products p = {.model = model,
                         .modality = modality,
                         .part = part,
                         .chunks = diffmm__gemm_chunks(model->items),
                         .projected = projected};
    diffmm__parallel(model->context, p.chunks, project_chunk, &p);
}

static void gradient_chunk(void *argument, size_t chunk, size_t worker)
{
    (void)worker;
    const struct products *p = argument;
    size_t d = p->model->d, inputs = p->modality->dimensions, items = p->model->items;
    bool linear = p->modality->projection == DIFFMM__PROJECTION_LINEAR;
    struct diffmm__part part = p->part;
    size_t rows = part.end - part.first, columns = linear ? inputs : d;
    float *block = block_of(p, chunk), *sum = p->model->workspace->split_k + chunk * rows * columns;
    size_t begin = items * chunk / p->chunks, end = items * (chunk + 1) / p->chunks;
    for (size_t i = begin, count; i < end; i += count) {
        float beta = i == begin ? 0.0f : 1.0f;
        const float *gradient = p->gradient + i * d;
        count = diffmm__gemm_next_terms(end - i);
        diffmm__stored_rows_load(&p->modality->stored, i, count, block);
        diffmm__gemm_serial(rows, columns, count, 1.0f,
                            linear ? diffmm__transposed(gradient + part.first, d)
                                   : diffmm__transposed(block + part.first, inputs),
                            linear ? diffmm__plain(block, inputs) : diffmm__plain(gradient, d),
                            beta, sum, columns);
    }
}

void diffmm__project_stored_backward(const diffmm_model *model,
                                     const struct diffmm__model_modality *modality,
                                     struct diffmm__part part, const float *gradient, float *out)
{
    bool linear = modality->projection == DIFFMM__PROJECTION_LINEAR;
    size_t columns = linear ? modality->dimensions : model->d;
    struct products p = {.model = model,
                         .modality = modality,
                         .part = part,
                         .chunks = diffmm__gemm_chunks(model->items),
                         .gradient = gradient};
    diffmm__parallel(model->context, p.chunks, gradient_chunk, &p);
    diffmm__gemm_add_chunks(model->items, (part.end - part.first) * columns,
                            model->workspace->split_k, out);
}
