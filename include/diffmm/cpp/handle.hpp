/* SPDX-License-Identifier: BSD-2-Clause */
/** @file handle.hpp
 *  What the owning classes have in common. */
#ifndef DIFFMM_CPP_HANDLE_HPP
#define DIFFMM_CPP_HANDLE_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <diffmm/cpp/argument.hpp>
#include <diffmm/cpp/error.hpp>
#include <diffmm/cpp/span.hpp>

namespace diffmm
{
inline namespace DIFFMM_CPP
{
namespace detail
{

/** Own a C handle, and what it was lent, which ends after it. */
template <class T, class... Lent>
std::shared_ptr<T> own(T *handle, void (*destroy)(T *), Lent... lent)
{
    return std::shared_ptr<T>(handle, [destroy, lent...](T *ended) { destroy(ended); });
}

/** A file that a C function writes into memory. */
template <class T>
std::vector<std::uint8_t>
written(diffmm_status (*write)(const T *, void *, std::size_t, std::size_t *), const T *from)
{
    std::size_t size = 0;
    check(write(from, nullptr, 0, &size));
    std::vector<std::uint8_t> data(size);
    check(write(from, data.data(), data.size(), &size));
    return data;
}

/** A C handle with its context. Shared only inside this library (a model with the trainer it
 * belongs to): to the outside it is move-only. */
template <class T> class handle
{
  public:
    handle(handle &&) noexcept = default;
    handle &operator=(handle &&) noexcept = default;
    handle(const handle &) = delete;
    handle &operator=(const handle &) = delete;

    /** The C handle, lent; NULL after a move. */
    T *get() const noexcept
    {
        return owned_.get();
    }
    explicit operator bool() const noexcept
    {
        return owned_ != nullptr;
    }

    /** For the classes of this library: what keeps handle and context alive. */
    const std::shared_ptr<T> &shared() const noexcept
    {
        return owned_;
    }
    const std::shared_ptr<const void> &root() const noexcept
    {
        return root_;
    }

  protected:
    handle() noexcept = default;
    handle(std::shared_ptr<T> owned, std::shared_ptr<const void> root) noexcept
        : owned_(std::move(owned)), root_(std::move(root))
    {
    }
    ~handle() = default;

    /** Call C code, which may call back. Until it has returned the handle lives, with all that it
     * stands on, even if a callback ends or replaces this object.
     *  @param call  given the handle, returns a diffmm_status, which is passed on */
    template <class Call> diffmm_status outcome_of(Call &&call) const
    {
        const std::shared_ptr<const void> root = root_; /* ends after the handle */
        const std::shared_ptr<T> owned = owned_;
        return outcome([&] { return call(owned.get()); });
    }
    /** The same, and throw if it failed. */
    template <class Call> void run_on(Call &&call) const
    {
        check(outcome_of(std::forward<Call>(call)));
    }

  private:
    std::shared_ptr<T> owned_;
    std::shared_ptr<const void> root_;
};

} // namespace detail
} // namespace DIFFMM_CPP
} // namespace diffmm

#endif
