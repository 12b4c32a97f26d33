/* SPDX-License-Identifier: BSD-2-Clause */
/* Which part of a batch's work this process does, where peers share the training: rows of the products
 * with the graphs (nodes) and of the projections (items). A row is computed whole by one peer, in the
 * order of one process, and the others receive it; sums that run over all rows are taken of the same
 * stretches in the same order. So the bits are those of one process, for any number of peers. */
#ifndef DIFFMM_MODEL_SHARE_H
#define DIFFMM_MODEL_SHARE_H

#include "graph/graph.h"
#include "model/model.h"
#include "peers/peers.h"

struct diffmm__share {
    struct diffmm__peers peers; /* a view; firsts[0]: the first node of each, firsts[1]: scratch */
    size_t users, nodes, d;
    struct diffmm__part node; /* this peer's nodes, and of these .. */
    struct diffmm__part user; /* .. the users .. */
    struct diffmm__part item; /* .. and the items, from 0 */
};

struct diffmm__share diffmm__share_alone(const diffmm_model *model);

/* The nodes are cut so that each peer's have about as many entries in all of the model's graphs; to be
 * taken anew where these change. Alone with peers of size 1. */
struct diffmm__share diffmm__share_among(const diffmm_model *model,
                                         const struct diffmm__peers *peers);

/* Rows of some other matrix, cut evenly: this peer's of `rows`. And the rows of all, of `bytes` each, to
 * all. */
struct diffmm__part diffmm__share_rows(const struct diffmm__share *share, size_t rows);
diffmm_status diffmm__share_gather_rows(const struct diffmm__share *share, size_t rows,
                                        size_t bytes, void *data);

/* This peer's rows of diffmm__graph_multiply() and of diffmm__propagate(), of which x has all rows. The
 * second gathers what each layer needs. */
void diffmm__share_multiply(const struct diffmm__share *share, const diffmm_graph *graph,
                            bool transposed, float factor, const float *x, const float *add,
                            float *y);
diffmm_status diffmm__share_propagate(const struct diffmm__share *share, const diffmm_graph *graph,
                                      bool transposed, size_t layers, const float *x, float *h,
                                      float *scratch);

/* What each peer has of its nodes, to all: of a node matrix, N x d; of its users' rows; of an item
 * matrix, I x d. */
diffmm_status diffmm__share_gather(const struct diffmm__share *share, float *x);
diffmm_status diffmm__share_gather_users(const struct diffmm__share *share, float *x);
diffmm_status diffmm__share_gather_items(const struct diffmm__share *share, float *x);

/* diffmm__vector_dot() of rows `begin` to the last of two node matrices, of which this peer's rows are
 * known, from diffmm__share_dot_from() on; `begin` is 0 or the first item. `sums` has a double for each
 * stretch. */
size_t diffmm__share_dot_from(const struct diffmm__share *share, size_t begin);
diffmm_status diffmm__share_dot(const struct diffmm__share *share, const diffmm_context *context,
                                size_t begin, const float *x, const float *y, double *sums,
                                double *out);

#endif
