/* SPDX-License-Identifier: BSD-2-Clause */
/* Creating a context: the settings are checked, BLIS is prepared for as many products at once as
 * there are threads, and the pool is made. */
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/context.h"
#include "base/handle.h"
#include "base/host_pool.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/status.h"
#include "base/structs.h"
#include "linalg/blis.h"

enum { max_threads = 1024 };

static size_t usable_cpus(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return (size_t)CPU_COUNT(&set);
    return 1;
}

static diffmm_status check_settings(diffmm_context_settings *settings)
{
    if (!settings->allocate != !settings->release)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "settings: allocate and release must be given together");
    if (!settings->pool_size != !settings->pool_run)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "settings: pool_size and pool_run must be given together");
    if (settings->pool_size)
        settings->threads = settings->pool_size(settings->pool_data);
    else if (settings->threads == 0)
        settings->threads = usable_cpus();
    if (settings->threads == 0 || settings->threads > max_threads)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "settings: %zu threads, not 1 to %d",
                            settings->threads, max_threads);
    return DIFFMM_OK;
}

/* Make the library's own pool, or the host pool's place for jobs. */
static bool create_pool(diffmm_context *context)
{
    if (context->settings.threads == 1)
        return true;
    if (context->settings.pool_run)
        context->host_pool = diffmm__host_pool_create(context);
    else
        context->pool = diffmm__pool_create(context, context->settings.threads);
    return context->pool || context->host_pool;
}

static void end_context(void *object)
{
    diffmm_context *context = object;
    diffmm_context last = {.settings = context->settings};
    diffmm__pool_destroy(context, context->pool);
    diffmm__host_pool_destroy(context, context->host_pool);
    diffmm__release(&last, context);
}

diffmm_status diffmm_context_create(const diffmm_context_settings *settings, diffmm_context **out)
{
    DIFFMM__CALL call = diffmm__call_reads(NULL);
    if (!out)
        return diffmm__null("out");
    diffmm_context boot = {.settings = {.struct_size = sizeof boot.settings}};
    if (settings) {
        diffmm_status status = diffmm__struct_read(&boot.settings, &diffmm__layout_context_settings,
                                                   settings, "settings");
        if (!status)
            status = diffmm__struct_reserved(boot.settings.reserved, "settings");
        if (status)
            return status;
    }
    diffmm_status status = check_settings(&boot.settings);
    if (status)
        return status;
    status = diffmm__blis_prepare(boot.settings.threads);
    if (status)
        return status;
    diffmm_context *context = diffmm__allocate_zero(&boot, 1, sizeof *context);
    if (!context)
        return DIFFMM_ERROR_NO_MEMORY;
    context->settings = boot.settings;
    diffmm__handle_begin(context, end_context);
    if (!create_pool(context)) {
        diffmm__release(&boot, context);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    *out = context;
    return DIFFMM_OK;
}
