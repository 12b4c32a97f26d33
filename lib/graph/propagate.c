/* SPDX-License-Identifier: BSD-2-Clause */
#include "graph/propagate.h"

#include <string.h>

#include "base/handle.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/status.h"
#include "linalg/kernels.h"

struct product {
    const struct diffmm__csr *csr;
    size_t first, d; /* the first row */
    float factor;
    const float *x, *add;
    float *y;
    const struct diffmm__vector_kernels *kernels;
};

static void product_rows(void *argument, size_t begin, size_t end)
{
    const struct product *p = argument;
    size_t d = p->d;
    for (size_t r = p->first + begin; r < p->first + end; r++) {
        int64_t first = p->csr->pointers[r];
        p->kernels->add_rows((size_t)(p->csr->pointers[r + 1] - first), p->csr->indices + first,
                             p->csr->values + first, p->factor, d, p->x,
                             p->add ? p->add + r * d : NULL, p->y + r * d);
    }
}

void diffmm__graph_multiply_rows(const diffmm_graph *graph, bool transposed, size_t first,
                                 size_t end, size_t d, float factor, const float *x,
                                 const float *add, float *y)
{
    struct product p = {.csr = transposed ? &graph->transposed : &graph->rows,
                        .first = first,
                        .d = d,
                        .factor = factor,
                        .x = x,
                        .add = add,
                        .y = y,
                        .kernels = diffmm__kernels()};
    diffmm__parallel_ranges(graph->context, end - first, 256, product_rows, &p);
}

void diffmm__graph_multiply(const diffmm_graph *graph, bool transposed, size_t d, float factor,
                            const float *x, const float *add, float *y)
{
    diffmm__graph_multiply_rows(graph, transposed, 0, graph->nodes, d, factor, x, add, y);
}

/* Horner's scheme: H = X + A (X + A (X + ..)), L products and no running sum. The last product must end
 * in h, so the two buffers alternate backwards from it. */
float *diffmm__propagate_rows(const diffmm_graph *graph, bool transposed, size_t layers,
                              size_t step, size_t first, size_t end, size_t d, const float *x,
                              float *h, float *scratch)
{
    bool into_h = (layers - step) % 2;
    const float *inner = step == 0 ? x : into_h ? scratch : h;
    float *outer = into_h ? h : scratch;
    diffmm__graph_multiply_rows(graph, transposed, first, end, d, 1.0f, inner, x, outer);
    return outer;
}

void diffmm__propagate(const diffmm_graph *graph, bool transposed, size_t layers, size_t d,
                       const float *x, float *h, float *scratch)
{
    if (layers == 0)
        memcpy(h, x, graph->nodes * d * sizeof *h);
    for (size_t l = 0; l < layers; l++)
        diffmm__propagate_rows(graph, transposed, layers, l, 0, graph->nodes, d, x, h, scratch);
}

/* An argument, and its name in the public function. */
struct named {
    const float *values;
    const char *name;
};

static diffmm_status check(const diffmm_graph *graph, size_t d, struct named in, struct named out)
{
    if (!graph)
        return diffmm__null("graph");
    if (!in.values || !out.values)
        return diffmm__null(!in.values ? in.name : out.name);
    if (d == 0 || d > (size_t)1 << 24)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "d is %zu, not 1 to 2^24", d);
    uintptr_t first = (uintptr_t)in.values, second = (uintptr_t)out.values;
    uintptr_t size = graph->nodes * d * sizeof(float);
    if (first < second + size && second < first + size)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "%s and %s overlap", in.name, out.name);
    return DIFFMM_OK;
}

diffmm_status diffmm_graph_multiply(const diffmm_graph *graph, size_t d, const float *x, float *y)
{
    DIFFMM__CALL call = diffmm__call_reads(graph);
    diffmm_status status = check(graph, d, (struct named){x, "x"}, (struct named){y, "y"});
    if (!status)
        diffmm__graph_multiply(graph, false, d, 1.0f, x, NULL, y);
    return status;
}

diffmm_status diffmm_graph_multiply_transposed(const diffmm_graph *graph, size_t d, const float *x,
                                               float *y)
{
    DIFFMM__CALL call = diffmm__call_reads(graph);
    diffmm_status status = check(graph, d, (struct named){x, "x"}, (struct named){y, "y"});
    if (!status)
        diffmm__graph_multiply(graph, true, d, 1.0f, x, NULL, y);
    return status;
}

static diffmm_status propagate(const diffmm_graph *graph, bool transposed, size_t layers, size_t d,
                               const float *x, float *h)
{
    float *scratch = NULL;
    if (layers > 1) {
        scratch = diffmm__allocate(graph->context, graph->nodes * d, sizeof *scratch);
        if (!scratch)
            return DIFFMM_ERROR_NO_MEMORY;
    }
    diffmm__propagate(graph, transposed, layers, d, x, h, scratch);
    diffmm__release(graph->context, scratch);
    return DIFFMM_OK;
}

diffmm_status diffmm_propagate(const diffmm_graph *graph, size_t layers, size_t d, const float *x,
                               float *h)
{
    DIFFMM__CALL call = diffmm__call_reads(graph);
    diffmm_status status = check(graph, d, (struct named){x, "x"}, (struct named){h, "h"});
    return status ? status : propagate(graph, false, layers, d, x, h);
}

diffmm_status diffmm_propagate_backward(const diffmm_graph *graph, size_t layers, size_t d,
                                        const float *grad_h, float *grad_x)
{
    DIFFMM__CALL call = diffmm__call_reads(graph);
    diffmm_status status =
        check(graph, d, (struct named){grad_h, "grad_h"}, (struct named){grad_x, "grad_x"});
    return status ? status : propagate(graph, true, layers, d, grad_h, grad_x);
}
