/* SPDX-License-Identifier: BSD-2-Clause */
#include "graph/propagate.h"

#include "base/handle.h"
#include "base/memory.h"
#include "base/status.h"

/* Horner's scheme: H = X + A (X + A (X + ..)), L products and no running sum. The last product must end
 * in h, so the two buffers alternate backwards from it. */
diffmm_status diffmm__propagate_shared(const struct diffmm__share *share, const diffmm_graph *graph,
                                       bool transposed, size_t layers, const float *x, float *h,
                                       float *scratch)
{
    diffmm_status status = DIFFMM_OK;
    if (layers == 0)
        diffmm__share_copy(share, graph->context, x, h);
    for (size_t l = 0; l < layers && !status; l++) {
        bool into_h = (layers - l) % 2;
        const float *inner = l == 0 ? x : into_h ? scratch : h;
        status = diffmm__graph_multiply_shared(share, graph, transposed, 1.0f, inner, x,
                                               into_h ? h : scratch);
    }
    return status;
}

void diffmm__propagate(const diffmm_graph *graph, bool transposed, size_t layers, size_t d,
                       const float *x, float *h, float *scratch)
{
    const struct diffmm__share alone = diffmm__share_alone(graph->users, graph->items, d);
    (void)diffmm__propagate_shared(&alone, graph, transposed, layers, x, h, scratch);
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
