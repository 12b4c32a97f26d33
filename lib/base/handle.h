/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of a handle, and of the calls that use it.
 *
 * Functions of the host (callbacks, allocator, pool) run in the middle of a call, and may call the
 * library again. So a call that can reach them records which handle it uses, and whether it changes
 * the handle. Then
 * - a handle that the host destroys meanwhile ends when the call ends;
 * - another call that would change a handle in use is refused;
 * - the thread is not cancelled, which would leave the call half done for ever. */
#ifndef DIFFMM_BASE_HANDLE_H
#define DIFFMM_BASE_HANDLE_H

#include <stdatomic.h>
#include <stddef.h>

#include <diffmm/status.h>

/* The first member of every object behind a handle. Below, `object` points to such an object. */
struct diffmm__handle {
    atomic_size_t references; /* of the caller, of handles made from it, and of running calls */
    atomic_size_t uses;       /* 2 for each running call that reads it, 1 for one that changes it */
    void (*end)(void *object);
};

/* Start with one reference, the maker's. `end` frees the object when the last reference is given
 * up. */
void diffmm__handle_begin(void *object, void (*end)(void *object));

/* Add a reference, and give one up; both accept NULL. */
void diffmm__handle_retain(const void *object);
void diffmm__handle_release(void *object);

/* A running call of a public function. */
struct diffmm__call {
    struct diffmm__handle *handle; /* the handle that it uses, or NULL */
    size_t use;                    /* its share of the handle's uses */
    int cancel_state;              /* of the thread before the call, to be restored */
};

/* To be declared at the head of a public function: the call ends when the variable goes out of
 * scope. */
#define DIFFMM__CALL __attribute__((unused, cleanup(diffmm__call_end))) struct diffmm__call

/* Begin a call that reads an object; or NULL, for one that uses none. */
struct diffmm__call diffmm__call_reads(const void *object);

/* Begin a call that changes an object, which the caller knows as `name`.
 * DIFFMM_ERROR_INVALID_ARGUMENT for NULL, DIFFMM_ERROR_STATE where another call uses it. Sets *call
 * in any case. */
diffmm_status diffmm__call_changes(struct diffmm__call *call, void *object, const char *name);

void diffmm__call_end(struct diffmm__call *call);

#endif
