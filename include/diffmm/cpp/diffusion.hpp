/* SPDX-License-Identifier: BSD-2-Clause */
/** @file diffusion.hpp
 *  The diffusion of one modality: schedule, denoiser and optimiser in a module of its own. */
#ifndef DIFFMM_CPP_DIFFUSION_HPP
#define DIFFMM_CPP_DIFFUSION_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <diffmm/cpp/model.hpp>
#include <diffmm/diffusion_module.h>
#include <diffmm/measures.h>

namespace diffmm
{
inline namespace DIFFMM_CPP
{

using diffusion_losses = diffmm_diffusion_losses;
using denoiser_measures = diffmm_denoiser_measures;
using graph_measures = diffmm_graph_measures;

/** Rows of interactions, one sparse row for each user: as diffmm_diffusion_batch has them. Lent
 *  during a call. */
struct sparse_rows {
    span<const std::int64_t> pointers; /**< users + 1 */
    span<const std::int32_t> items;    /**< ascending within a row */
    span<const float> values;          /**< empty: all 1 */
};

/** Users to train on or to generate for, out of all rows. @see diffmm_diffusion_batch */
struct diffusion_batch {
    sparse_rows rows;
    span<const std::int32_t> users; /**< numbers of rows; empty: all */
    detail::word epoch = 0;         /**< of the module's own draws */
    span<const std::int32_t> t;     /**< empty, as the following two: drawn */
    span<const float> noise;
    span<const float> dropout_scale;
    span<const float> features;       /**< items x d; empty: no MSI */
    span<const float> item_embedding; /**< as many */
    double e_loss = 0;                /**< 0: the option */
};

/** Neighbours of each user, a row of `count` for each. */
struct neighbors {
    std::vector<std::int32_t> items; /**< -1 where there is none */
    std::vector<float> scores;
};

/** @see diffmm_diffusion */
class diffusion : public detail::handle<diffmm_diffusion>
{
  public:
    diffusion(const context &from, detail::amount items, detail::word seed)
        : diffusion(from, items, nullptr, seed)
    {
    }
    diffusion(const context &from, detail::amount items, const options &wanted, detail::word seed)
        : diffusion(from, items, wanted.get(), seed)
    {
    }
    /** A module in a basis, items x rank. @see diffmm_diffusion_create_spectral */
    static diffusion spectral(const context &from, span<const float> basis, detail::amount rank,
                              const options &wanted, detail::word seed)
    {
        const std::size_t columns = rank;
        detail::require(columns > 0 && basis.size() % columns == 0, "basis is not items x rank");
        diffmm_diffusion *made = nullptr;
        check(diffmm_diffusion_create_spectral(from.get(), basis.size() / columns, columns,
                                               basis.data(), wanted.get(), seed, &made));
        return take(made, from.root());
    }
    /** A copy of the module of a modality, from a model that has its denoisers: a trainer's. */
    static diffusion of(const model &from, const std::string &modality)
    {
        const diffmm_diffusion *lent_by =
            diffmm_model_diffusion(from.get(), detail::text(modality));
        detail::require(lent_by != nullptr, "the model has no diffusion of that modality");
        diffmm_diffusion *made = nullptr;
        check(diffmm_diffusion_copy(lent_by, &made));
        return take(made, from.root());
    }
    static diffusion load(const context &from, const std::string &path)
    {
        diffmm_diffusion *loaded = nullptr;
        check(diffmm_diffusion_load(from.get(), detail::text(path), &loaded));
        return take(loaded, from.root());
    }
    /** From a file in memory, borrowed during the call. */
    static diffusion load_memory(const context &from, span<const std::uint8_t> data)
    {
        diffmm_diffusion *loaded = nullptr;
        check(diffmm_diffusion_load_memory(from.get(), data.data(), data.size(), &loaded));
        return take(loaded, from.root());
    }
    /** The basis of a spectral denoiser, items x rank; empty for a full one. */
    span<const float> basis() const
    {
        std::size_t rank = 0;
        const float *values = diffmm_diffusion_basis(get(), &rank);
        return {values, rank * items()};
    }
    void save(const std::string &path) const
    {
        check(diffmm_diffusion_save(get(), detail::text(path)));
    }
    std::vector<std::uint8_t> save_memory() const
    {
        return detail::written(diffmm_diffusion_save_memory, get());
    }
    /** A module of its own with all the state of this one. */
    diffusion copy() const
    {
        diffmm_diffusion *made = nullptr;
        check(diffmm_diffusion_copy(get(), &made));
        return take(made, root());
    }
    /** A copy with further items, from their rows of the basis. @see diffmm_diffusion_extend */
    diffusion extended(span<const float> rows) const
    {
        std::size_t rank = 0;
        diffmm_diffusion_basis(get(), &rank);
        detail::require(rank == 0 || rows.size() % rank == 0, "rows are not items x rank");
        diffmm_diffusion *made = nullptr;
        check(
            diffmm_diffusion_extend(get(), rank == 0 ? 1 : rows.size() / rank, rows.data(), &made));
        return take(made, root());
    }

    /** Memory and work beforehand. */
    static diffmm_diffusion_needs forecast(const context &from, detail::amount items,
                                           detail::amount users, detail::amount entries,
                                           const options &wanted)
    {
        diffmm_diffusion_needs needs = {};
        needs.struct_size = sizeof needs;
        check(diffmm_diffusion_forecast(from.get(), items, users, entries, wanted.get(), &needs));
        return needs;
    }

    std::size_t items() const noexcept
    {
        return diffmm_diffusion_items(get());
    }
    /** Optimiser steps taken. */
    std::uint64_t steps() const noexcept
    {
        return diffmm_diffusion_steps(get());
    }
    /** A quantity of the noise schedule, one double for each step; borrowed until the module ends.
     */
    span<const double> schedule(diffmm_schedule_quantity quantity) const
    {
        const diffmm_schedule *own = diffmm_diffusion_schedule(get());
        const double *first = diffmm_schedule_values(own, quantity);
        detail::require(first != nullptr, "there is no such quantity");
        return {first, diffmm_schedule_steps(own)};
    }
    /** A copy of the settings. */
    diffmm::options settings() const
    {
        return diffmm::options(root(), diffmm_diffusion_options(get()));
    }

    /** A parameter by name; borrowed until the module ends. */
    diffmm::parameter parameter(const std::string &name) const
    {
        diffmm_parameter c = {};
        c.struct_size = sizeof c;
        check(diffmm_diffusion_parameter(get(), detail::text(name), &c));
        return lend(c);
    }
    /** All of them, in the order of a gradient. */
    std::vector<diffmm::parameter> parameters() const
    {
        std::vector<diffmm::parameter> all;
        for (std::size_t i = 0; i < diffmm_diffusion_parameters(get()); i++) {
            diffmm_parameter c = {};
            c.struct_size = sizeof c;
            check(diffmm_diffusion_parameter_at(get(), i, &c));
            all.push_back(lend(c));
        }
        return all;
    }
    /** Overwrite a parameter: as many values as it has. */
    void set_parameter(const std::string &name, span<const float> values)
    {
        const diffmm::parameter own = parameter(name);
        detail::require(values.size() == own.values.size(),
                        "values are not as many as the parameter's");
        check(diffmm_diffusion_set_parameter(get(), detail::text(name), own.rows, own.columns,
                                             values.data()));
    }

    /** One step of Adam; the losses are those before it. */
    diffusion_losses step(const diffusion_batch &batch)
    {
        const diffmm_diffusion_batch c = lent(batch, true);
        diffusion_losses found = {};
        check(diffmm_diffusion_step(get(), &c, &found));
        return found;
    }
    /** Losses alone. */
    diffusion_losses objective(const diffusion_batch &batch)
    {
        const diffmm_diffusion_batch c = lent(batch, true);
        diffusion_losses found = {};
        check(diffmm_diffusion_objective(get(), &c, &found, nullptr));
        return found;
    }
    /** Losses, and the gradient of all parameters one after the other. */
    diffusion_losses objective(const diffusion_batch &batch, std::vector<float> &gradient)
    {
        const diffmm_diffusion_batch c = lent(batch, true);
        diffusion_losses found = {};
        std::size_t size = 0;
        for (const auto &own : parameters())
            size += own.values.size();
        gradient.resize(size);
        check(diffmm_diffusion_objective(get(), &c, &found, gradient.data()));
        return found;
    }
    /** The rows with noise, users x items. */
    std::vector<float> corrupt(const diffusion_batch &batch) const
    {
        const diffmm_diffusion_batch c = lent(batch, true);
        std::vector<float> x(detail::product(count(batch), items()));
        check(diffmm_diffusion_corrupt(get(), &c, x.data()));
        return x;
    }
    /** The prediction of clean rows: one row of x for each step of t. */
    std::vector<float> denoise(span<const float> x, span<const std::int32_t> t) const
    {
        detail::require(detail::is_matrix(x.size(), t.size(), items()),
                        "x has not one row for each of t");
        std::vector<float> x_hat(x.size());
        check(diffmm_diffusion_denoise(get(), t.size(), x.data(), t.data(), x_hat.data()));
        return x_hat;
    }
    /** The reverse chain's result, users x items. */
    std::vector<float> reverse(const diffusion_batch &batch) const
    {
        const diffmm_diffusion_batch c = lent(batch, false);
        std::vector<float> x(detail::product(count(batch), items()));
        check(diffmm_diffusion_reverse(get(), &c, x.data()));
        return x;
    }
    /** The `wanted` items with the largest entries of it, for each user. */
    neighbors generate(const diffusion_batch &batch, detail::amount wanted) const
    {
        const diffmm_diffusion_batch c = lent(batch, false);
        const std::size_t size =
            wanted <= items() ? detail::product(count(batch), wanted) : 0; /* else an error */
        neighbors found{std::vector<std::int32_t>(size + 1), std::vector<float>(size + 1)};
        check(
            diffmm_diffusion_generate(get(), &c, wanted, found.items.data(), found.scores.data()));
        found.items.resize(size);
        found.scores.resize(size);
        return found;
    }
    /** How well it restores the batch's rows, and finds the items held out from all users; values of
     *  `held` are not read. @see diffmm_diffusion_measure */
    denoiser_measures measure(const diffusion_batch &batch, const sparse_rows &held,
                              detail::amount cutoff) const
    {
        const diffmm_diffusion_batch c = lent(batch, false);
        check_rows(held);
        detail::require(held.pointers.size() == c.users + 1,
                        "held has not one row for each of the batch's rows");
        denoiser_measures found = {};
        found.struct_size = sizeof found;
        check(diffmm_diffusion_measure(get(), &c, held.pointers.data(), held.items.data(), cutoff,
                                       &found));
        return found;
    }

  private:
    using handle::handle;

    diffusion(const context &from, std::size_t items, const diffmm_options *wanted,
              std::uint64_t seed)
        : handle(create(from, items, wanted, seed), from.root())
    {
    }
    static std::shared_ptr<diffmm_diffusion>
    create(const context &from, std::size_t items, const diffmm_options *wanted, std::uint64_t seed)
    {
        diffmm_diffusion *created = nullptr;
        check(diffmm_diffusion_create(from.get(), items, wanted, seed, &created));
        return detail::own(created, diffmm_diffusion_destroy, from.root());
    }
    static diffusion take(diffmm_diffusion *made, const std::shared_ptr<const void> &root)
    {
        return diffusion(detail::own(made, diffmm_diffusion_destroy, root), root);
    }
    static diffmm::parameter lend(const diffmm_parameter &c)
    {
        return {c.name, c.rows, c.columns, {c.values, c.rows * c.columns}, {}};
    }
    /** How many users a batch has. */
    static std::size_t count(const diffusion_batch &batch)
    {
        return batch.users.empty() ? batch.rows.pointers.size() - 1 : batch.users.size();
    }
    /** Noise for each step of the reverse chain, and for the noise before it. */
    std::size_t reverse_blocks() const
    {
        std::int64_t steps = 0, noise = 0;
        const diffmm_options *own = diffmm_diffusion_options(get());
        check(diffmm_options_get_integer(own, "sampling_steps", &steps));
        check(diffmm_options_get_integer(own, "sampling_noise", &noise));
        return (steps > 0 ? 1 : 0) +
               (noise ? diffmm_schedule_steps(diffmm_diffusion_schedule(get())) : 0);
    }
    static void fits(std::size_t size, std::size_t wanted, const char *message)
    {
        detail::require(size == 0 || size == wanted, message);
    }
    static void check_rows(const sparse_rows &rows)
    {
        detail::require(!rows.pointers.empty() && rows.pointers[0] >= 0, "rows without pointers");
        for (std::size_t u = 0; u + 1 < rows.pointers.size(); u++)
            detail::require(rows.pointers[u] <= rows.pointers[u + 1], "pointers of rows fall");
        const auto entries = static_cast<std::size_t>(rows.pointers[rows.pointers.size() - 1]);
        detail::require(entries <= rows.items.size(), "pointers of rows reach beyond their items");
    }
    /** Every array has the size that C code will take it to have. */
    diffmm_diffusion_batch lent(const diffusion_batch &batch, bool training) const
    {
        const sparse_rows &rows = batch.rows;
        check_rows(rows);
        fits(rows.values.size(), rows.items.size(), "values are not as many as items");
        const std::size_t users = count(batch), cells = detail::product(users, items());
        const std::size_t blocks = training ? 1 : reverse_blocks();
        fits(batch.t.size(), users, "t has not one step for each user");
        std::size_t rank = 0; /* of a spectral denoiser: noise is drawn in its coordinates */
        const std::size_t draws =
            diffmm_diffusion_basis(get(), &rank) == nullptr ? cells : detail::product(users, rank);
        fits(batch.noise.size(), detail::product(blocks, draws),
             "noise is not as large as the draws it stands for");
        fits(batch.dropout_scale.size(), cells, "dropout_scale is not users x items");
        detail::require(batch.features.size() == batch.item_embedding.size() &&
                            (items() == 0 || batch.features.size() % items() == 0),
                        "features and item_embedding are not both items x d");
        diffmm_diffusion_batch c = {};
        c.struct_size = sizeof c;
        c.users = rows.pointers.size() - 1;
        c.row_pointers = rows.pointers.data();
        c.row_items = rows.items.data();
        c.row_values = rows.values.empty() ? nullptr : rows.values.data();
        c.rows = users;
        c.row_numbers = batch.users.empty() ? nullptr : batch.users.data();
        c.epoch = batch.epoch;
        c.t = batch.t.empty() ? nullptr : batch.t.data();
        c.noise = batch.noise.empty() ? nullptr : batch.noise.data();
        c.dropout_scale = batch.dropout_scale.empty() ? nullptr : batch.dropout_scale.data();
        c.d = items() == 0 ? 0 : batch.features.size() / items();
        c.features = batch.features.data();
        c.item_embedding = batch.item_embedding.data();
        c.e_loss = batch.e_loss;
        return c;
    }
};

} // namespace DIFFMM_CPP
} // namespace diffmm

#endif
