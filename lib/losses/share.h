/* SPDX-License-Identifier: BSD-2-Clause */
/* Which rows of a batch's matrices this process has, where peers share the training: of its own users,
 * and of all items. So no user's row travels, but those that a batch draws. A row is computed whole, or
 * its sum is handed on from peer to peer in the order of one process; sums that run over all rows are
 * taken of the same stretches in the same order. So the bits are those of one process, for any number of
 * peers. */
#ifndef DIFFMM_LOSSES_SHARE_H
#define DIFFMM_LOSSES_SHARE_H

#include <stdint.h>

#include <diffmm/context.h>

#include "peers/peers.h"

/* Of matrices with a row of d floats for each node: N = users + items nodes, users first. */
struct diffmm__share {
    struct diffmm__peers peers; /* a view; firsts[0]: the first user of each, firsts[1]: scratch */
    size_t users, nodes, d;
    struct diffmm__part user; /* this peer's users */
};

/* Of a process without peers: its are all users. */
struct diffmm__share diffmm__share_alone(size_t users, size_t items, size_t d);

/* The rows of a node matrix that this peer has: one or two contiguous parts. */
struct diffmm__spans {
    size_t count;
    struct diffmm__part parts[2];
};
struct diffmm__spans diffmm__share_spans(const struct diffmm__share *share);

/* These rows of a node matrix y become 0; x; y + factor x. */
void diffmm__share_clear(const struct diffmm__share *share, const diffmm_context *context,
                         float *y);
void diffmm__share_copy(const struct diffmm__share *share, const diffmm_context *context,
                        const float *x, float *y);
void diffmm__share_add_scaled(const struct diffmm__share *share, const diffmm_context *context,
                              float factor, const float *x, float *y);

/* diffmm__normalize_rows() of these rows; norms, unless NULL, has a float for each node. */
void diffmm__share_normalize(const struct diffmm__share *share, const diffmm_context *context,
                             const float *x, float *y, float *norms);

/* Rows of some other matrix, cut evenly: this peer's of `rows`. And the rows of all, of `bytes` each, to
 * all. */
struct diffmm__part diffmm__share_rows(const struct diffmm__share *share, size_t rows);
diffmm_status diffmm__share_gather_rows(const struct diffmm__share *share, size_t rows,
                                        size_t bytes, void *data);

/* What each peer has of its users' rows, of `bytes` each, to all. */
diffmm_status diffmm__share_gather_users(const struct diffmm__share *share, size_t bytes,
                                         void *data);

/* Copies the rows of `count` users, any of which may come more than once, from where each peer has its
 * own to `rows` of all peers. `scratch` has the size of `rows`, count x d. */
diffmm_status diffmm__share_collect(const struct diffmm__share *share, size_t count,
                                    const int32_t *users, const float *matrix, float *rows,
                                    float *scratch);

/* diffmm__vector_dot() of two node matrices, which may be one. Rows of other peers' users are written
 * to, where a stretch ends among them. `sums` has a double for each stretch. */
size_t diffmm__share_dot_sums(size_t nodes, size_t d);
diffmm_status diffmm__share_dot(const struct diffmm__share *share, const diffmm_context *context,
                                float *x, float *y, double *sums, double *out);

#endif
