/* SPDX-License-Identifier: BSD-2-Clause */
/** @file query.hpp
 *  What to recommend, and what comes back. */
#ifndef DIFFMM_CPP_QUERY_HPP
#define DIFFMM_CPP_QUERY_HPP

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <diffmm/cpp/argument.hpp>
#include <diffmm/cpp/error.hpp>
#include <diffmm/cpp/span.hpp>
#include <diffmm/recommend.h>

namespace diffmm
{
inline namespace DIFFMM_CPP
{

/** A recommended item: `for (auto [item, score] : ..)`. */
using hit = diffmm_hit;

/** In place of a user's number: a user whom training did not know. */
constexpr std::int32_t new_user = DIFFMM_NEW_USER;

/** Tells whether an item may be recommended to a user (new_user for an embedding); must answer the
 * same each time. May throw. */
using item_filter = std::function<bool(std::int32_t user, std::int32_t item)>;

/** What to recommend; restrictions hold together. What the spans stand on is borrowed during the
 * call. */
struct query {
    bool include_seen = false;        /**< items that the user has seen too */
    span<const std::int32_t> exclude; /**< items never recommended, in any order */
    std::optional<span<const std::int32_t>> candidates; /**< only these, in any order */
    std::optional<span<const std::uint8_t>> allowed;    /**< a bit per item, see bitmap() */
    item_filter filter;                           /**< asked only of items among the best so far */
    std::optional<detail::real<float>> min_score; /**< only scores of at least this */
    detail::amount threads = 0; /**< that may share one ranking, @see diffmm_query */
};

/** Bits for query::allowed, from one bool per item. */
inline std::vector<std::uint8_t> bitmap(const std::vector<bool> &allowed)
{
    std::vector<std::uint8_t> bits((allowed.size() + 7) / 8);
    for (std::size_t i = 0; i < allowed.size(); i++)
        if (allowed[i])
            bits[i / 8] = static_cast<std::uint8_t>(bits[i / 8] | 1U << i % 8);
    return bits;
}

/** Hits of a block of users: one span per user, best first. */
class rankings
{
  public:
    rankings(std::size_t users, std::size_t count)
        : count_(count), hits_(detail::product(users, count)), found_(users)
    {
    }
    std::size_t size() const noexcept
    {
        return found_.size();
    }
    span<const hit> operator[](std::size_t user) const noexcept
    {
        return {hits_.data() + user * count_, found_[user]};
    }

  private:
    friend class scorer;
    std::size_t count_;
    std::vector<hit> hits_;
    std::vector<std::size_t> found_;
};

namespace detail
{

/** Stands for an array without members where NULL would mean "all". */
inline constexpr std::int32_t no_item = 0;

inline int ask_filter(std::int32_t user, std::int32_t item, std::int32_t *keep,
                      void *user_data) noexcept
{
    return guarded([&] {
        *keep = (*static_cast<const item_filter *>(user_data))(user, item);
        return true;
    });
}

/** The C query, which borrows from the other. */
inline diffmm_query plain(std::size_t count, const query &what)
{
    static constexpr std::uint8_t no_bits = 0;
    diffmm_query c = {};
    c.struct_size = sizeof c;
    c.count = count;
    c.include_seen = what.include_seen;
    c.exclude = what.exclude.data();
    c.exclude_count = what.exclude.size();
    if (what.candidates) {
        c.candidates = what.candidates->empty() ? &no_item : what.candidates->data();
        c.candidate_count = what.candidates->size();
    }
    if (what.allowed) {
        c.allowed = what.allowed->empty() ? &no_bits : what.allowed->data();
        c.allowed_size = what.allowed->size();
    }
    if (what.filter) {
        c.filter = ask_filter;
        c.filter_data = const_cast<item_filter *>(&what.filter);
    }
    if (what.min_score) {
        c.has_min_score = 1;
        c.min_score = *what.min_score;
    }
    c.threads = what.threads;
    return c;
}

} // namespace detail
} // namespace DIFFMM_CPP
} // namespace diffmm

#endif
