/* SPDX-License-Identifier: BSD-2-Clause */
/** @file graph.hpp
 *  Normalised user-item graphs and propagation over them. Node matrices are (users + items) x d. */
#ifndef DIFFMM_CPP_GRAPH_HPP
#define DIFFMM_CPP_GRAPH_HPP

#include <cstddef>
#include <cstdint>
#include <memory>

#include <diffmm/cpp/context.hpp>
#include <diffmm/graph.h>

namespace diffmm
{
inline namespace DIFFMM_CPP
{

/** A graph's entries in place, as compressed sparse rows. Borrowed until the graph ends. */
struct graph_rows {
    span<const std::int64_t> pointers;
    span<const std::int32_t> columns;
    span<const float> values;
};

namespace detail
{

/** The functions of a graph, whether it is owned or lent. */
template <class Graph> class graph_functions
{
  public:
    std::size_t users() const noexcept
    {
        return diffmm_graph_users(c());
    }
    std::size_t items() const noexcept
    {
        return diffmm_graph_items(c());
    }
    std::size_t entries() const noexcept
    {
        return diffmm_graph_entries(c());
    }
    graph_rows rows() const
    {
        const std::int64_t *pointers = nullptr;
        const std::int32_t *columns = nullptr;
        const float *values = nullptr;
        check(diffmm_graph_rows(c(), &pointers, &columns, &values));
        return {{pointers, users() + items() + 1}, {columns, entries()}, {values, entries()}};
    }
    /** y = A x. */
    void multiply(detail::amount d, span<const float> x, span<float> y) const
    {
        require_shape(d, x.size(), y.size());
        check(diffmm_graph_multiply(c(), d, x.data(), y.data()));
    }
    /** y = A^T x. */
    void multiply_transposed(detail::amount d, span<const float> x, span<float> y) const
    {
        require_shape(d, x.size(), y.size());
        check(diffmm_graph_multiply_transposed(c(), d, x.data(), y.data()));
    }
    /** h = sum of A^l x for l = 0 .. layers. */
    void propagate(detail::amount layers, detail::amount d, span<const float> x,
                   span<float> h) const
    {
        require_shape(d, x.size(), h.size());
        check(diffmm_propagate(c(), layers, d, x.data(), h.data()));
    }
    /** The backward pass of propagate(). */
    void propagate_backward(detail::amount layers, detail::amount d, span<const float> grad_h,
                            span<float> grad_x) const
    {
        require_shape(d, grad_h.size(), grad_x.size());
        check(diffmm_propagate_backward(c(), layers, d, grad_h.data(), grad_x.data()));
    }

  protected:
    graph_functions() = default;
    ~graph_functions() = default;
    graph_functions(const graph_functions &) = default;
    graph_functions &operator=(const graph_functions &) = default;

  private:
    const diffmm_graph *c() const noexcept
    {
        return static_cast<const Graph *>(this)->get();
    }
    void require_shape(std::size_t d, std::size_t in, std::size_t out) const
    {
        const std::size_t nodes = users() + items();
        require(is_matrix(in, nodes, d) && is_matrix(out, nodes, d),
                "a matrix is not (users + items) x d");
    }
};

} // namespace detail

/** A graph that belongs to another object; lent until that object replaces it or ends. */
class graph_view : public detail::graph_functions<graph_view>
{
  public:
    graph_view() noexcept = default;
    explicit graph_view(const diffmm_graph *lent) noexcept : lent_(lent)
    {
    }
    const diffmm_graph *get() const noexcept
    {
        return lent_;
    }
    explicit operator bool() const noexcept
    {
        return lent_ != nullptr;
    }

  private:
    const diffmm_graph *lent_ = nullptr;
};

/** @see diffmm_graph */
class graph : public detail::handle<diffmm_graph>, public detail::graph_functions<graph>
{
  public:
    /** The normalised adjacency of user-item pairs, with self loops. */
    graph(const context &from, detail::amount users, detail::amount items,
          span<const std::int32_t> user, span<const std::int32_t> item)
        : handle(create(from, users, items, user, item), from.root())
    {
    }
    /** A copy in which each entry is kept or dropped on its own.
     *  @param kept  one byte per entry, non-zero to keep */
    /** With a weight of each pair: diffmm_graph_create_weighted(). */
    graph(const context &from, detail::amount users, detail::amount items,
          span<const std::int32_t> user, span<const std::int32_t> item, span<const float> weight)
        : handle(create(from, users, items, user, item, weight), from.root())
    {
    }
    graph drop_edges(double keep_rate, span<const std::uint8_t> kept) const
    {
        detail::require(kept.size() == entries(), "kept is not one byte per entry");
        diffmm_graph *made = nullptr;
        check(diffmm_graph_drop_edges(get(), keep_rate, kept.data(), &made));
        return graph(detail::own(made, diffmm_graph_destroy, root()), root());
    }
    graph_view view() const noexcept
    {
        return graph_view(get());
    }

  private:
    using handle::handle;

    static std::shared_ptr<diffmm_graph> create(const context &from, std::size_t users,
                                                std::size_t items, span<const std::int32_t> user,
                                                span<const std::int32_t> item)
    {
        detail::require(user.size() == item.size(), "user and item are not equally many");
        diffmm_graph *made = nullptr;
        check(diffmm_graph_create_bipartite(from.get(), users, items, user.size(), user.data(),
                                            item.data(), &made));
        return detail::own(made, diffmm_graph_destroy, from.root());
    }

    static std::shared_ptr<diffmm_graph> create(const context &from, std::size_t users,
                                                std::size_t items, span<const std::int32_t> user,
                                                span<const std::int32_t> item,
                                                span<const float> weight)
    {
        detail::require(user.size() == item.size() && user.size() == weight.size(),
                        "user, item and weight are not equally many");
        diffmm_graph *made = nullptr;
        check(diffmm_graph_create_weighted(from.get(), users, items, user.size(), user.data(),
                                           item.data(), weight.data(), &made));
        return detail::own(made, diffmm_graph_destroy, from.root());
    }
};

} // namespace DIFFMM_CPP
} // namespace diffmm

#endif
