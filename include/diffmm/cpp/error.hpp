/* SPDX-License-Identifier: BSD-2-Clause */
/** @file error.hpp
 *  Failures as exceptions, and how exceptions of callables get past C code. */
#ifndef DIFFMM_CPP_ERROR_HPP
#define DIFFMM_CPP_ERROR_HPP

#include <exception>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include <diffmm/cpp/span.hpp>
#include <diffmm/status.h>

namespace diffmm
{

/** A failed call. what() is its diffmm_error_message(). */
class error : public std::runtime_error
{
  public:
    error(diffmm_status status, const std::string &message)
        : std::runtime_error(message), status_(status)
    {
    }
    diffmm_status status() const noexcept
    {
        return status_;
    }

  private:
    diffmm_status status_;
};

/** Throw an error if a C call failed. */
inline void check(diffmm_status status)
{
    if (status != DIFFMM_OK)
        throw error(status, diffmm_error_message());
}

inline namespace DIFFMM_CPP
{
namespace detail
{

/** The place where this thread's innermost outcome() receives the exception of a callback; NULL
 * outside of any. A plain pointer, so that nothing has to be destroyed with the thread, and a
 * plugin can be unloaded before the thread ends. */
inline std::exception_ptr *&thrown_goes_to() noexcept
{
    thread_local std::exception_ptr *place = nullptr;
    return place;
}

/** The body of a C callback: 0 to go on, non-zero to stop.
 *  @param body  returns whether to go on */
template <class Body> int guarded(Body &&body) noexcept
{
    try {
        return body() ? 0 : 1;
    } catch (...) {
        if (std::exception_ptr *place = thrown_goes_to())
            *place = std::current_exception();
        return 1;
    }
}

/** Call a callable that returns nothing, or whether to go on. */
template <class Told, class... What> bool goes_on(Told &told, const What &...what)
{
    if constexpr (std::is_void_v<decltype(told(what...))>) {
        told(what...);
        return true;
    } else {
        return static_cast<bool>(told(what...));
    }
}

/** Call C code that may call back; rethrow what a callback threw. Callbacks may do the same in
 * turn.
 *  @param call  returns a diffmm_status, which is passed on */
template <class Call> diffmm_status outcome(Call &&call)
{
    struct outer_place {
        std::exception_ptr *outer;
        ~outer_place() /* also where call() throws, before it gets to C */
        {
            thrown_goes_to() = outer;
        }
    };
    std::exception_ptr thrown;
    const diffmm_status status = [&] {
        const outer_place back{std::exchange(thrown_goes_to(), &thrown)};
        return call();
    }();
    if (thrown)
        std::rethrow_exception(std::move(thrown));
    return status;
}

/** The same, and throw if it failed. */
template <class Call> void run(Call &&call)
{
    check(outcome(std::forward<Call>(call)));
}

/** Throw DIFFMM_ERROR_INVALID_ARGUMENT where C would not see what is wrong. */
inline void require(bool fine, const char *message)
{
    if (!fine)
        throw error(DIFFMM_ERROR_INVALID_ARGUMENT, message);
}

} // namespace detail
} // namespace DIFFMM_CPP
} // namespace diffmm

#endif
