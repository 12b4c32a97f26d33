/* SPDX-License-Identifier: BSD-2-Clause */
/** @file status.h
 *  How functions report failure.
 *
 *  Every function that can fail returns a diffmm_status. On failure the outputs are untouched,
 *  nothing leaks, every handle passed in stays usable, and diffmm_error_message() says in one
 *  sentence what was wrong with what. Any function may return DIFFMM_ERROR_INVALID_ARGUMENT and
 *  DIFFMM_ERROR_NO_MEMORY; the header of each part names the others.
 *
 *  Context and threads: no context; any thread at any time. The text is the calling thread's
 *  own. For runtimes that make a call on one thread and look at its result on another,
 *  diffmm/with_message.h has each function that returns a status once more, as NAME_r(), which
 *  writes the text into the caller's memory. */
#ifndef DIFFMM_STATUS_H
#define DIFFMM_STATUS_H

#include <diffmm/version.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Result of a call. Values are never renumbered. */
typedef enum diffmm_status {
    DIFFMM_OK = 0,
    DIFFMM_ERROR_INVALID_ARGUMENT = 1, /**< NULL, out of range, unknown name, wrong shape. */
    DIFFMM_ERROR_NO_MEMORY = 2,        /**< The allocator returned NULL, or a size overflowed. */
    DIFFMM_ERROR_IO = 3,               /**< The system refused to open, read, write, and so on. */
    DIFFMM_ERROR_FORMAT = 4,           /**< A file is malformed, truncated or of unknown type. */
    DIFFMM_ERROR_VERSION = 5,          /**< A file has a format version that is not read here. */
    DIFFMM_ERROR_NUMERIC = 6,          /**< NaN or infinity in input, or training diverged. */
    DIFFMM_ERROR_STATE = 7,            /**< The handle is in no state for this call. */
    DIFFMM_ERROR_NOT_FOUND = 8,        /**< No user, item, modality or parameter of that name. */
    DIFFMM_ERROR_UNSUPPORTED = 9,      /**< This build lacks an optional part (libzip). */
    DIFFMM_ERROR_CALLBACK = 10,        /**< A callback that supplies data returned non-zero. */
    DIFFMM_CANCELLED = 11,             /**< The host stopped the call: callback or cancel. */
    DIFFMM_ERROR_PEER = 12             /**< A peer of a shared training failed, left, or differs. */
} diffmm_status;

/** The name of a status, for example "DIFFMM_ERROR_IO"; "unknown status" for any other number.
 *  Static text. */
DIFFMM_API const char *diffmm_status_name(diffmm_status status);

/** What was wrong with what in this thread's last failed call; "" if none failed yet.
 *  Borrowed until this thread's next failing call. */
DIFFMM_API const char *diffmm_error_message(void);

#ifdef __cplusplus
}
#endif
#endif
