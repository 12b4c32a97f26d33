/* SPDX-License-Identifier: BSD-2-Clause */
/** @file rerank.h
 *  Re-ranking: what becomes of hits after the ranking. Variety, limits per group, a share for new
 *  items, exploration. Each function takes hits, best first, and gives hits in the order in which
 *  they are to be shown, with the scores that they came with: these need not descend any more. As
 *  many as there are, at most `count`, are written and counted in `found`; the rest of `out` is not
 *  touched. Functions follow on each other: rank more items than are to be shown, then diversify,
 *  then limit.
 *
 *  The same input gives the same bits on every machine. Nothing is allocated.
 *
 *  DIFFMM_ERROR_NUMERIC for scores that are not finite, where scores count.
 *
 *  Context and threads: no context; any thread at any time, on arrays that no other thread
 *  writes. */
#ifndef DIFFMM_RERANK_H
#define DIFFMM_RERANK_H

#include <diffmm/recommend.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Diversify hits by maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998): take one
 *  after the other, each time the hit i that has the largest
 *
 *      lambda r_i - (1 - lambda) max over taken j of cos(x_i, x_j),
 *
 *  the earlier one in `hits` where two are equal. The maximum over none is 0, so that the best hit
 *  comes first. r_i is the score between the lowest and the highest of these hits,
 *
 *      r_i = (score_i - min) / (max - min),   1 if all are equal,
 *
 *  so that lambda means the same for every user; hits of little relevance among them compress the
 *  others, so take a small multiple of `count` of the best. x_i is the item's final embedding (as for
 *  diffmm_similar_items()), or its features in one modality as the model projects and normalises
 *  them; the cosine with a row of zeros is 0. Computes hit_count x count products of d.
 *  @param scorer     whose items these are; read
 *  @param modality   NULL: final embeddings; else the name of the modality whose features are
 *                    compared. DIFFMM_ERROR_NOT_FOUND if there is none of that name,
 *                    DIFFMM_ERROR_STATE as for diffmm_fold_in()
 *  @param lambda     within [0, 1]; 1: as they are ranked, 0: as different as can be
 *  @param hit_count  size of hits
 *  @param hits       of distinct items
 *  @param count      how many are wanted
 *  @param scratch    room for 2 hit_count doubles, whose content does not matter
 *  @param out        room for `count`; does not overlap `hits`
 *  @param found      how many were written: min(count, hit_count) */
DIFFMM_API diffmm_status diffmm_diversify(const diffmm_scorer *scorer, const char *modality,
                                          double lambda, size_t hit_count, const diffmm_hit *hits,
                                          size_t count, double *scratch, diffmm_hit *out,
                                          size_t *found);

/** Limit groups, such as authors or categories: of each group, the first `most` hits stay, in their
 *  order. Takes time in proportion to hit_count times the hits that stay.
 *  @param item_count  size of groups
 *  @param groups      the group of each item, any number from 0; -1: of none, without a limit
 *  @param most        how many of a group stay, at least 1
 *  @param hit_count   size of hits
 *  @param hits        of items below item_count
 *  @param count       how many hits are wanted
 *  @param out         room for `count`; may be `hits`, else does not overlap them
 *  @param found       how many were written */
DIFFMM_API diffmm_status diffmm_limit_groups(size_t item_count, const int32_t *groups, size_t most,
                                             size_t hit_count, const diffmm_hit *hits, size_t count,
                                             diffmm_hit *out, size_t *found);

/** Merge two rankings, such as of all items and of new ones (under diffmm_query::candidates), so
 *  that the second has a share: among the first n hits that come out, for every n, at least
 *  floor(share n) are of items in `second`, as long as it lasts (share n may lack 1e-9 of a whole
 *  number: .29 of 100 is 29). Otherwise hits are taken from `first`, those that `second` has too
 *  being counted in its share, and from `second` when `first` has ended. No item comes twice: its
 *  hit is that which is taken first. Takes time in proportion to the square of the hits.
 *  @param share         within [0, 1]
 *  @param first_count   size of first
 *  @param first         best first
 *  @param second_count  size of second
 *  @param second        best first
 *  @param count         how many hits are wanted
 *  @param out           room for `count`; overlaps neither
 *  @param found         how many were written */
DIFFMM_API diffmm_status diffmm_merge_hits(double share, size_t first_count,
                                           const diffmm_hit *first, size_t second_count,
                                           const diffmm_hit *second, size_t count, diffmm_hit *out,
                                           size_t *found);

/** Explore: draw hits at random without replacement, one after the other, each with the probability
 *
 *      exp(score_i / temperature) / sum over those left of exp(score_j / temperature),
 *
 *  the model of Plackett and Luce, by the k largest of score_i + temperature g_i with independent
 *  draws g_i of the Gumbel distribution (Kool, van Hoof and Welling, ICML 2019). Item i comes before
 *  item j with the probability sigmoid((score_i - score_j) / temperature): with temperature 1, what
 *  BPR has learnt to be the probability that i is preferred to j. g_i is a function of seed, stream
 *  and item: another set of hits leaves it as it is.
 *  @param temperature  in units of the scores, from 0 to the largest float; 0: by the score, the earlier
 *                      hit first where two are equal
 *  @param seed         any number
 *  @param stream       which draw of this seed, below 2^56: of the user, or of the request
 *  @param hit_count    size of hits
 *  @param hits         of distinct items, in any order
 *  @param count        how many are wanted
 *  @param scratch      room for min(count, hit_count) doubles, whose content does not matter
 *  @param out          room for `count`; does not overlap `hits`
 *  @param found        how many were written: min(count, hit_count) */
DIFFMM_API diffmm_status diffmm_explore(double temperature, uint64_t seed, uint64_t stream,
                                        size_t hit_count, const diffmm_hit *hits, size_t count,
                                        double *scratch, diffmm_hit *out, size_t *found);

#ifdef __cplusplus
}
#endif
#endif
