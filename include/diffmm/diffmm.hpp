/* SPDX-License-Identifier: BSD-2-Clause */
/** @file diffmm.hpp
 *  libdiffmm for C++17 and later, header-only, over the C interface alone.
 *
 *  - **Ownership.** context, dataset, options, graph, schedule, diffusion, model, trainer, scorer,
 * placer and file each own a C handle and are move-only. They may be destroyed in any order: each
 * keeps alive what it was made from, callables included. get() lends the C handle, for calls that
 * have no wrapper; it must not be destroyed through that pointer. A moved-from object may be
 * assigned to or destroyed; any other call on it throws.
 *  - **Failures** are thrown as diffmm::error, with status and message of the C interface.
 *  - **Callables** may throw: the exception is caught before it reaches C code, the operation is
 * stopped, and the same exception leaves the C++ call that started it. (A log function is the
 * exception: what it throws is dropped.) Allocators and thread pools are given as C functions and
 * must not throw.
 *  - **Callables may end or replace** the object that is calling them, or the one it was made from:
 * the handle lives until the call has returned. Spans of what came back may then lend nothing.
 *  - **Arguments** arrive as they are given: a number that its C type does not hold (also a
 * negative one for a size) and a text with a NUL inside throw DIFFMM_ERROR_INVALID_ARGUMENT, and a
 * fraction for a whole number does not compile.
 *  - **Spans** lend the library's own memory; their documentation says until when.
 *  - **Threads**: const member functions may be called by any number of threads at once, as in C.
 *
 *  Everything that returns a diffmm_status and works on plain arrays (losses, the denoiser, Adam,
 * ..) is used as it is: `diffmm::check(diffmm_bpr(..))`. */
#ifndef DIFFMM_DIFFMM_HPP
#define DIFFMM_DIFFMM_HPP

#include <diffmm/diffmm.h>

#include <diffmm/cpp/argument.hpp>
#include <diffmm/cpp/context.hpp>
#include <diffmm/cpp/dataset.hpp>
#include <diffmm/cpp/diffusion.hpp>
#include <diffmm/cpp/error.hpp>
#include <diffmm/cpp/file.hpp>
#include <diffmm/cpp/graph.hpp>
#include <diffmm/cpp/model.hpp>
#include <diffmm/cpp/options.hpp>
#include <diffmm/cpp/placer.hpp>
#include <diffmm/cpp/query.hpp>
#include <diffmm/cpp/rerank.hpp>
#include <diffmm/cpp/schedule.hpp>
#include <diffmm/cpp/scorer.hpp>
#include <diffmm/cpp/span.hpp>
#include <diffmm/cpp/trainer.hpp>

#endif
