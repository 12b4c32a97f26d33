/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of a handle, and of the calls that use it. Functions of the host (callbacks, allocator,
 * pool) run in the midst of a call, and may come back into the library. So a call that can reach
 * them says which handles it uses, and whether it changes them. Then
 * - a handle that the host destroys meanwhile ends with the call;
 * - another call that would change what is in use is refused;
 * - the thread is not cancelled, which would leave the call half-done for ever. */
#ifndef DIFFMM_BASE_HANDLE_H
#define DIFFMM_BASE_HANDLE_H

#include <stdatomic.h>
#include <stddef.h>

#include <diffmm/status.h>

/* The first member of every object behind a handle. Below, `object` leads to such an object. */
struct diffmm__handle {
    atomic_size_t holders; /* the caller, handles made from this one, and calls that run */
    atomic_size_t uses;    /* twice the calls that read it, and 1 while a call changes it */
    void (*end)(void *object);
};

/* A new object, held by its maker. `end` releases it, when the last hold is given up. */
void diffmm__handle_begin(void *object, void (*end)(void *object));

/* One hold more, and one less; NULL is fine. */
void diffmm__handle_retain(const void *object);
void diffmm__handle_release(void *object);

/* A public function that is running. */
struct diffmm__call {
    struct diffmm__handle *handle; /* that it uses, or NULL */
    size_t use;                    /* what it has added to the handle's uses */
    int cancel_state;              /* the thread's, to be put back */
};

/* To be declared at the head of a public function: it ends where that returns. */
#define DIFFMM__CALL __attribute__((unused, cleanup(diffmm__call_end))) struct diffmm__call

/* A call that reads an object, or NULL. */
struct diffmm__call diffmm__call_reads(const void *object);

/* A call that changes an object, called `name` by the caller. DIFFMM_ERROR_INVALID_ARGUMENT for
 * NULL, DIFFMM_ERROR_STATE where another call uses it. Sets *call in any case. */
diffmm_status diffmm__call_changes(struct diffmm__call *call, void *object, const char *name);

void diffmm__call_end(struct diffmm__call *call);

#endif
