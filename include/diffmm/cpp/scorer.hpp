/* SPDX-License-Identifier: BSD-2-Clause */
/** @file scorer.hpp
 *  Serving: an immutable scorer, used by any number of threads at once. */
#ifndef DIFFMM_CPP_SCORER_HPP
#define DIFFMM_CPP_SCORER_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <diffmm/cpp/model.hpp>
#include <diffmm/recommend.h>

namespace diffmm
{
inline namespace DIFFMM_CPP
{

/** A recommended item: `for (auto [item, score] : ..)`. */
using hit = diffmm_hit;

/** What to recommend. What the spans stand on is borrowed during the call. */
struct query {
    bool include_seen = false;        /**< items of the user's training row too */
    span<const std::int32_t> exclude; /**< items never recommended, in any order */
    std::optional<span<const std::int32_t>> candidates; /**< only these, in any order */
};

/** Hits of a block of users: one span per user, best first. */
class rankings
{
  public:
    rankings(std::size_t users, std::size_t count)
        : count_(count), hits_(users * count), found_(users)
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

/** @see diffmm_scorer */
class scorer : public detail::handle<diffmm_scorer>
{
  public:
    /** From a model's current embeddings, which are copied. */
    explicit scorer(const model &from) : handle(create(from), from.root())
    {
    }
    /** From a model file. */
    static scorer open(const context &from, const std::string &path)
    {
        diffmm_scorer *opened = nullptr;
        check(diffmm_scorer_open(from.get(), path.c_str(), &opened));
        return scorer(detail::own(opened, diffmm_scorer_destroy, from.root()), from.root());
    }

    std::size_t users() const noexcept
    {
        return diffmm_scorer_users(get());
    }
    std::size_t items() const noexcept
    {
        return diffmm_scorer_items(get());
    }
    std::size_t dimensions() const noexcept
    {
        return diffmm_scorer_dimensions(get());
    }
    /** External ids; NULL if there is no such number. Borrowed until the scorer ends. */
    const char *user_id(std::int32_t user) const noexcept
    {
        return diffmm_scorer_user_id(get(), user);
    }
    const char *item_id(std::int32_t item) const noexcept
    {
        return diffmm_scorer_item_id(get(), item);
    }
    /** The number of an id; throws DIFFMM_ERROR_NOT_FOUND. */
    std::int32_t find_user(const std::string &id) const
    {
        std::int32_t user = 0;
        check(diffmm_scorer_find_user(get(), id.c_str(), &user));
        return user;
    }
    std::int32_t find_item(const std::string &id) const
    {
        std::int32_t item = 0;
        check(diffmm_scorer_find_item(get(), id.c_str(), &item));
        return item;
    }
    /** The items of a user's training row, ascending; borrowed until the scorer ends. */
    span<const std::int32_t> seen(std::int32_t user) const
    {
        const std::int32_t *first = nullptr;
        std::size_t count = 0;
        check(diffmm_scorer_seen(get(), user, &first, &count));
        return {first, count};
    }

    /** Scores of all items for one user. */
    std::vector<float> score(std::int32_t user) const
    {
        std::vector<float> out(items());
        check(diffmm_score(get(), user, out.size(), nullptr, out.data()));
        return out;
    }
    /** Scores of some items. */
    std::vector<float> score(std::int32_t user, span<const std::int32_t> some) const
    {
        std::vector<float> out(some.size());
        score(user, some, out);
        return out;
    }
    /** The same into the caller's array. */
    void score(std::int32_t user, span<const std::int32_t> some, span<float> out) const
    {
        detail::require(out.size() == some.size(), "out and the items are not equally many");
        check(diffmm_score(get(), user, some.size(), some.empty() ? &no_item : some.data(),
                           out.data()));
    }

    /** The best `count` items for a user, or as many as there are. */
    std::vector<hit> recommend(std::int32_t user, std::size_t count, const query &what = {}) const
    {
        std::vector<hit> hits(std::min(count, items()));
        const std::size_t found = recommend(user, span<hit>(hits), what);
        hits.erase(hits.begin() + static_cast<std::ptrdiff_t>(found), hits.end());
        return hits;
    }
    /** The same into the caller's array: as many as it holds; returns how many were found. */
    std::size_t recommend(std::int32_t user, span<hit> hits, const query &what = {}) const
    {
        diffmm_query c = plain(hits.size(), what);
        std::size_t found = 0;
        hit none;
        check(diffmm_recommend(get(), user, &c, hits.empty() ? &none : hits.data(), &found));
        return found;
    }
    /** The best items for each of some users, on the context's threads. */
    rankings recommend_users(span<const std::int32_t> users, std::size_t count,
                             const query &what = {}) const
    {
        rankings out(users.size(), std::min(count, items()));
        diffmm_query c = plain(out.count_, what);
        hit none;
        check(diffmm_recommend_users(get(), users.size(), users.empty() ? &no_item : users.data(),
                                     &c, out.hits_.empty() ? &none : out.hits_.data(),
                                     out.found_.data()));
        return out;
    }

  private:
    using handle::handle;

    /** Stands for an array without members where NULL would mean "all". */
    static constexpr std::int32_t no_item = 0;

    static std::shared_ptr<diffmm_scorer> create(const model &from)
    {
        diffmm_scorer *created = nullptr;
        check(diffmm_scorer_create(from.get(), &created));
        return detail::own(created, diffmm_scorer_destroy, from.root());
    }
    static diffmm_query plain(std::size_t count, const query &what)
    {
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
        return c;
    }
};

} // namespace DIFFMM_CPP
} // namespace diffmm

#endif
