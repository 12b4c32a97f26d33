/* SPDX-License-Identifier: BSD-2-Clause */
/** @file version.h
 *  The version that a program was compiled with, and the version that is running.
 *
 *  Context and threads: no context; any thread at any time. */
#ifndef DIFFMM_VERSION_H
#define DIFFMM_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif

#define DIFFMM_VERSION_MAJOR 0 /**< Grows with an incompatible change. */
#define DIFFMM_VERSION_MINOR 1 /**< Grows with an addition. */
#define DIFFMM_VERSION_PATCH 0 /**< Grows with a correction. */

/** The version that the caller is compiled with, in the form of diffmm_version(). */
#define DIFFMM_VERSION                                                                             \
    (DIFFMM_VERSION_MAJOR * 1000000 + DIFFMM_VERSION_MINOR * 1000 + DIFFMM_VERSION_PATCH)

/** Marks a function of the public interface. Everything else is hidden. */
#if defined(__GNUC__)
#define DIFFMM_API __attribute__((visibility("default")))
#else
#define DIFFMM_API
#endif

/** The version of the running library, major * 1000000 + minor * 1000 + patch.
 *  A program may compare it with DIFFMM_VERSION, the version it was compiled with. Never fails. */
DIFFMM_API int diffmm_version(void);

/** One line about build and machine, for bug reports: library version; BLIS version and the kernels
 *  it chose for this processor; the library's own vector kernels; the processor's vector features;
 *  compiler and options of the build (libzip, optimised).
 *  Borrowed until the calling thread's next call or its end. */
DIFFMM_API const char *diffmm_build_info(void);

#ifdef __cplusplus
}
#endif
#endif
