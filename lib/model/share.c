/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/share.h"

#include <string.h>

#include "base/sizes.h"
#include "graph/propagate.h"
#include "linalg/csr.h"
#include "linalg/vectors.h"

enum { unit_rows = 16 }; /* which products compute at once */

static void set_part(struct diffmm__share *share, size_t first, size_t end)
{
    share->node = (struct diffmm__part){first, end};
    share->user = (struct diffmm__part){diffmm__size_lesser(first, share->users),
                                        diffmm__size_lesser(end, share->users)};
    share->item = (struct diffmm__part){diffmm__size_greater(first, share->users) - share->users,
                                        diffmm__size_greater(end, share->users) - share->users};
}

struct diffmm__share diffmm__share_alone(const diffmm_model *model)
{
    struct diffmm__share share = {.peers = diffmm__peers_alone(),
                                  .users = model->users,
                                  .nodes = model->users + model->items,
                                  .d = model->d};
    set_part(&share, 0, share.nodes);
    return share;
}

/* Entries of the rows before `row` in all graphs, and one for the row itself. */
static size_t work_before(const diffmm_model *model, size_t row)
{
    size_t entries = row + (size_t)model->adjacency->rows.pointers[row];
    for (size_t m = 0; m < model->modality_count; m++)
        entries += (size_t)model->modalities[m].graph->rows.pointers[row];
    return entries;
}

/* The first node before which there is so much work. */
static size_t node_after(const diffmm_model *model, size_t work)
{
    size_t low = 0, high = model->users + model->items;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (work_before(model, middle) < work)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct diffmm__share diffmm__share_among(const diffmm_model *model,
                                         const struct diffmm__peers *peers)
{
    struct diffmm__share share = diffmm__share_alone(model);
    if (peers->size == 1)
        return share;
    size_t *firsts = peers->firsts[0], all = work_before(model, share.nodes);
    for (size_t rank = 0; rank <= peers->size; rank++)
        firsts[rank] = node_after(model, diffmm__peers_first(peers, all, rank));
    share.peers = *peers;
    set_part(&share, firsts[peers->rank], firsts[peers->rank + 1]);
    return share;
}

struct diffmm__part diffmm__share_rows(const struct diffmm__share *share, size_t rows)
{
    struct diffmm__part units =
        diffmm__peers_part(&share->peers, (rows + unit_rows - 1) / unit_rows);
    return (struct diffmm__part){diffmm__size_lesser(units.first * unit_rows, rows),
                                 diffmm__size_lesser(units.end * unit_rows, rows)};
}

diffmm_status diffmm__share_gather_rows(const struct diffmm__share *share, size_t rows,
                                        size_t bytes, void *data)
{
    return diffmm__peers_gather(&share->peers, data, unit_rows * bytes, rows * bytes);
}

void diffmm__share_multiply(const struct diffmm__share *share, const diffmm_graph *graph,
                            bool transposed, float factor, const float *x, const float *add,
                            float *y)
{
    diffmm__graph_multiply_rows(graph, transposed, share->node.first, share->node.end, share->d,
                                factor, x, add, y);
}

diffmm_status diffmm__share_propagate(const struct diffmm__share *share, const diffmm_graph *graph,
                                      bool transposed, size_t layers, const float *x, float *h,
                                      float *scratch)
{
    diffmm_status status = DIFFMM_OK;
    if (layers == 0)
        memcpy(h, x, share->nodes * share->d * sizeof *h);
    for (size_t l = 0; l < layers && !status; l++) {
        float *sum = diffmm__propagate_rows(graph, transposed, layers, l, share->node.first,
                                            share->node.end, share->d, x, h, scratch);
        if (l + 1 < layers)
            status = diffmm__share_gather(share, sum);
    }
    return status;
}

/* Of rows `begin` up to `end`; x is where the first of them stands. */
static diffmm_status gather(const struct diffmm__share *share, size_t begin, size_t end, float *x)
{
    return diffmm__peers_gather_parts(&share->peers, share->peers.firsts[0], begin, end, x,
                                      share->d * sizeof *x);
}

diffmm_status diffmm__share_gather(const struct diffmm__share *share, float *x)
{
    return gather(share, 0, share->nodes, x);
}

diffmm_status diffmm__share_gather_users(const struct diffmm__share *share, float *x)
{
    return gather(share, 0, share->users, x);
}

diffmm_status diffmm__share_gather_items(const struct diffmm__share *share, float *x)
{
    return gather(share, share->users, share->nodes, x);
}

/* The first stretch that ends beyond a node: that of the node's first float, counted from `begin`. */
static size_t stretch_of(const struct diffmm__share *share, size_t begin, size_t node)
{
    size_t floats = (diffmm__size_greater(node, begin) - begin) * share->d;
    return node == share->nodes ? (floats + DIFFMM__DOT_STRETCH - 1) / DIFFMM__DOT_STRETCH
                                : floats / DIFFMM__DOT_STRETCH;
}

size_t diffmm__share_dot_from(const struct diffmm__share *share, size_t begin)
{
    if (share->node.first <= begin)
        return share->node.first;
    size_t stretch = stretch_of(share, begin, share->node.first);
    return diffmm__size_lesser(begin + stretch * DIFFMM__DOT_STRETCH / share->d, share->node.first);
}

diffmm_status diffmm__share_dot(const struct diffmm__share *share, const diffmm_context *context,
                                size_t begin, const float *x, const float *y, double *sums,
                                double *out)
{
    size_t floats = (share->nodes - begin) * share->d;
    if (share->peers.size == 1) {
        *out = diffmm__vector_dot(context, floats, x, y);
        return DIFFMM_OK;
    }
    const struct diffmm__peers *peers = &share->peers;
    size_t *firsts = peers->firsts[1], first = stretch_of(share, begin, share->node.first),
           end = stretch_of(share, begin, share->node.end),
           count = stretch_of(share, begin, share->nodes);
    diffmm__vector_dot_stretches(context, floats, x, y, first, end, sums);
    for (size_t rank = 0; rank <= peers->size; rank++)
        firsts[rank] = stretch_of(share, begin, peers->firsts[0][rank]);
    diffmm_status status = diffmm__peers_gather_parts(peers, firsts, 0, count, sums, sizeof *sums);
    *out = 0.0;
    for (size_t s = 0; s < count && !status; s++)
        *out += sums[s];
    return status;
}
