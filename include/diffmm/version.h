/* SPDX-License-Identifier: BSD-2-Clause */
/** @file version.h
 *  What version was compiled against, and what version is running. */
#ifndef DIFFMM_VERSION_H
#define DIFFMM_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif

#define DIFFMM_VERSION_MAJOR 0
#define DIFFMM_VERSION_MINOR 1
#define DIFFMM_VERSION_PATCH 0

/** Marks a function of the public interface. Everything else is hidden. */
#if defined(__GNUC__)
#define DIFFMM_API __attribute__((visibility("default")))
#else
#define DIFFMM_API
#endif

/** The version of the running library, major * 1000000 + minor * 1000 + patch.
 *  A program may compare it with the DIFFMM_VERSION_* macros it was compiled with. Never fails;
 *  thread-safe. */
DIFFMM_API int diffmm_version(void);

/** One line about this build for bug reports: library version, BLIS version and kernel
 *  architecture, instruction set chosen at run time, optional parts compiled in.
 *  Borrowed for the life of the calling thread, until its next call. Thread-safe. */
DIFFMM_API const char *diffmm_build_info(void);

#ifdef __cplusplus
}
#endif
#endif
