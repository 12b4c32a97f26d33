/* SPDX-License-Identifier: BSD-2-Clause */
/** @file placer.hpp
 *  Cold start: items that training has not seen are placed by their raw features. */
#ifndef DIFFMM_CPP_PLACER_HPP
#define DIFFMM_CPP_PLACER_HPP

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <diffmm/cpp/model.hpp>
#include <diffmm/new_items.h>

namespace diffmm
{
inline namespace DIFFMM_CPP
{

/** @see diffmm_placer */
class placer : public detail::handle<diffmm_placer>
{
  public:
    /** Learn from a model's current final embeddings and the features of a data set, which is
     * sealed if it was not. */
    placer(const model &from, dataset &data) : placer(create(from, data))
    {
    }
    static placer open(const context &from, const std::string &path)
    {
        diffmm_placer *opened = nullptr;
        check(diffmm_placer_open(from.get(), detail::text(path), &opened));
        return placer(detail::own(opened, diffmm_placer_destroy, from.root()), from.root());
    }
    void save(const std::string &path) const
    {
        check(diffmm_placer_save(get(), detail::text(path)));
    }

    std::size_t dimensions() const noexcept
    {
        return diffmm_placer_dimensions(get());
    }
    std::size_t modalities() const noexcept
    {
        return diffmm_placer_modalities(get());
    }
    /** NULL if there are not so many. Borrowed until the mapping ends. */
    const char *modality_name(detail::amount index) const noexcept
    {
        return diffmm_placer_modality_name(get(), index);
    }
    std::size_t modality_dimensions(detail::amount index) const noexcept
    {
        return diffmm_placer_modality_dimensions(get(), index);
    }

    /** Place items: rows for scorer::extend().
     *  @param features  per item the features of each modality, in the mapping's order; empty
     *                   where the item has none
     *  @param boost     1: shown as often as trained items */
    std::vector<float> place(const std::vector<std::vector<span<const float>>> &features,
                             double boost = 1) const
    {
        std::vector<const float *> pointers;
        for (const auto &item : features) {
            detail::require(item.size() == modalities(), "an item has not one entry per modality");
            for (std::size_t m = 0; m < item.size(); m++) {
                detail::require(item[m].empty() || item[m].size() == modality_dimensions(m),
                                "features are not as many as the modality's");
                pointers.push_back(item[m].empty() ? nullptr : item[m].data());
            }
        }
        std::vector<float> out(features.size() * dimensions());
        check(diffmm_place_items(get(), features.size(), pointers.data(), boost, out.data()));
        return out;
    }

  private:
    using handle::handle;

    static placer create(const model &from, dataset &data)
    {
        diffmm_placer *created = nullptr;
        const auto root = from.root(), data_root = data.root(); /* a loader may end both objects */
        const auto trained = from.shared();
        const auto held = data.shared();
        detail::run([&] { return diffmm_placer_create(trained.get(), held.get(), &created); });
        return placer(detail::own(created, diffmm_placer_destroy, root, data_root), root);
    }
};

} // namespace DIFFMM_CPP
} // namespace diffmm

#endif
