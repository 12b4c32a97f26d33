/* SPDX-License-Identifier: BSD-2-Clause */
/** @file context.hpp
 *  Memory, threads and log, for the handles made from a context. */
#ifndef DIFFMM_CPP_CONTEXT_HPP
#define DIFFMM_CPP_CONTEXT_HPP

#include <cstddef>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include <diffmm/context.h>
#include <diffmm/cpp/error.hpp>
#include <diffmm/cpp/handle.hpp>

namespace diffmm
{
inline namespace DIFFMM_CPP
{

/** Settings of a context. */
struct settings {
    detail::amount threads = 0; /**< the calling one included; 0: as many as CPUs */
    /** Receives messages, one line each, on the thread that made the call. What it throws is
     * dropped. */
    std::function<void(diffmm_log_level level, const char *message)> log;
    diffmm_log_level log_level = DIFFMM_LOG_INFO; /**< messages up to this level */
};

/** @see diffmm_context */
class context : public detail::handle<diffmm_context>
{
  public:
    /** All CPUs, memory from malloc, no log. */
    context() : context(settings())
    {
    }
    template <class Number, class = std::enable_if_t<std::is_arithmetic_v<Number>>>
    explicit context(Number threads) : context(with_threads(threads))
    {
    }
    explicit context(const settings &wanted)
        : context(wanted, std::make_shared<const log_function>(wanted.log))
    {
    }
    /** From C settings, which may name an allocator or a thread pool of one's own. What they point
     *  to must live until the last handle that is made from this context ends. */
    explicit context(const diffmm_context_settings &wanted) : context(create(wanted, nullptr))
    {
    }

    /** The number of threads that compute, the calling one included. */
    std::size_t threads() const noexcept
    {
        return diffmm_context_threads(get());
    }

  private:
    using log_function = std::function<void(diffmm_log_level, const char *)>;

    context(const settings &wanted, const std::shared_ptr<const log_function> &log)
        : context(create(plain(wanted, log.get()), log))
    {
    }
    explicit context(std::shared_ptr<diffmm_context> owned) : handle(owned, owned)
    {
    }

    static settings with_threads(detail::amount threads)
    {
        settings wanted;
        wanted.threads = threads;
        return wanted;
    }
    static diffmm_context_settings plain(const settings &wanted, const log_function *log)
    {
        diffmm_context_settings c = {};
        c.struct_size = sizeof c;
        c.threads = wanted.threads;
        if (*log) {
            c.log = on_message;
            c.log_data = const_cast<log_function *>(log);
            c.log_level = wanted.log_level;
        }
        return c;
    }
    static void on_message(diffmm_log_level level, const char *message, void *user_data) noexcept
    {
        try {
            (*static_cast<const log_function *>(user_data))(level, message);
        } catch (...) { // there is no operation to stop
        }
    }
    static std::shared_ptr<diffmm_context> create(const diffmm_context_settings &wanted,
                                                  const std::shared_ptr<const log_function> &log)
    {
        diffmm_context *created = nullptr;
        check(diffmm_context_create(&wanted, &created));
        return detail::own(created, diffmm_context_destroy, log);
    }
};

} // namespace DIFFMM_CPP
} // namespace diffmm

#endif
