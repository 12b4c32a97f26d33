/* SPDX-License-Identifier: BSD-2-Clause */
/** @file options.hpp
 *  Every setting of model and training, by name. */
#ifndef DIFFMM_CPP_OPTIONS_HPP
#define DIFFMM_CPP_OPTIONS_HPP

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <diffmm/cpp/context.hpp>
#include <diffmm/options.h>

namespace diffmm
{
inline namespace DIFFMM_CPP
{

/** @see diffmm_options */
class options : public detail::handle<diffmm_options>
{
  public:
    /** All defaults, with a context of its own. */
    options() : options(context(1))
    {
    }
    explicit options(const context &from) : handle(create(from), from.root())
    {
    }
    /** The settings of a data set: "tiktok", "baby", "sports", as published, "tiktok-spectral" or
     *  "debian-spectral". */
    static options preset(const std::string &name)
    {
        options made;
        made.set_preset(name);
        return made;
    }

    options &set_preset(const std::string &name)
    {
        check(diffmm_options_preset(get(), detail::text(name)));
        return *this;
    }
    /** A copy of the settings, to be changed on its own. */
    options copy() const
    {
        return options(root(), get());
    }

    /** Set a value from text, whatever its type. */
    options &set(const std::string &name, const std::string &value)
    {
        check(diffmm_options_set(get(), detail::text(name), detail::text(value)));
        return *this;
    }
    options &set(const std::string &name, const char *value)
    {
        check(diffmm_options_set(get(), detail::text(name), value));
        return *this;
    }
    /** Set an integer, a real number or a flag. */
    template <class Number, class = std::enable_if_t<std::is_arithmetic_v<Number>>>
    options &set(const std::string &name, Number value)
    {
        if constexpr (std::is_floating_point_v<Number>)
            check(diffmm_options_set_real(get(), detail::text(name), detail::real<double>(value)));
        else if constexpr (std::is_same_v<Number, bool>)
            check(diffmm_options_set_integer(get(), detail::text(name), value ? 1 : 0));
        else if constexpr (std::is_signed_v<Number> || sizeof value < sizeof(std::int64_t))
            check(diffmm_options_set_integer(get(), detail::text(name),
                                             static_cast<std::int64_t>(value)));
        else
            check(diffmm_options_set(get(), detail::text(name), std::to_string(value).c_str()));
        return *this;
    }
    /** Set a list. */
    options &set(const std::string &name, std::initializer_list<std::int64_t> values)
    {
        return set_list(name, values.begin(), values.end());
    }
    options &set(const std::string &name, const std::vector<std::int64_t> &values)
    {
        return set_list(name, values.begin(), values.end());
    }

    /** A value as text. */
    std::string get_text(const std::string &name) const
    {
        const char *value = nullptr;
        check(diffmm_options_get(get(), detail::text(name), &value));
        return value;
    }
    /** An integer or a flag. */
    std::int64_t get_integer(const std::string &name) const
    {
        std::int64_t value = 0;
        check(diffmm_options_get_integer(get(), detail::text(name), &value));
        return value;
    }
    bool get_flag(const std::string &name) const
    {
        return get_integer(name) != 0;
    }
    double get_real(const std::string &name) const
    {
        double value = 0;
        check(diffmm_options_get_real(get(), detail::text(name), &value));
        return value;
    }

    /** All settings: name, type, default, range, help. Texts are static. */
    static std::vector<diffmm_option_info> list()
    {
        std::vector<diffmm_option_info> all(diffmm_option_count());
        for (std::size_t i = 0; i < all.size(); i++) {
            all[i].struct_size = sizeof all[i];
            check(diffmm_option_describe(i, &all[i]));
        }
        return all;
    }

  private:
    friend class diffusion;
    friend class model;
    options(const std::shared_ptr<const void> &from, const diffmm_options *source)
        : handle(create_copy(from, source), from)
    {
    }
    static std::shared_ptr<diffmm_options> create_copy(const std::shared_ptr<const void> &from,
                                                       const diffmm_options *source)
    {
        diffmm_options *created = nullptr;
        check(diffmm_options_copy(source, &created));
        return detail::own(created, diffmm_options_destroy, from);
    }
    static std::shared_ptr<diffmm_options> create(const context &from)
    {
        diffmm_options *created = nullptr;
        check(diffmm_options_create(from.get(), &created));
        return detail::own(created, diffmm_options_destroy, from.root());
    }
    template <class Iterator>
    options &set_list(const std::string &name, Iterator begin, Iterator end)
    {
        std::string text;
        for (Iterator value = begin; value != end; ++value)
            text.append(value == begin ? "" : ",").append(std::to_string(*value));
        return set(name, text);
    }
};

} // namespace DIFFMM_CPP
} // namespace diffmm

#endif
