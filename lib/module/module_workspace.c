/* SPDX-License-Identifier: BSD-2-Clause */
#include "module/module_workspace.h"

#include "base/pool.h"

static void lay_out(struct diffmm__module_workspace *w, const struct diffmm__loss_plan *plan,
                    size_t entries, size_t threads)
{
    diffmm__denoiser_loss_take(&w->arena, plan, entries, &w->loss);
    diffmm__gradient_take(&w->arena, &plan->layers, threads, &w->gradient);
    w->t = diffmm__arena_take(&w->arena, plan->rows, sizeof *w->t);
    w->entries = entries;
}

diffmm_status diffmm__module_workspace_begin(const diffmm_context *context,
                                             const struct diffmm__loss_plan *plan, size_t entries,
                                             struct diffmm__module_workspace *out)
{
    *out = (struct diffmm__module_workspace){.arena = diffmm__arena_on(context)};
    lay_out(out, plan, entries, diffmm__workers(context));
    if (!out->arena.failed)
        return DIFFMM_OK;
    diffmm__module_workspace_end(out);
    return DIFFMM_ERROR_NO_MEMORY;
}

void diffmm__module_workspace_end(struct diffmm__module_workspace *workspace)
{
    diffmm__arena_end(&workspace->arena);
    *workspace = (struct diffmm__module_workspace){0};
}

size_t diffmm__module_workspace_bytes(const struct diffmm__loss_plan *plan, size_t entries,
                                      size_t threads)
{
    struct diffmm__module_workspace measured = {.arena = diffmm__arena_measure()};
    lay_out(&measured, plan, entries, threads);
    return measured.arena.bytes;
}
