/* SPDX-License-Identifier: BSD-2-Clause */
#include "graph/multiply.h"

#include "base/pool.h"
#include "base/sizes.h"
#include "linalg/kernels.h"

struct product {
    const struct diffmm__csr *csr;
    size_t first, d; /* the first row */
    float factor;
    const float *x, *add;
    float *y;
    const struct diffmm__vector_kernels *kernels;
    struct diffmm__part columns; /* add_columns() alone: the others are left out */
};

static void add_entries(const struct product *p, size_t row, int64_t first, int64_t end)
{
    p->kernels->add_rows((size_t)(end - first), p->csr->indices + first, p->csr->values + first,
                         p->factor, p->d, p->x, p->add ? p->add + row * p->d : NULL,
                         p->y + row * p->d);
}

static void product_rows(void *argument, size_t begin, size_t end)
{
    const struct product *p = argument;
    for (size_t r = p->first + begin; r < p->first + end; r++)
        add_entries(p, r, p->csr->pointers[r], p->csr->pointers[r + 1]);
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

/* The first entry of a row in a column or after it. Most rows are short: counting is faster there than
 * to search. */
static int64_t entry_from(const struct diffmm__csr *csr, size_t row, size_t column)
{
    enum { few = 32 };
    int64_t first = csr->pointers[row], end = csr->pointers[row + 1];
    if (column == 0)
        return first;
    if (column >= csr->columns)
        return end;
    if (end - first > few)
        return diffmm__csr_lower_bound(csr, row, (int32_t)column);
    int64_t before = 0;
    for (int64_t e = first; e < end; e++)
        before += csr->indices[e] < (int32_t)column;
    return first + before;
}

static void add_columns(void *argument, size_t begin, size_t end)
{
    const struct product *p = argument;
    for (size_t r = p->first + begin; r < p->first + end; r++)
        add_entries(p, r, entry_from(p->csr, r, p->columns.first),
                    entry_from(p->csr, r, p->columns.end));
}

/* The columns that a peer adds to items' rows: those of its users; the last peer also those of items,
 * which come after all users'. */
static struct diffmm__part columns_of(const struct diffmm__share *share)
{
    bool last = share->peers.rank + 1 == share->peers.size;
    return (struct diffmm__part){share->user.first, last ? share->nodes : share->user.end};
}

/* Items' rows, handed on from peer to peer in blocks of some rows. */
struct chain {
    const struct diffmm__share *share;
    const diffmm_context *context;
    struct product product;
    size_t block, blocks; /* rows of a block; how many there are */
};

/* The rows of block `index`, which may be none; counted as nodes. */
static struct diffmm__part rows_of(const struct chain *c, size_t index)
{
    size_t users = c->share->users, nodes = c->share->nodes;
    if (index >= c->blocks) /* one before the first as well */
        return (struct diffmm__part){nodes, nodes};
    return (struct diffmm__part){users + index * c->block,
                                 diffmm__size_lesser(users + (index + 1) * c->block, nodes)};
}

static struct diffmm__message rows_to(const struct chain *c, size_t peer, size_t index)
{
    struct diffmm__part rows = rows_of(c, index);
    size_t d = c->share->d;
    return (struct diffmm__message){.peer = peer,
                                    .bytes = (rows.end - rows.first) * d * sizeof(float),
                                    .data = c->product.y + rows.first * d};
}

/* What this peer's columns add to a block. */
static void add_block(struct chain *c, size_t index)
{
    struct diffmm__part rows = rows_of(c, index);
    c->product.first = rows.first;
    diffmm__parallel_ranges(c->context, rows.end - rows.first, 64, add_columns, &c->product);
}

/* Moves each block by one peer in the ring. In step t peer r sends block t - r, to which it has just
 * added its columns, and what is behind by a whole turn, of which the sums are complete. */
static diffmm_status step(struct chain *c, size_t t)
{
    const struct diffmm__peers *peers = &c->share->peers;
    size_t size = peers->size, rank = peers->rank, next = diffmm__peers_next(peers),
           previous = diffmm__peers_previous(peers);
    const struct diffmm__message nothing = {.bytes = 0};
    struct diffmm__message out = rows_to(c, next, t - rank),
                           in = rows_to(c, previous, t - (rank > 0 ? rank - 1 : size - 1));
    add_block(c, t - rank);
    diffmm_status status = diffmm__peers_exchange(peers, &out, &in);
    if (status)
        return status;
    /* The peer before the last one of the chain is the last to receive the sums. */
    out = rank + 2 < size ? rows_to(c, next, t - rank - size) : nothing;
    in = rank > 0 && rank + 1 < size ? rows_to(c, previous, t - (rank - 1) - size) : nothing;
    return diffmm__peers_exchange(peers, &out, &in);
}

/* An item's row is a sum over its users, in their order. Each peer adds its own users' part to what it
 * has received from the peer before it, so that all sums have the order of one process; the last one
 * adds loops and sends the rows on to all. Blocks follow each other, so that all peers add at once. */
static diffmm_status multiply_items(const struct diffmm__share *share,
                                    const diffmm_context *context, const struct product *product)
{
    enum { block_bytes = 1 << 18 };
    size_t row_bytes = share->d * sizeof(float), items = share->nodes - share->users;
    struct chain c = {.share = share,
                      .context = context,
                      .product = *product,
                      .block = block_bytes / row_bytes + 1};
    c.blocks = (items + c.block - 1) / c.block;
    c.product.columns = columns_of(share);
    if (share->peers.rank > 0)
        c.product.add = c.product.y;
    diffmm_status status = DIFFMM_OK;
    for (size_t t = 0; t < c.blocks + 2 * share->peers.size - 3 && !status; t++)
        status = step(&c, t);
    return status;
}

diffmm_status diffmm__graph_multiply_shared(const struct diffmm__share *share,
                                            const diffmm_graph *graph, bool transposed,
                                            float factor, const float *x, const float *add,
                                            float *y)
{
    if (share->peers.size == 1) {
        diffmm__graph_multiply(graph, transposed, share->d, factor, x, add, y);
        return DIFFMM_OK;
    }
    diffmm__graph_multiply_rows(graph, transposed, share->user.first, share->user.end, share->d,
                                factor, x, add, y);
    return multiply_items(share, graph->context,
                          &(struct product){.csr = transposed ? &graph->transposed : &graph->rows,
                                            .d = share->d,
                                            .factor = factor,
                                            .x = x,
                                            .add = add,
                                            .y = y,
                                            .kernels = diffmm__kernels()});
}
