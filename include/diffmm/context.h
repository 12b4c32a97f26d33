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
    DIFFMM_LOG_NONE = 0,    /**< no message has it: hear nothing */
    DIFFMM_LOG_WARNING = 1, /**< something is probably not meant */
    DIFFMM_LOG_INFO = 2,    /**< an epoch is done */
    DIFFMM_LOG_DEBUG = 3    /**< which way of computing was chosen, and why */
} diffmm_log_level;

/** Receives a log message (one line, no newline), on the thread that made the call. */
typedef void (*diffmm_log_function)(diffmm_log_level level, const char *message, void *user_data);

/** A piece of parallel work: to be called once with each index of a range, on any thread. */
typedef void (*diffmm_task)(void *argument, size_t index);

/** Settings of a context. Zero in a field means its default. */
typedef struct diffmm_context_settings {
    /** The size of the struct as the caller was compiled, sizeof(diffmm_context_settings); 0: as in
     *  version 1 of the interface. So it is in every public struct with this member: fields that a
     *  shorter one lacks have their defaults; in a longer one given to the library, what this
     *  library does not know must be 0; one filled by the library is filled as far as both know
     *  it. A size that ends within a member is DIFFMM_ERROR_INVALID_ARGUMENT. */
    size_t struct_size;
    /** Threads that compute, the calling one included; 0: as many as CPUs this process may use.
     *  Where the system refuses a thread, fewer compute; results are the same bits. */
    size_t threads;
    /** `size` bytes, aligned for any type; NULL if there are none. May be called from any thread.
     *  With release, or neither. */
    void *(*allocate)(size_t size, void *user_data);
    void (*release)(void *pointer, void *user_data); /**< gives back what allocate gave */
    void *allocator_data;                            /**< their user_data */
    diffmm_log_function log;                         /**< NULL: no messages */
    void *log_data;                                  /**< its user_data */
    diffmm_log_level log_level;                      /**< messages up to this one; default none */
    int32_t reserved;                                /**< 0 */
    /** The host's own thread pool in place of ours: how many tasks it runs at once, 1 to 1024. With
     *  pool_run, or neither. */
    size_t (*pool_size)(void *user_data);
    /** Calls task(argument, i) once for each i below count, on any threads, and returns when all
     *  are done. Called for one job at a time: where a second call wants the pool, it computes
     *  alone. No result depends on whether the pool keeps to this: what it has not run when it
     *  returns the calling thread does; a task that still runs then is waited for; one that comes
     *  later, again, or with a number beyond `count` finds nothing to do. Only, none may come after
     *  the end of the context, whose `argument` it is. */
    void (*pool_run)(size_t count, diffmm_task task, void *argument, void *user_data);
    void *pool_data; /**< user_data of both */
} diffmm_context_settings;

/** Create a context. Its threads start when first needed.
 *  @param settings  borrowed during the call; NULL: all defaults
 *  @param out       receives the context; release with diffmm_context_destroy()
 *
 *  BLIS, the matrix library beneath, ends the process where its malloc fails. So what it needs for
 *  the context's threads (up to 64) is allocated now, after asking malloc whether there is as much:
 *  DIFFMM_ERROR_NO_MEMORY if not. doc/errors.md says what remains, which is nothing with BLIS's
 *  serial variant. */
DIFFMM_API diffmm_status diffmm_context_create(const diffmm_context_settings *settings,
                                               diffmm_context **out);

/** Release the caller's hold on a context; NULL is fine. It ends when the last handle made from
 *  it ends; its threads are joined then. */
DIFFMM_API void diffmm_context_destroy(diffmm_context *context);

/** How many threads compute for this context at most, the calling one included; 1 for NULL. */
DIFFMM_API size_t diffmm_context_threads(const diffmm_context *context);

#ifdef __cplusplus
}
#endif
#endif
