/* SPDX-License-Identifier: BSD-2-Clause */
/** @file context.h
 *  What the library takes from its host: memory, threads, a log.
 *
 *  Handles are made from a context and keep it alive, so the order of destruction does not matter.
 *  The building blocks on plain arrays take a context too, and there NULL is allowed: the calling
 *  thread alone computes, with memory from malloc. Results are the same bits either way.
 *
 *  Context and threads: a context may be used by any number of threads at once; where two calls
 *  want its threads at the same moment, one of them computes alone. */
#ifndef DIFFMM_CONTEXT_H
#define DIFFMM_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#include <diffmm/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Memory, threads and log of a group of handles. Opaque. */
typedef struct diffmm_context diffmm_context;

/** How much a log message matters. */
typedef enum diffmm_log_level {
    DIFFMM_LOG_NONE = 0,    /**< of no message: the host hears nothing */
    DIFFMM_LOG_WARNING = 1, /**< something is probably not intended */
    DIFFMM_LOG_INFO = 2,    /**< an epoch is done */
    DIFFMM_LOG_DEBUG = 3    /**< which strategy was chosen, and why */
} diffmm_log_level;

/** Receives a log message (one line, no newline), on the thread that made the call. */
typedef void (*diffmm_log_function)(diffmm_log_level level, const char *message, void *user_data);

/** A parallel task: to be called once with each index of a range, on any thread. */
typedef void (*diffmm_task)(void *argument, size_t index);

/** Settings of a context. Zero in a field means its default. */
typedef struct diffmm_context_settings {
    /** The size of the struct that the caller was compiled with, sizeof(diffmm_context_settings); 0
     *  means its size in version 1 of the interface. Every public struct with this member follows
     *  the same rules:
     *  - fields that a shorter struct lacks have their defaults;
     *  - in a longer one, given to the library, the fields that this library does not know must be
     *    0;
     *  - the library fills a struct as far as both sides know it;
     *  - a size that ends within a member is DIFFMM_ERROR_INVALID_ARGUMENT. */
    size_t struct_size;
    /** Threads that compute, with the calling one; 0: as many as there are CPUs that this process
     *  may use. If the system refuses a thread, fewer compute; the results are the same bits. */
    size_t threads;
    /** Returns `size` bytes, aligned for any type, or NULL if there is no memory. May be called on
     *  any thread. To be given together with release, or not at all. */
    void *(*allocate)(size_t size, void *user_data);
    void (*release)(void *pointer, void *user_data); /**< frees what allocate gave */
    void *allocator_data;                            /**< their user_data */
    diffmm_log_function log;                         /**< NULL: no messages */
    void *log_data;                                  /**< its user_data */
    diffmm_log_level log_level;                      /**< messages up to this one; default none */
    int32_t reserved;                                /**< 0 */
    /** The host's own thread pool, in place of the library's: how many tasks it runs at once, 1 to
     *  1024. To be given together with pool_run, or not at all. */
    size_t (*pool_size)(void *user_data);
    /** Calls task(argument, i) once for each i below count, on any threads, and returns when all
     *  calls have ended. It gets one job at a time: a second call of the library that wants the
     *  pool meanwhile computes alone.
     *
     *  No result depends on whether the pool keeps to this. The calling thread does what the pool
     *  has not run when it returns, and waits for tasks that are still running then. A task that is
     *  called later, again, or with a number that is not below count finds nothing to do. But no
     *  task may be called after the context has ended, since `argument` belongs to the context. */
    void (*pool_run)(size_t count, diffmm_task task, void *argument, void *user_data);
    void *pool_data; /**< the user_data of both */
} diffmm_context_settings;

/** Create a context. Its threads start when first needed.
 *  @param settings  borrowed during the call; NULL: all defaults
 *  @param out       receives the context; to be released by diffmm_context_destroy()
 *
 *  BLIS, the matrix library that is used, ends the process if its malloc fails. So the memory that
 *  it needs for the context's threads (up to 64) is allocated now, after a trial whether malloc has
 *  as much: DIFFMM_ERROR_NO_MEMORY if it has not. doc/errors.md says in which case BLIS may still
 *  allocate later (in none, with its serial variant). */
DIFFMM_API diffmm_status diffmm_context_create(const diffmm_context_settings *settings,
                                               diffmm_context **out);

/** Release the caller's reference to a context; accepts NULL. The context ends, and its threads are
 *  joined, when the last handle that was made from it has ended too. */
DIFFMM_API void diffmm_context_destroy(diffmm_context *context);

/** The largest number of threads that compute for this context, the calling one included; 1 for
 *  NULL. */
DIFFMM_API size_t diffmm_context_threads(const diffmm_context *context);

#ifdef __cplusplus
}
#endif
#endif
