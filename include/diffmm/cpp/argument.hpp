/* SPDX-License-Identifier: BSD-2-Clause */
/** @file argument.hpp
 *  Conversion of arguments for C. C++ silently cuts a number to the type of a parameter: a function
 *  that is asked for user 2^32 + 1 would answer for user 1, and a count of -1 would be 2^64 - 1. So
 *  parameters have the types below, to which a number converts whole or not at all: then it throws
 *  DIFFMM_ERROR_INVALID_ARGUMENT. */
#ifndef DIFFMM_CPP_ARGUMENT_HPP
#define DIFFMM_CPP_ARGUMENT_HPP

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>

#include <diffmm/cpp/error.hpp>

namespace diffmm
{
inline namespace DIFFMM_CPP
{
namespace detail
{

/** A whole number of type T, from a number of any integer type, but neither from bool nor from a
 * floating-point number, which would lose its fraction. */
template <class T> class whole
{
  public:
    template <class Given,
              std::enable_if_t<std::is_integral_v<Given> || std::is_enum_v<Given>, int> = 0>
    constexpr whole(Given given) : value_(static_cast<T>(given))
    {
        static_assert(!std::is_same_v<Given, bool>, "a bool is no number");
        if (!holds(given))
            throw error(DIFFMM_ERROR_INVALID_ARGUMENT, text(given) + " is not a number from " +
                                                           text(limits::min()) + " to " +
                                                           text(limits::max()));
    }
    template <class Given, std::enable_if_t<std::is_floating_point_v<Given>, int> = 0>
    whole(Given) = delete;

    constexpr operator T() const noexcept
    {
        return value_;
    }

  private:
    using limits = std::numeric_limits<T>;

    template <class Given> static constexpr bool holds(Given given)
    {
        if (is_negative(given))
            return std::is_signed_v<T> &&
                   static_cast<std::intmax_t>(given) >= static_cast<std::intmax_t>(limits::min());
        return static_cast<std::uintmax_t>(given) <= static_cast<std::uintmax_t>(limits::max());
    }
    template <class Given> static constexpr bool is_negative(Given given)
    {
        if constexpr (std::is_enum_v<Given>)
            return is_negative(static_cast<std::underlying_type_t<Given>>(given));
        else if constexpr (std::is_signed_v<Given>)
            return given < 0;
        else
            return false;
    }
    template <class Given> static std::string text(Given given)
    {
        return is_negative(given) ? std::to_string(static_cast<std::intmax_t>(given))
                                  : std::to_string(static_cast<std::uintmax_t>(given));
    }

    T value_;
};

using number = whole<std::int32_t>; /**< of a user or an item */
using amount = whole<std::size_t>;  /**< how many, or the place in a list */
using word = whole<std::uint64_t>;  /**< of a seed */

/** A real number of type T from one of any type. What is finite stays finite. */
template <class T> class real
{
  public:
    template <
        class Given,
        std::enable_if_t<std::is_arithmetic_v<Given> && !std::is_same_v<Given, bool>, int> = 0>
    constexpr real(Given given) : value_(narrowed(given))
    {
    }
    constexpr operator T() const noexcept
    {
        return value_;
    }

  private:
    template <class Given> static constexpr T narrowed(Given given)
    {
        if constexpr (std::is_floating_point_v<Given> && sizeof(Given) > sizeof(T)) {
            const Given most = static_cast<Given>(std::numeric_limits<T>::max());
            const bool finite = given >= std::numeric_limits<Given>::lowest() &&
                                given <= std::numeric_limits<Given>::max();
            if (finite && (given > most || given < -most))
                throw error(DIFFMM_ERROR_INVALID_ARGUMENT, "a number is too large for its type");
        }
        return static_cast<T>(given);
    }

    T value_;
};

/** A name, an id or a path for C, where a text ends at its first NUL: it must have none. */
inline const char *text(const std::string &given)
{
    if (given.find('\0') != std::string::npos)
        throw error(DIFFMM_ERROR_INVALID_ARGUMENT,
                    "'" + std::string(given.c_str()) + "' goes on after a NUL");
    return given.c_str();
}

/** Whether `values` equals rows x columns, also where the product exceeds size_t. */
constexpr bool is_matrix(std::size_t values, std::size_t rows, std::size_t columns) noexcept
{
    return rows == 0 || columns == 0 ? values == 0 : values % rows == 0 && values / rows == columns;
}

/** rows x columns; throws where the product exceeds size_t. */
inline std::size_t product(std::size_t rows, std::size_t columns)
{
    if (columns != 0 && rows > std::numeric_limits<std::size_t>::max() / columns)
        throw error(DIFFMM_ERROR_NO_MEMORY, std::to_string(rows) + " x " + std::to_string(columns) +
                                                " values exceed the address space");
    return rows * columns;
}

} // namespace detail
} // namespace DIFFMM_CPP
} // namespace diffmm

#endif
