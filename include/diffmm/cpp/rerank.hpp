/* SPDX-License-Identifier: BSD-2-Clause */
/** @file rerank.hpp
 *  Re-ranking: what becomes of hits after the ranking. (scorer::diversify() is there, too.) */
#ifndef DIFFMM_CPP_RERANK_HPP
#define DIFFMM_CPP_RERANK_HPP

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <diffmm/cpp/argument.hpp>
#include <diffmm/cpp/error.hpp>
#include <diffmm/cpp/query.hpp>
#include <diffmm/cpp/span.hpp>
#include <diffmm/rerank.h>

namespace diffmm
{
inline namespace DIFFMM_CPP
{

/** As many hits as there are. */
constexpr std::size_t all_hits = std::numeric_limits<std::size_t>::max();

namespace detail
{

/** Hits from a function that fills an array of at most `most` and tells how many. */
template <class Rerank>
std::vector<hit> reranked(std::size_t count, std::size_t most, const Rerank &rerank)
{
    std::vector<hit> out(count < most ? count : most);
    std::size_t found = 0;
    check(rerank(out.size(), out.data(), &found));
    out.resize(found);
    return out;
}

} // namespace detail

/** Of each group, the first `most` hits, in their order; `groups` has the group of each item, -1 being
 * none. @see diffmm_limit_groups() */
inline std::vector<hit> limit_groups(span<const hit> hits, span<const std::int32_t> groups,
                                     detail::amount most, detail::amount count = all_hits)
{
    return detail::reranked(count, hits.size(), [&](std::size_t n, hit *out, std::size_t *found) {
        return diffmm_limit_groups(groups.size(), groups.data(), most, hits.size(), hits.data(), n,
                                   out, found);
    });
}

/** Two rankings as one, of which the second has a share. @see diffmm_merge_hits() */
inline std::vector<hit> merge_hits(double share, span<const hit> first, span<const hit> second,
                                   detail::amount count = all_hits)
{
    return detail::reranked(
        count, first.size() + second.size(), [&](std::size_t n, hit *out, std::size_t *found) {
            return diffmm_merge_hits(share, first.size(), first.data(), second.size(),
                                     second.data(), n, out, found);
        });
}

/** Hits drawn at random without replacement, with probabilities in proportion to
 * exp(score / temperature). @see diffmm_explore() */
inline std::vector<hit> explore(span<const hit> hits, double temperature, std::uint64_t seed,
                                std::uint64_t stream, detail::amount count = all_hits)
{
    return detail::reranked(count, hits.size(), [&](std::size_t n, hit *out, std::size_t *found) {
        std::vector<double> scratch(n);
        return diffmm_explore(temperature, seed, stream, hits.size(), hits.data(), n,
                              scratch.data(), out, found);
    });
}

} // namespace DIFFMM_CPP
} // namespace diffmm

#endif
