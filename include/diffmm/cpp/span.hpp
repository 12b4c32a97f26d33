/* SPDX-License-Identifier: BSD-2-Clause */
/** @file span.hpp
 *  A view of contiguous values: std::span where the language has it, else a small one.
 *
 *  Which of the two it is changes what a function that takes a span is called at link time. So the
 *  names of this library stand in an inline namespace per kind: parts of a program compiled as
 * C++17 and as C++20 live together, and one that hands spans to the other does not link. */
#ifndef DIFFMM_CPP_SPAN_HPP
#define DIFFMM_CPP_SPAN_HPP

#include <cstddef>
#include <type_traits>
#include <utility>

#if defined(__has_include) && __cplusplus >= 202002L
#if __has_include(<span>)
#include <span>
#endif
#endif

#ifdef __cpp_lib_span
#define DIFFMM_CPP cpp20
#else
#define DIFFMM_CPP cpp17
#endif

namespace diffmm
{
inline namespace DIFFMM_CPP
{

#ifdef __cpp_lib_span
template <class T> using span = std::span<T>;
#else
/** A pointer and a size; what std::span does, as far as this library needs it. */
template <class T> class span
{
  public:
    using element_type = T;
    using value_type = std::remove_cv_t<T>;
    using size_type = std::size_t;
    using iterator = T *;

    constexpr span() noexcept = default;
    constexpr span(T *data, std::size_t size) noexcept : data_(data), size_(size)
    {
    }
    template <std::size_t N> constexpr span(T (&array)[N]) noexcept : data_(array), size_(N)
    {
    }
    /** From a vector, an array, a string, another span: whatever has data() and size(). A temporary
     * only where the values are const, for an argument. */
    template <
        class Container,
        class = std::enable_if_t<
            std::is_convertible_v<
                std::remove_pointer_t<decltype(std::declval<Container &>().data())> (*)[],
                T (*)[]> &&
            std::is_convertible_v<decltype(std::declval<Container &>().size()), std::size_t> &&
            (std::is_const_v<T> || std::is_lvalue_reference_v<Container>)>>
    constexpr span(Container &&container) noexcept
        : data_(container.data()), size_(container.size())
    {
    }
    /** A span of values as a span of const values. */
    template <class U, class = std::enable_if_t<std::is_convertible_v<U (*)[], T (*)[]>>>
    constexpr span(const span<U> &other) noexcept : data_(other.data()), size_(other.size())
    {
    }

    constexpr T *data() const noexcept
    {
        return data_;
    }
    constexpr std::size_t size() const noexcept
    {
        return size_;
    }
    constexpr bool empty() const noexcept
    {
        return size_ == 0;
    }
    constexpr T &operator[](std::size_t index) const noexcept
    {
        return data_[index];
    }
    constexpr T *begin() const noexcept
    {
        return data_;
    }
    constexpr T *end() const noexcept
    {
        return data_ + size_;
    }
    constexpr span subspan(std::size_t offset, std::size_t count) const noexcept
    {
        return span(data_ + offset, count);
    }

  private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};
#endif

} // namespace DIFFMM_CPP
} // namespace diffmm

#endif
