/* SPDX-License-Identifier: BSD-2-Clause */
/** @file model.hpp
 *  The recommender: parameters, embeddings, objective, files. */
#ifndef DIFFMM_CPP_MODEL_HPP
#define DIFFMM_CPP_MODEL_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <diffmm/cpp/dataset.hpp>
#include <diffmm/cpp/graph.hpp>
#include <diffmm/cpp/options.hpp>
#include <diffmm/model.h>

namespace diffmm
{
inline namespace DIFFMM_CPP
{

using losses = diffmm_losses;
using loss_term = diffmm_loss;

/** One parameter, in place. Borrowed until the model ends; values change as it trains. */
struct parameter {
    const char *name = nullptr;
    std::size_t rows = 0, columns = 0;
    span<const float> values;   /**< rows x columns */
    span<const float> gradient; /**< of the last objective; may be empty */
};

/** @see diffmm_model
 *
 *  The model of a trainer keeps the trainer's memory until it ends. It must not be used while a
 * call on the trainer runs. */
class model : public detail::handle<diffmm_model>
{
  public:
    /** With initial parameters drawn from the options' seed. */
    explicit model(dataset &data) : model(data, nullptr)
    {
    }
    model(dataset &data, const options &wanted) : model(data, wanted.get())
    {
    }
    /** From a model file, for scoring and reading. */
    static model load(const context &from, const std::string &path)
    {
        diffmm_model *loaded = nullptr;
        check(diffmm_model_load(from.get(), detail::text(path), &loaded));
        return model(detail::own(loaded, diffmm_model_destroy, from.root()), from.root());
    }
    /** From a model file in memory, borrowed during the call. */
    static model load_memory(const context &from, span<const std::uint8_t> data)
    {
        diffmm_model *loaded = nullptr;
        check(diffmm_model_load_memory(from.get(), data.data(), data.size(), &loaded));
        return model(detail::own(loaded, diffmm_model_destroy, from.root()), from.root());
    }
    /** Write a model file. */
    void save(const std::string &path) const
    {
        run_on([&](const diffmm_model *c) { return diffmm_model_save(c, detail::text(path)); });
    }
    /** Write it into memory instead. */
    std::vector<std::uint8_t> save_memory() const
    {
        return detail::written(diffmm_model_save_memory, get());
    }

    std::size_t users() const noexcept
    {
        return diffmm_model_users(get());
    }
    std::size_t items() const noexcept
    {
        return diffmm_model_items(get());
    }
    std::size_t dimensions() const noexcept
    {
        return diffmm_model_dimensions(get());
    }
    std::size_t modalities() const noexcept
    {
        return diffmm_model_modalities(get());
    }
    /** NULL if there are not so many. Borrowed until the model ends. */
    const char *modality_name(detail::amount index) const noexcept
    {
        return diffmm_model_modality_name(get(), index);
    }
    /** One per modality; they sum to 1. */
    std::vector<float> modality_weights() const
    {
        std::vector<float> weights(modalities());
        check(diffmm_model_modality_weights(get(), weights.data()));
        return weights;
    }
    /** A copy of the settings that the model was made with. */
    diffmm::options settings() const
    {
        return diffmm::options(root(), diffmm_model_options(get()));
    }
    /** A setting that the model was made with, as text. */
    std::string setting(const std::string &name) const
    {
        const char *value = nullptr;
        check(diffmm_options_get(diffmm_model_options(get()), detail::text(name), &value));
        return value;
    }

    /** A parameter by name. */
    diffmm::parameter parameter(const std::string &name) const
    {
        diffmm_parameter c = {};
        c.struct_size = sizeof c;
        check(diffmm_model_parameter(get(), detail::text(name), &c));
        return lend(c);
    }
    /** All of them. */
    std::vector<diffmm::parameter> parameters() const
    {
        std::vector<diffmm::parameter> all;
        all.reserve(diffmm_model_parameters(get()));
        for (std::size_t i = 0; i < diffmm_model_parameters(get()); i++) {
            diffmm_parameter c = {};
            c.struct_size = sizeof c;
            check(diffmm_model_parameter_at(get(), i, &c));
            all.push_back(lend(c));
        }
        return all;
    }
    /** Overwrite a parameter: as many values as it has. Embeddings follow with forward(). */
    void set_parameter(const std::string &name, span<const float> values)
    {
        const diffmm::parameter own = parameter(name);
        detail::require(values.size() == own.values.size(),
                        "values are not as many as the parameter's");
        check(diffmm_model_set_parameter(get(), detail::text(name), own.rows, own.columns,
                                         values.data()));
    }

    /** Set a modality's generated graph, which the model keeps alive. */
    void set_graph(const std::string &modality, const graph &generated)
    {
        check(diffmm_model_set_graph(get(), detail::text(modality), generated.get()));
    }
    /** A modality's generated graph, until it is replaced; empty if there is none. */
    graph_view generated_graph(const std::string &modality) const
    {
        return graph_view(diffmm_model_graph(get(), detail::text(modality)));
    }

    /** Compute final embeddings from the current parameters and graphs. */
    void forward()
    {
        run_on([](diffmm_model *c) { return diffmm_model_forward(c); });
    }
    /** Final embeddings of the last forward pass, users x d, in place; with diffusion.blend, the
     * recommender's part of what ranks. Borrowed until the model ends. */
    span<const float> user_embeddings() const noexcept
    {
        return {diffmm_model_user_embeddings(get()), users() * dimensions()};
    }
    /** items x d */
    span<const float> item_embeddings() const noexcept
    {
        return {diffmm_model_item_embeddings(get()), items() * dimensions()};
    }
    /** The d numbers of one user or item, in place. */
    span<const float> user_embedding(detail::number user) const
    {
        return row(user_embeddings(), users(), user, "there is no such user");
    }
    span<const float> item_embedding(detail::number item) const
    {
        return row(item_embeddings(), items(), item, "there is no such item");
    }
    /** The contrastive view of a modality, (users + items) x d. */
    std::vector<float> view(const std::string &modality)
    {
        std::vector<float> out((users() + items()) * dimensions());
        const char *called = detail::text(modality);
        run_on([&](diffmm_model *c) { return diffmm_model_view(c, called, out.data()); });
        return out;
    }

    /** Every term of the objective, with its value in the last objective(). */
    std::vector<loss_term> terms() const
    {
        std::vector<loss_term> all(diffmm_model_losses(get()));
        for (std::size_t i = 0; i < all.size(); i++)
            check(diffmm_model_loss_at(get(), i, &all[i]));
        return all;
    }
    /** One of them by name. */
    loss_term term(const std::string &name) const
    {
        loss_term found = {};
        check(diffmm_model_loss(get(), detail::text(name), &found));
        return found;
    }

    /** Value and gradient of the objective for a batch. */
    losses objective(span<const std::int32_t> user, span<const std::int32_t> positive,
                     span<const std::int32_t> negative)
    {
        detail::require(user.size() == positive.size() && user.size() == negative.size(),
                        "user, positive and negative are not equally many");
        losses value = {};
        run_on([&](diffmm_model *c) {
            return diffmm_model_objective(c, user.size(), user.data(), positive.data(),
                                          negative.data(), &value);
        });
        return value;
    }
    /** Take over what another model has learnt about the users, items and modalities that both
     * know. */
    void inherit(const model &from)
    {
        const auto source = from.shared();
        run_on([&](diffmm_model *c) { return diffmm_model_inherit(c, source.get()); });
    }
    /** One Adam step with the gradients of the last objective. */
    void step()
    {
        run_on([](diffmm_model *c) { return diffmm_model_step(c); });
    }

  private:
    friend class trainer;
    using handle::handle;

    model(dataset &data, const diffmm_options *wanted) : model(create(data, wanted))
    {
    }
    static model create(dataset &data, const diffmm_options *wanted)
    {
        diffmm_model *created = nullptr;
        const auto root = data.root(); /* a loader may end the object `data` */
        const auto held = data.shared();
        detail::run([&] { return diffmm_model_create(held.get(), wanted, &created); });
        return model(detail::own(created, diffmm_model_destroy, root, held), root);
    }
    static diffmm::parameter lend(const diffmm_parameter &c)
    {
        const std::size_t count = c.rows * c.columns;
        return {c.name, c.rows, c.columns, {c.values, count}, {c.gradient, c.gradient ? count : 0}};
    }
    span<const float> row(span<const float> matrix, std::size_t rows, std::int32_t index,
                          const char *message) const
    {
        detail::require(index >= 0 && static_cast<std::size_t>(index) < rows, message);
        return matrix.subspan(static_cast<std::size_t>(index) * dimensions(), dimensions());
    }
};

} // namespace DIFFMM_CPP
} // namespace diffmm

#endif
