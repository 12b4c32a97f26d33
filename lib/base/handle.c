/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/handle.h"

#include <pthread.h>
#include <stdint.h>

#include "base/status.h"

enum { changing = 1, reading = 2 };

/* Callbacks run with cancellation disabled too: the thread is not cancelled in what they wait for
 * either. */
static int disable_cancel(void)
{
    int state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    return state;
}

static void restore_cancel(int state)
{
    pthread_setcancelstate(state, NULL);
}

void diffmm__handle_begin(void *object, void (*end)(void *object))
{
    struct diffmm__handle *handle = object;
    atomic_init(&handle->references, 1);
    atomic_init(&handle->uses, 0);
    handle->end = end;
}

/* Uses are counted in handles that are only read, too. */
static struct diffmm__handle *handle_of(const void *object)
{
    return (struct diffmm__handle *)(uintptr_t)object;
}

void diffmm__handle_retain(const void *object)
{
    if (object)
        atomic_fetch_add_explicit(&handle_of(object)->references, 1, memory_order_relaxed);
}

void diffmm__handle_release(void *object)
{
    struct diffmm__handle *handle = object;
    if (!handle || atomic_fetch_sub_explicit(&handle->references, 1, memory_order_acq_rel) != 1)
        return;
    int state = disable_cancel();
    handle->end(object);
    restore_cancel(state);
}

struct diffmm__call diffmm__call_reads(const void *object)
{
    struct diffmm__call call = {
        .handle = handle_of(object), .use = reading, .cancel_state = disable_cancel()};
    if (object) {
        diffmm__handle_retain(object);
        atomic_fetch_add_explicit(&call.handle->uses, reading, memory_order_acquire);
    }
    return call;
}

diffmm_status diffmm__call_changes(struct diffmm__call *call, void *object, const char *name)
{
    struct diffmm__handle *handle = object;
    size_t uses = 0;
    *call = (struct diffmm__call){.use = changing, .cancel_state = disable_cancel()};
    if (!handle)
        return diffmm__null(name);
    if (!atomic_compare_exchange_strong(&handle->uses, &uses, changing))
        return diffmm__fail(DIFFMM_ERROR_STATE,
                            "%s is in use by a call that %s it and has not returned", name,
                            uses & changing ? "changes" : "reads");
    diffmm__handle_retain(object);
    call->handle = handle;
    return DIFFMM_OK;
}

void diffmm__call_end(struct diffmm__call *call)
{
    if (call->handle) {
        atomic_fetch_sub_explicit(&call->handle->uses, call->use, memory_order_release);
        diffmm__handle_release(call->handle);
    }
    restore_cancel(call->cancel_state);
}
