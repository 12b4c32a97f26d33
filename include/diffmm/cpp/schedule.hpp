/* SPDX-License-Identifier: BSD-2-Clause */
/** @file schedule.hpp
 *  The noise schedule of the diffusion; the functions of diffmm/diffusion.h take its get(). */
#ifndef DIFFMM_CPP_SCHEDULE_HPP
#define DIFFMM_CPP_SCHEDULE_HPP

#include <cstddef>
#include <memory>

#include <diffmm/cpp/context.hpp>
#include <diffmm/diffusion.h>

namespace diffmm
{
inline namespace DIFFMM_CPP
{

/** @see diffmm_schedule */
class schedule : public detail::handle<diffmm_schedule>
{
  public:
    schedule(const context &from, detail::amount steps, double noise_scale, double noise_min,
             double noise_max, bool beta_fixed = true)
        : handle(create(from, steps, noise_scale, noise_min, noise_max, beta_fixed), from.root())
    {
    }
    std::size_t steps() const noexcept
    {
        return diffmm_schedule_steps(get());
    }
    /** A quantity's T values; borrowed until the schedule ends. */
    span<const double> values(diffmm_schedule_quantity quantity) const
    {
        const double *first = diffmm_schedule_values(get(), quantity);
        detail::require(first != nullptr, "there is no such quantity");
        return {first, steps()};
    }

  private:
    static std::shared_ptr<diffmm_schedule> create(const context &from, std::size_t steps,
                                                   double noise_scale, double noise_min,
                                                   double noise_max, bool beta_fixed)
    {
        diffmm_schedule *created = nullptr;
        check(diffmm_schedule_create(from.get(), steps, noise_scale, noise_min, noise_max,
                                     beta_fixed ? 1 : 0, &created));
        return detail::own(created, diffmm_schedule_destroy, from.root());
    }
};

} // namespace DIFFMM_CPP
} // namespace diffmm

#endif
