/* SPDX-License-Identifier: BSD-2-Clause */
/** @file file.hpp
 *  What a model file or a training checkpoint says of itself, without loading it. */
#ifndef DIFFMM_CPP_FILE_HPP
#define DIFFMM_CPP_FILE_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <diffmm/cpp/context.hpp>
#include <diffmm/cpp/dataset.hpp>
#include <diffmm/file.h>

namespace diffmm
{
inline namespace DIFFMM_CPP
{

/** A file's metadata. What it points to is borrowed until the file object ends. */
struct file_info {
    diffmm_file_kind kind = DIFFMM_FILE_MODEL;
    std::int32_t format_version = 0;
    const char *library = ""; /**< version that wrote it */
    std::size_t users = 0, items = 0, dimensions = 0, modalities = 0;
    std::size_t epochs_done = 0;     /**< of a checkpoint */
    std::size_t chosen_epoch = 0;    /**< 0 where there is none */
    span<const metrics> valid, test; /**< the chosen epoch's, per cutoff */
};

/** @see diffmm_file */
class file : public detail::handle<diffmm_file>
{
  public:
    /** Read the header of a model file or training checkpoint. */
    static file open(const context &from, const std::string &path)
    {
        diffmm_file *opened = nullptr;
        check(diffmm_file_open(from.get(), detail::text(path), &opened));
        return file(detail::own(opened, diffmm_file_destroy, from.root()), from.root());
    }
    /** The same of a file in memory, borrowed during the call. */
    static file open_memory(const context &from, span<const std::uint8_t> data)
    {
        diffmm_file *opened = nullptr;
        check(diffmm_file_open_memory(from.get(), data.data(), data.size(), &opened));
        return file(detail::own(opened, diffmm_file_destroy, from.root()), from.root());
    }

    file_info info() const
    {
        diffmm_file_info c = {};
        c.struct_size = sizeof c;
        check(diffmm_file_describe(get(), &c));
        return {c.kind,
                c.format_version,
                c.library,
                c.users,
                c.items,
                c.dimensions,
                c.modality_count,
                c.epochs_done,
                c.chosen_epoch,
                {c.valid, c.cutoff_count},
                {c.test, c.cutoff_count}};
    }
    /** A setting that the model was made with, as text. */
    std::string setting(const std::string &name) const
    {
        const char *value = nullptr;
        check(diffmm_options_get(diffmm_file_options(get()), detail::text(name), &value));
        return value;
    }
    /** NULL if there are not so many. Borrowed until this object ends. */
    const char *modality_name(detail::amount index) const noexcept
    {
        return diffmm_file_modality_name(get(), index);
    }
    /** Raw features of an item. */
    std::size_t modality_dimensions(detail::amount index) const noexcept
    {
        return diffmm_file_modality_dimensions(get(), index);
    }

  private:
    using handle::handle;
};

} // namespace DIFFMM_CPP
} // namespace diffmm

#endif
