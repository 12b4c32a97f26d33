/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/context.h"

#include <stdint.h>

#include "base/handle.h"

diffmm_context *diffmm__context_retain(const diffmm_context *context)
{
    diffmm__handle_retain(context);
    return (diffmm_context *)(uintptr_t)context;
}

void diffmm__context_release(diffmm_context *context)
{
    diffmm__handle_release(context);
}

void diffmm_context_destroy(diffmm_context *context)
{
    diffmm__context_release(context);
}

size_t diffmm_context_threads(const diffmm_context *context)
{
    return context ? context->settings.threads : 1;
}
