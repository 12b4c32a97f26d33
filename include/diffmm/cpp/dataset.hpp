/* SPDX-License-Identifier: BSD-2-Clause */
/** @file dataset.hpp
 *  Interactions of users with items, and the items' features in each modality. */
#ifndef DIFFMM_CPP_DATASET_HPP
#define DIFFMM_CPP_DATASET_HPP

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <diffmm/arrow.h>
#include <diffmm/cpp/context.hpp>
#include <diffmm/dataset.h>
#include <diffmm/metrics.h>

namespace diffmm
{
inline namespace DIFFMM_CPP
{

using metrics = diffmm_metrics;

/** Fills `rows` with the features of `count` items from `first` on. It is called for blocks in any
 *  order, as often as needed, on the thread that made the call; by several threads at once only
 *  where they work with the same data set. It may throw. */
using feature_loader = std::function<void(std::size_t first, std::size_t count, span<float> rows)>;

/** Fills `rows` with the features of the items that have these external ids, which are borrowed during
 *  the call. Otherwise as feature_loader. */
using feature_lookup = std::function<void(span<const char *const> ids, span<float> rows)>;

/** @see diffmm_dataset
 *
 *  Functions that fill the data set return it, so that calls can be chained. */
class dataset : public detail::handle<diffmm_dataset>
{
  public:
    /** An empty data set. */
    explicit dataset(const context &from)
        : dataset(from,
                  [&](diffmm_dataset **out) { return diffmm_dataset_create(from.get(), out); })
    {
    }
    /** Open a folder in the released layout, or a file of interactions with features beside it. */
    static dataset open(const context &from, const std::string &path)
    {
        return dataset(from, [&](diffmm_dataset **out) {
            return diffmm_dataset_open(from.get(), detail::text(path), out);
        });
    }
    /** Open a table of text, and what lies beside it; struct_size is set here.
     *  @see diffmm_dataset_open_table */
    static dataset open_table(const context &from, const std::string &path,
                              diffmm_table_format format = {})
    {
        format.struct_size = sizeof format;
        return dataset(from, [&](diffmm_dataset **out) {
            return diffmm_dataset_open_table(from.get(), detail::text(path), &format, out);
        });
    }
    /** Make a data set with a planted structure.
     *  @param spec  a member that is 0 means its default; struct_size need not be set */
    static dataset synthesize(const context &from, diffmm_synthetic spec = {})
    {
        spec.struct_size = sizeof spec;
        return dataset(from, [&](diffmm_dataset **out) {
            return diffmm_dataset_synthesize(from.get(), &spec, out);
        });
    }

    /** Start a data set with all that this sealed one holds, to add users, items and interactions
     *  to it. Users and items keep their numbers and ids.
     *  @see diffmm_dataset_extend() */
    dataset extend() const
    {
        return dataset(
            root(), [&](diffmm_dataset **out) { return diffmm_dataset_extend(get(), out); },
            std::make_shared<kept>(lent()));
    }

    dataset &reserve(detail::amount users, detail::amount items)
    {
        check(diffmm_dataset_reserve(get(), users, items));
        return *this;
    }
    /** Add interactions by number; copied. */
    dataset &add_interactions(diffmm_split split, span<const std::int32_t> user,
                              span<const std::int32_t> item)
    {
        detail::require(user.size() == item.size(), "user and item are not equally many");
        check(diffmm_dataset_add_interactions(get(), split, user.size(), user.data(), item.data()));
        return *this;
    }
    /** Add interactions by external id; copied. */
    dataset &add_interactions(diffmm_split split, const std::vector<std::string> &user,
                              const std::vector<std::string> &item)
    {
        detail::require(user.size() == item.size(), "user and item are not equally many");
        check(diffmm_dataset_add_named_interactions(get(), split, user.size(),
                                                    pointers(user).data(), pointers(item).data()));
        return *this;
    }
    /** Add interactions with ratings, times and splits; struct_size is set here. Copied.
     *  @see diffmm_interactions */
    dataset &add_interactions(diffmm_split split, diffmm_interactions given)
    {
        given.struct_size = sizeof given;
        check(diffmm_dataset_add_interactions_with(get(), split, &given));
        return *this;
    }
    /** Read a table of text; struct_size is set here. @see diffmm_dataset_read_table */
    dataset &read_table(const std::string &path, diffmm_table_format format = {},
                        diffmm_split split = DIFFMM_TRAIN)
    {
        format.struct_size = sizeof format;
        check(diffmm_dataset_read_table(get(), split, detail::text(path), &format));
        return *this;
    }
    /** Read interactions from a file: a table of text (.tsv, .csv, .inter, ..), .npz or .pkl. */
    dataset &read_interactions(const std::string &path, diffmm_split split = DIFFMM_TRAIN)
    {
        check(diffmm_dataset_read_interactions(get(), split, detail::text(path)));
        return *this;
    }
    /** Add interactions from a stream of tables of the Arrow C interface, which is released in any
     *  case.
     *  @param columns  which are what, as far as their names do not say; struct_size is set here
     *  @see diffmm_dataset_read_arrow() */
    dataset &read_arrow(ArrowArrayStream &stream, diffmm_split split = DIFFMM_TRAIN,
                        diffmm_arrow_columns columns = {})
    {
        columns.struct_size = sizeof columns;
        check(diffmm_dataset_read_arrow(get(), split, &stream, &columns));
        return *this;
    }
    dataset &declare_items(const std::vector<std::string> &ids)
    {
        check(diffmm_dataset_declare_items(get(), ids.size(), pointers(ids).data()));
        return *this;
    }

    /** Add a modality from a stream of tables of the Arrow C interface, which is released in any
     *  case: a row with id and features for each item.
     *  @param columns  which are what, as far as types and names do not say; struct_size is set here
     *  @see diffmm_dataset_read_modality_arrow() */
    dataset &read_modality_arrow(const std::string &name, ArrowArrayStream &stream,
                                 diffmm_arrow_features columns = {})
    {
        columns.struct_size = sizeof columns;
        check(diffmm_dataset_read_modality_arrow(get(), detail::text(name), &stream, &columns));
        return *this;
    }

    /** Add a modality whose features come from a callable, which lives as long as anything made
     *  from this data set. */
    dataset &add_modality(const std::string &name, detail::amount dimensions, feature_loader loader)
    {
        const char *called = detail::text(name);
        detail::require(loader != nullptr, "loader is empty");
        auto state = std::make_shared<loader_state>(loader_state{dimensions, std::move(loader)});
        lent().push_back(state);
        return added(diffmm_dataset_add_modality(get(), called, dimensions, load, state.get()));
    }
    /** Add a modality whose features come from a callable that looks them up by external id; it lives
     *  as long as anything made from this data set. */
    dataset &add_modality_by_id(const std::string &name, detail::amount dimensions,
                                feature_lookup loader)
    {
        const char *called = detail::text(name);
        detail::require(loader != nullptr, "loader is empty");
        auto state = std::make_shared<lookup_state>(lookup_state{dimensions, std::move(loader)});
        lent().push_back(state);
        return added(
            diffmm_dataset_add_modality_by_id(get(), called, dimensions, look_up, state.get()));
    }
    /** Add a modality from an array, items x dimensions. It is borrowed: it must live as long as
     *  anything made from this data set.
     *  @param stride  floats from row to row; 0: dimensions */
    dataset &add_modality(const std::string &name, detail::amount items, detail::amount dimensions,
                          span<const float> features, detail::amount stride = 0)
    {
        const std::size_t step = stride != 0 ? stride : dimensions;
        const bool held = items == 0 || dimensions == 0 ||
                          (features.size() >= dimensions &&
                           (step == 0 || (features.size() - dimensions) / step >= items - 1));
        detail::require(held, "features is shorter than items x dimensions");
        check(diffmm_dataset_add_modality_array(get(), detail::text(name), items, dimensions,
                                                features.data(), step));
        return *this;
    }
    /** Add a modality from an array that the data set takes over. */
    dataset &add_modality(const std::string &name, detail::amount dimensions,
                          std::vector<float> &&features)
    {
        const char *called = detail::text(name);
        detail::require(dimensions != 0 && features.size() % dimensions == 0,
                        "features is not a whole number of rows");
        auto taken = std::make_shared<const std::vector<float>>(std::move(features));
        lent().push_back(taken);
        return added(diffmm_dataset_add_modality_array(get(), called, taken->size() / dimensions,
                                                       dimensions, taken->data(), dimensions));
    }
    /** Add a modality from an array, items x dimensions, which is copied. */
    dataset &add_modality_copy(const std::string &name, detail::amount dimensions,
                               span<const float> features)
    {
        detail::require(dimensions != 0 && features.size() % dimensions == 0,
                        "features is not a whole number of rows");
        check(diffmm_dataset_add_modality_copy(get(), detail::text(name),
                                               features.size() / dimensions, dimensions,
                                               features.data(), dimensions));
        return *this;
    }
    /** Say which item each row of a modality is: row i is the item ids[i]. Rows may be in any
     *  order; a loader is then asked for rows.
     *  @see diffmm_dataset_name_rows() */
    dataset &name_rows(const std::string &name, const std::vector<std::string> &ids)
    {
        check(
            diffmm_dataset_name_rows(get(), detail::text(name), ids.size(), pointers(ids).data()));
        return *this;
    }
    /** Add rows of the items that follow to a modality from an array or a file; they are copied. */
    dataset &append_features(const std::string &name, detail::amount dimensions,
                             span<const float> features)
    {
        detail::require(dimensions != 0 && features.size() % dimensions == 0,
                        "features is not a whole number of rows");
        for (std::size_t m = 0; m < modalities(); m++)
            detail::require(name != modality_name(m) || dimensions == modality_dimensions(m),
                            "dimensions are not the modality's");
        check(diffmm_dataset_append_features(
            get(), detail::text(name), features.size() / dimensions, features.data(), dimensions));
        return *this;
    }
    /** Add a modality from a file: .npy, .npz, .. */
    dataset &read_modality(const std::string &name, const std::string &path)
    {
        check(diffmm_dataset_read_modality(get(), detail::text(name), detail::text(path)));
        return *this;
    }

    /** The same, but the features stay in the file (.npy or .safetensors, float32).
     *  @see diffmm_dataset_map_modality() */
    dataset &map_modality(const std::string &name, const std::string &path)
    {
        check(diffmm_dataset_map_modality(get(), detail::text(name), detail::text(path)));
        return *this;
    }

    /** Hold out a random share of every user's training interactions, for data without splits of
     *  its own. Call it once all interactions have been added.
     *  @see diffmm_dataset_hold_out() */
    dataset &hold_out(double valid, double test, detail::word seed = 0)
    {
        check(diffmm_dataset_hold_out(get(), valid, test, seed));
        return *this;
    }

    /** Leave out interactions whose rating is below `least`. @see diffmm_dataset_filter_ratings */
    dataset &filter_ratings(double least)
    {
        check(diffmm_dataset_filter_ratings(get(), least));
        return *this;
    }
    /** Leave one interaction of each user with each item. @see diffmm_dataset_deduplicate */
    dataset &deduplicate(diffmm_keep keep)
    {
        check(diffmm_dataset_deduplicate(get(), keep));
        return *this;
    }
    /** Leave out items without features in one modality. @see diffmm_dataset_filter_features_of */
    dataset &filter_features(const std::string &modality)
    {
        check(diffmm_dataset_filter_features_of(get(), detail::text(modality)));
        return *this;
    }
    /** Leave out items without features. @see diffmm_dataset_filter_features */
    dataset &filter_features()
    {
        check(diffmm_dataset_filter_features(get()));
        return *this;
    }
    /** Leave the k-core of users and items. @see diffmm_dataset_filter_core */
    dataset &filter_core(detail::amount user_least, detail::amount item_least)
    {
        check(diffmm_dataset_filter_core(get(), user_least, item_least));
        return *this;
    }
    /** Hold out each user's last interactions by time. @see diffmm_dataset_hold_out_last */
    dataset &hold_out_last(detail::amount valid, detail::amount test)
    {
        check(diffmm_dataset_hold_out_last(get(), valid, test));
        return *this;
    }
    /** Hold out all interactions from a moment on, such as "2024-05-31"; an empty text: none for
     *  that split. @see diffmm_dataset_hold_out_from */
    dataset &hold_out_from(const std::string &valid, const std::string &test)
    {
        check(diffmm_dataset_hold_out_from(get(), valid.empty() ? nullptr : detail::text(valid),
                                           test.empty() ? nullptr : detail::text(test)));
        return *this;
    }
    /** What a sealed data set holds. @see diffmm_summary */
    diffmm_summary summary() const
    {
        diffmm_summary out = {};
        out.struct_size = sizeof out;
        check(diffmm_dataset_summary(get(), &out));
        return out;
    }

    /** Check everything and index it. Trainers and models do so if the caller has not. */
    dataset &seal()
    {
        run_on([](diffmm_dataset *c) { return diffmm_dataset_seal(c); });
        return *this;
    }

    std::size_t users() const noexcept
    {
        return diffmm_dataset_users(get());
    }
    std::size_t items() const noexcept
    {
        return diffmm_dataset_items(get());
    }
    std::size_t interactions(diffmm_split split) const noexcept
    {
        return diffmm_dataset_interactions(get(), split);
    }
    std::size_t modalities() const noexcept
    {
        return diffmm_dataset_modalities(get());
    }
    /** NULL if there are not so many. Borrowed until the data set ends. */
    const char *modality_name(detail::amount index) const noexcept
    {
        return diffmm_dataset_modality_name(get(), index);
    }
    std::size_t modality_dimensions(detail::amount index) const noexcept
    {
        return diffmm_dataset_modality_dimensions(get(), index);
    }
    /** Raw features of a modality for `count` items from `first` on; needs a sealed data set. */
    std::vector<float> features(detail::amount modality, detail::amount first,
                                detail::amount count) const
    {
        const bool held = first <= items() && count <= items() - first;
        detail::require(held, "there are not so many items");
        std::vector<float> out(count * modality_dimensions(modality));
        run_on([&](const diffmm_dataset *c) {
            return diffmm_dataset_features(c, modality, first, count, out.data());
        });
        return out;
    }
    /** External ids; NULL if there is no such number, or before sealing. Borrowed until the data
     * set ends. */
    const char *user_id(detail::number user) const noexcept
    {
        return diffmm_dataset_user_id(get(), user);
    }
    const char *item_id(detail::number item) const noexcept
    {
        return diffmm_dataset_item_id(get(), item);
    }

    /** All-ranking evaluation of embeddings, one result per cutoff; this data set must be sealed.
     *  @see diffmm_evaluate() */
    std::vector<metrics> evaluate(diffmm_split split, detail::amount d,
                                  span<const float> user_matrix, span<const float> item_matrix,
                                  const std::vector<std::size_t> &cutoffs) const
    {
        detail::require(detail::is_matrix(user_matrix.size(), users(), d),
                        "user_matrix is not users x d");
        detail::require(detail::is_matrix(item_matrix.size(), items(), d),
                        "item_matrix is not items x d");
        std::vector<metrics> out(cutoffs.size());
        auto *context = static_cast<const diffmm_context *>(root().get());
        check(diffmm_evaluate(const_cast<diffmm_context *>(context), get(), split, d,
                              user_matrix.data(), item_matrix.data(), cutoffs.size(),
                              cutoffs.data(), out.data()));
        return out;
    }

  private:
    /** Callables and arrays that the C library holds pointers to. */
    using kept = std::vector<std::shared_ptr<const void>>;

    struct loader_state {
        std::size_t dimensions;
        feature_loader loader;
    };

    struct lookup_state {
        std::size_t dimensions;
        feature_lookup loader;
    };

    template <class Create>
    dataset(const context &from, Create create)
        : dataset(from.root(), create, std::make_shared<kept>())
    {
    }
    template <class Create>
    dataset(const std::shared_ptr<const void> &root, Create create,
            const std::shared_ptr<kept> &lent)
        : handle(make(root, create, lent), root), lent_(lent)
    {
    }
    template <class Create>
    static std::shared_ptr<diffmm_dataset> make(const std::shared_ptr<const void> &root,
                                                Create create, const std::shared_ptr<kept> &lent)
    {
        diffmm_dataset *created = nullptr;
        check(create(&created));
        return detail::own(created, diffmm_dataset_destroy, root, lent);
    }

    static int load(std::size_t first, std::size_t count, float *out, void *user_data) noexcept
    {
        auto *state = static_cast<loader_state *>(user_data);
        return detail::guarded([&] {
            state->loader(first, count, span<float>(out, count * state->dimensions));
            return true;
        });
    }
    static int look_up(std::size_t count, const char *const *ids, float *out,
                       void *user_data) noexcept
    {
        auto *state = static_cast<lookup_state *>(user_data);
        return detail::guarded([&] {
            state->loader(span<const char *const>(ids, count),
                          span<float>(out, count * state->dimensions));
            return true;
        });
    }
    /** All that was lent to the C library so far. */
    kept &lent() const
    {
        detail::require(lent_ != nullptr, "dataset is NULL");
        return *lent_;
    }
    /** Forgets what was lent last, if the C library did not take it. */
    dataset &added(diffmm_status status)
    {
        if (status != DIFFMM_OK)
            lent_->pop_back();
        check(status);
        return *this;
    }
    static std::vector<const char *> pointers(const std::vector<std::string> &texts)
    {
        std::vector<const char *> all;
        all.reserve(texts.size());
        for (const std::string &text : texts)
            all.push_back(detail::text(text));
        return all;
    }

    std::shared_ptr<kept> lent_;
};

} // namespace DIFFMM_CPP
} // namespace diffmm

#endif
