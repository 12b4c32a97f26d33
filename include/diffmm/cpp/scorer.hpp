/* SPDX-License-Identifier: BSD-2-Clause */
/** @file scorer.hpp
 *  Serving: an immutable scorer, used by any number of threads at once. */
#ifndef DIFFMM_CPP_SCORER_HPP
#define DIFFMM_CPP_SCORER_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <diffmm/arrow.h>
#include <diffmm/cpp/model.hpp>
#include <diffmm/cpp/query.hpp>
#include <diffmm/new_items.h>
#include <diffmm/recommend.h>
#include <diffmm/rerank.h>

namespace diffmm
{
inline namespace DIFFMM_CPP
{

/** Where a score comes from, cut in two ways, each of which sums to it: the modalities and
 * collaborative; the items and rest. */
struct explanation {
    float score = 0;
    std::vector<float> modalities; /**< in the scorer's order */
    float collaborative = 0;       /**< what learnt embeddings and other users bring */
    std::vector<hit> items;        /**< each item that the user has touched, with its part */
    float rest = 0; /**< what the user's own learnt embedding and generated neighbours bring */
    /** Of collaborative, what each modality's denoiser brings: 0 without diffusion.blend. */
    std::vector<float> denoisers;
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
        check(diffmm_scorer_open(from.get(), detail::text(path), &opened));
        return scorer(detail::own(opened, diffmm_scorer_destroy, from.root()), from.root());
    }
    /** From a model file in memory, which is read in place where it is aligned to 8 bytes;
     * borrowed: it must live, and not change, as long as this scorer. */
    static scorer open_memory(const context &from, span<const std::uint8_t> data)
    {
        return open_kept(from, data, nullptr);
    }
    /** From a model file in memory that the scorer takes over. */
    static scorer open_memory(const context &from, std::vector<std::uint8_t> &&data)
    {
        auto taken = std::make_shared<const std::vector<std::uint8_t>>(std::move(data));
        return open_kept(from, *taken, taken);
    }

    /** One with further items that nobody has seen, of the final embeddings `rows`, one of d floats
     * each; `ids` is empty where items are called by their numbers.
     *  @see diffmm_scorer_extend() */
    scorer extend(span<const float> rows, const std::vector<std::string> &ids = {}) const
    {
        const std::size_t d = dimensions();
        detail::require(d != 0, "scorer is NULL");
        detail::require(rows.size() % d == 0, "rows is not a whole number of rows");
        const std::size_t count = rows.size() / d;
        detail::require(ids.empty() || ids.size() == count, "rows and ids are not equally many");
        std::vector<const char *> pointers;
        for (const std::string &id : ids)
            pointers.push_back(detail::text(id));
        diffmm_scorer *extended = nullptr;
        check(diffmm_scorer_extend(get(), count, ids.empty() ? nullptr : pointers.data(),
                                   rows.data(), &extended));
        return scorer(detail::own(extended, diffmm_scorer_destroy, root()), root());
    }

    /** Write a model file, also of one with further items. @see diffmm_scorer_save() */
    void save(const std::string &path) const
    {
        check(diffmm_scorer_save(get(), detail::text(path)));
    }
    /** Write it into memory instead. */
    std::vector<std::uint8_t> save_memory() const
    {
        return detail::written(diffmm_scorer_save_memory, get());
    }

    std::size_t users() const noexcept
    {
        return diffmm_scorer_users(get());
    }
    std::size_t items() const noexcept
    {
        return diffmm_scorer_items(get());
    }
    /** The width of the rows that rank: with diffusion.blend, above the model's dimensions. */
    std::size_t dimensions() const noexcept
    {
        return diffmm_scorer_dimensions(get());
    }
    /** External ids; NULL if there is no such number. Borrowed until the scorer ends. */
    const char *user_id(detail::number user) const noexcept
    {
        return diffmm_scorer_user_id(get(), user);
    }
    /** External ids of many items in one call. @see diffmm_scorer_item_ids */
    std::vector<std::string> item_ids(span<const std::int32_t> items) const
    {
        std::size_t size = 0;
        check(diffmm_scorer_item_ids(get(), items.size(), items.data(), nullptr, 0, &size));
        std::string text(size, '\0');
        check(diffmm_scorer_item_ids(get(), items.size(), items.data(), &text[0], size, &size));
        std::vector<std::string> ids;
        ids.reserve(items.size());
        for (std::size_t at = 0; at < size; at += ids.back().size() + 1)
            ids.emplace_back(&text[at]);
        return ids;
    }
    const char *item_id(detail::number item) const noexcept
    {
        return diffmm_scorer_item_id(get(), item);
    }
    /** The number of an id; throws DIFFMM_ERROR_NOT_FOUND. */
    std::int32_t find_user(const std::string &id) const
    {
        std::int32_t user = 0;
        check(diffmm_scorer_find_user(get(), detail::text(id), &user));
        return user;
    }
    std::int32_t find_item(const std::string &id) const
    {
        std::int32_t item = 0;
        check(diffmm_scorer_find_item(get(), detail::text(id), &item));
        return item;
    }
    /** 0 if the file does not tell. */
    std::size_t modalities() const noexcept
    {
        return diffmm_scorer_modalities(get());
    }
    /** NULL if there are not so many. Borrowed until the scorer ends. */
    const char *modality_name(detail::amount index) const noexcept
    {
        return diffmm_scorer_modality_name(get(), index);
    }
    /** One per modality; they sum to 1. */
    std::vector<float> modality_weights() const
    {
        /* Not NULL where there is none: C says what is missing. */
        std::vector<float> weights(std::max<std::size_t>(modalities(), 1));
        check(diffmm_scorer_modality_weights(get(), weights.data()));
        return weights;
    }
    /** What it is, and how it searches. */
    diffmm_scorer_info describe() const
    {
        diffmm_scorer_info info = {};
        info.struct_size = sizeof info;
        check(diffmm_scorer_describe(get(), &info));
        return info;
    }
    /** Choose how rankings find the best items; no other call on the scorer may run meanwhile.
     *  @see diffmm_scorer_set_search */
    void set_search(diffmm_search search)
    {
        check(diffmm_scorer_set_search(get(), search));
    }
    /** The items that a user has seen, ascending; borrowed until the scorer ends.
     *  @see diffmm_scorer_seen */
    span<const std::int32_t> seen(detail::number user) const
    {
        const std::int32_t *first = nullptr;
        std::size_t count = 0;
        check(diffmm_scorer_seen(get(), user, &first, &count));
        return {first, count};
    }

    /** Scores of all items for one user. */
    std::vector<float> score(detail::number user) const
    {
        std::vector<float> out(items());
        check(diffmm_score(get(), user, out.size(), nullptr, out.data()));
        return out;
    }
    /** Scores of some items. */
    std::vector<float> score(detail::number user, span<const std::int32_t> some) const
    {
        std::vector<float> out(some.size());
        score(user, some, out);
        return out;
    }
    /** The same into the caller's array. */
    void score(detail::number user, span<const std::int32_t> some, span<float> out) const
    {
        detail::require(out.size() == some.size(), "out and the items are not equally many");
        check(diffmm_score(get(), user, some.size(), some.empty() ? &detail::no_item : some.data(),
                           out.data()));
    }

    /** The best `count` items for a user, or as many as there are. */
    std::vector<hit> recommend(detail::number user, detail::amount count,
                               const query &what = {}) const
    {
        return grown(count, items(), [&](span<hit> hits) { return recommend(user, hits, what); });
    }
    /** The same into the caller's array: as many as it holds; returns how many were found. */
    std::size_t recommend(detail::number user, span<hit> hits, const query &what = {}) const
    {
        return ranked(hits, what, [&](auto *c, auto *asked, hit *out, std::size_t *found) {
            return diffmm_recommend(c, user, asked, out, found);
        });
    }
    /** The best items for each of some users, on the context's threads. */
    rankings recommend_users(span<const std::int32_t> users, detail::amount count,
                             const query &what = {}) const
    {
        rankings out(users.size(), std::min<std::size_t>(count, items()));
        const diffmm_query asked = detail::plain(out.count_, what);
        hit none;
        run_on([&](const diffmm_scorer *c) {
            return diffmm_recommend_users(
                c, users.size(), users.empty() ? &detail::no_item : users.data(), &asked,
                out.hits_.empty() ? &none : out.hits_.data(), out.found_.data());
        });
        return out;
    }
    /** The best items for every user, in little memory: tells of one user after the other,
     * `void (std::int32_t user, span<const hit> hits)`, or `bool` with false to stop there, which
     * is no failure. The hits are borrowed during the call. */
    template <class OnHits>
    void recommend_all(detail::amount count, OnHits &&on_hits, const query &what = {}) const
    {
        const diffmm_query asked = detail::plain(std::min<std::size_t>(count, items()), what);
        telling<std::remove_reference_t<OnHits>> state{&on_hits, false};
        const diffmm_status status = outcome_of([&](const diffmm_scorer *c) {
            return diffmm_recommend_all(c, &asked, tell<decltype(state)>, &state);
        });
        if (status != DIFFMM_CANCELLED || !state.stopped)
            check(status);
    }

    /** The embedding of a user with items that training did not know of: a known user, or new_user.
     *  @see diffmm_fold_in() */
    std::vector<float> fold_in(detail::number user, span<const std::int32_t> touched) const
    {
        std::vector<float> out(dimensions());
        check(diffmm_fold_in(get(), user, touched.size(), touched.data(), out.data()));
        return out;
    }
    /** Scores of all items for an embedding of d floats. */
    std::vector<float> score_embedding(span<const float> embedding) const
    {
        std::vector<float> out(items());
        check_size(embedding);
        check(diffmm_score_embedding(get(), embedding.data(), out.size(), nullptr, out.data()));
        return out;
    }
    /** Scores of some items. */
    std::vector<float> score_embedding(span<const float> embedding,
                                       span<const std::int32_t> some) const
    {
        std::vector<float> out(some.size());
        check_size(embedding);
        check(diffmm_score_embedding(get(), embedding.data(), some.size(),
                                     some.empty() ? &detail::no_item : some.data(), out.data()));
        return out;
    }
    /** The best items for an embedding; nothing counts as seen. */
    std::vector<hit> recommend_embedding(span<const float> embedding, detail::amount count,
                                         const query &what = {}) const
    {
        return grown(count, items(),
                     [&](span<hit> hits) { return recommend_embedding(embedding, hits, what); });
    }
    /** The same into the caller's array. */
    std::size_t recommend_embedding(span<const float> embedding, span<hit> hits,
                                    const query &what = {}) const
    {
        check_size(embedding);
        return ranked(hits, what, [&](auto *c, auto *asked, hit *out, std::size_t *found) {
            return diffmm_recommend_embedding(c, embedding.data(), asked, out, found);
        });
    }

    /** The items most alike to one. */
    std::vector<hit> similar_items(detail::number item, detail::amount count,
                                   diffmm_similarity similarity = DIFFMM_COSINE,
                                   const query &what = {}) const
    {
        return grown(count, items(), [&](span<hit> hits) {
            return ranked(hits, what, [&](auto *c, auto *asked, hit *out, std::size_t *found) {
                return diffmm_similar_items(c, item, similarity, asked, out, found);
            });
        });
    }
    /** The users most alike to one: users stand in the place of items, in the query and the hits.
     */
    std::vector<hit> similar_users(detail::number user, detail::amount count,
                                   diffmm_similarity similarity = DIFFMM_COSINE,
                                   const query &what = {}) const
    {
        return grown(count, users(), [&](span<hit> hits) {
            return ranked(hits, what, [&](auto *c, auto *asked, hit *out, std::size_t *found) {
                return diffmm_similar_users(c, user, similarity, asked, out, found);
            });
        });
    }

    /** The items that most users have seen; a score is the number of users.
     *  @see diffmm_popular_items() */
    std::vector<hit> popular_items(detail::amount count, const query &what = {}) const
    {
        return grown(count, items(), [&](span<hit> hits) {
            return ranked(hits, what, [](auto *c, auto *asked, hit *out, std::size_t *found) {
                return diffmm_popular_items(c, asked, out, found);
            });
        });
    }
    /** The best `count` of the hits by maximal marginal relevance.
     *  @param lambda    from 0, as different as can be, to 1, as they are ranked
     *  @param modality  empty: items are compared by their final embeddings; else by the features in
     *                   this modality
     *  @see diffmm_diversify() */
    std::vector<hit> diversify(span<const hit> hits, detail::amount count, double lambda,
                               const std::string &modality = {}) const
    {
        return grown(count, hits.size(), [&](span<hit> out) {
            std::vector<double> scratch(2 * hits.size());
            std::size_t found = 0;
            check(diffmm_diversify(get(), modality.empty() ? nullptr : detail::text(modality),
                                   lambda, hits.size(), hits.data(), out.size(), scratch.data(),
                                   out.data(), &found));
            return found;
        });
    }

    /** Explain the score of a user and an item.
     *  @param user     as for fold_in()
     *  @param item     whose score
     *  @param touched  as for fold_in(); none: the user as trained */
    diffmm::explanation explain(detail::number user, detail::number item,
                                span<const std::int32_t> touched = {}) const
    {
        const std::size_t known = user == new_user ? 0 : seen(user).size();
        diffmm::explanation out;
        out.modalities.resize(modalities());
        out.denoisers.resize(modalities());
        out.items.resize(known + touched.size());
        diffmm_explanation c = {};
        c.struct_size = sizeof c;
        c.modalities = out.modalities.data();
        c.items = out.items.data();
        c.denoisers = out.denoisers.data();
        check(diffmm_explain(get(), user, touched.size(), touched.data(), item, &c));
        out.items.resize(c.item_count);
        out.score = c.score;
        out.collaborative = c.collaborative;
        out.rest = c.rest;
        return out;
    }
    /** The best items for users (empty: all), as a stream of tables, which the caller releases.
     *  @param count  for each user
     *  @param what   without a filter
     *  @see diffmm_recommend_arrow() */
    void recommend_arrow(span<const std::int32_t> users, detail::amount count,
                         ArrowArrayStream &out, const query &what = {}) const
    {
        detail::require(!what.filter, "a stream takes no filter");
        const diffmm_query asked = detail::plain(count, what);
        check(diffmm_recommend_arrow(get(), users.empty() ? this->users() : users.size(),
                                     users.empty() ? nullptr : users.data(), &asked, &out));
    }
    /** Final vectors with ids as a stream of tables, which the caller releases.
     *  @see diffmm_scorer_export_arrow_for() */
    void export_arrow(diffmm_side side, ArrowArrayStream &out,
                      diffmm_index index = DIFFMM_INDEX_INNER_PRODUCT) const
    {
        check(diffmm_scorer_export_arrow_for(get(), side, index, &out));
    }
    /** Write final vectors with ids, for a vector index. @see diffmm_scorer_export_for() */
    void export_vectors(diffmm_side side, diffmm_vectors_format format, const std::string &path,
                        diffmm_index index = DIFFMM_INDEX_INNER_PRODUCT) const
    {
        check(diffmm_scorer_export_for(get(), side, index, format, detail::text(path)));
    }

  private:
    using handle::handle;

    template <class OnHits> struct telling {
        OnHits *on_hits;
        bool stopped;
    };

    static std::shared_ptr<diffmm_scorer> create(const model &from)
    {
        diffmm_scorer *created = nullptr;
        check(diffmm_scorer_create(from.get(), &created));
        return detail::own(created, diffmm_scorer_destroy, from.root());
    }
    static scorer open_kept(const context &from, span<const std::uint8_t> data,
                            std::shared_ptr<const void> kept)
    {
        diffmm_scorer *opened = nullptr;
        check(diffmm_scorer_open_memory(from.get(), data.data(), data.size(), &opened));
        return scorer(detail::own(opened, diffmm_scorer_destroy, from.root(), std::move(kept)),
                      from.root());
    }
    void check_size(span<const float> embedding) const
    {
        detail::require(embedding.size() == dimensions(), "the embedding has not d floats");
    }
    /** Rank into an array. */
    template <class Rank>
    std::size_t ranked(span<hit> hits, const query &what, const Rank &rank) const
    {
        const diffmm_query asked = detail::plain(hits.size(), what);
        std::size_t found = 0;
        hit none;
        run_on([&](const diffmm_scorer *c) {
            return rank(c, &asked, hits.empty() ? &none : hits.data(), &found);
        });
        return found;
    }
    /** Rank into a new array, no larger than there are numbers. */
    template <class Rank>
    static std::vector<hit> grown(std::size_t count, std::size_t numbers, const Rank &rank)
    {
        std::vector<hit> hits(std::min(count, numbers));
        const std::size_t found = rank(span<hit>(hits));
        hits.erase(hits.begin() + static_cast<std::ptrdiff_t>(found), hits.end());
        return hits;
    }
    template <class State>
    static int tell(std::int32_t user, const hit *hits, std::size_t found, void *user_data) noexcept
    {
        return detail::guarded([&] {
            auto *state = static_cast<State *>(user_data);
            state->stopped = !detail::goes_on(*state->on_hits, user, span<const hit>(hits, found));
            return !state->stopped;
        });
    }
};

} // namespace DIFFMM_CPP
} // namespace diffmm

#endif
