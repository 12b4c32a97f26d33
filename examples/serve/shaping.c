/* SPDX-License-Identifier: BSD-2-Clause */
#include "shaping.h"

#include <stdlib.h>
#include <string.h>

bool shaping_read(struct shaping *shaping, const struct groups *groups, const json_t *parameters,
                  struct failure *failure)
{
    const json_t *diversity = json_object_get(parameters, "diversity"),
                 *temperature = json_object_get(parameters, "temperature"),
                 *modality = json_object_get(parameters, "modality"),
                 *seed = json_object_get(parameters, "seed"),
                 *per_group = json_object_get(parameters, "per_group");
    *shaping = (struct shaping){.diversity = diversity ? json_number_value(diversity) : 0,
                                .modality = json_string_value(modality),
                                .temperature = temperature ? json_number_value(temperature) : 0,
                                .seed = (uint64_t)json_integer_value(seed),
                                .per_group = (size_t)json_integer_value(per_group),
                                .groups = groups};
    if (shaping->diversity < 0 || shaping->diversity > 1)
        return refuse(failure, 400, "'diversity' must be from 0 to 1");
    if (shaping->temperature < 0)
        return refuse(failure, 400, "'temperature' must be at least 0");
    if (modality && !diversity)
        return refuse(failure, 400, "'modality' is given without 'diversity'");
    if (seed && !temperature)
        return refuse(failure, 400, "'seed' is given without 'temperature'");
    if (per_group && groups->count == 0)
        return refuse(failure, 400, "the service knows no groups (--groups)");
    return !(diversity && temperature) ||
           refuse(failure, 400, "'diversity' and 'temperature' exclude each other");
}

bool shaping_changes(const struct shaping *shaping)
{
    return shaping->diversity > 0 || shaping->temperature > 0 || shaping->per_group > 0;
}

/* The hits in another order, the first `wanted` of it. */
static bool reorder(const struct shaping *shaping, const diffmm_scorer *scorer, uint32_t stream,
                    size_t wanted, diffmm_hit *hits, size_t *found, struct failure *failure)
{
    size_t count = *found;
    double *scratch = malloc((2 * count + 1) * sizeof *scratch);
    diffmm_hit *chosen = malloc((wanted + 1) * sizeof *chosen);
    diffmm_status status = DIFFMM_ERROR_NO_MEMORY;
    bool room = scratch && chosen;
    if (room && shaping->diversity > 0)
        status = diffmm_diversify(scorer, shaping->modality, 1 - shaping->diversity, count, hits,
                                  wanted, scratch, chosen, found);
    else if (room)
        status = diffmm_explore(shaping->temperature, shaping->seed, stream, count, hits, wanted,
                                scratch, chosen, found);
    if (status == DIFFMM_OK)
        memcpy(hits, chosen, *found * sizeof *hits);
    free(scratch);
    free(chosen);
    return status == DIFFMM_OK || (room ? refuse_call(failure, status) : refuse_memory(failure));
}

bool shaping_apply(const struct shaping *shaping, const diffmm_scorer *scorer, uint32_t stream,
                   size_t wanted, diffmm_hit *hits, size_t *found, struct failure *failure)
{
    /* A limit may pass hits over, so that it chooses from all of them. */
    size_t ordered = shaping->per_group > 0 ? *found : wanted;
    if ((shaping->diversity > 0 || shaping->temperature > 0) &&
        !reorder(shaping, scorer, stream, ordered, hits, found, failure))
        return false;
    if (shaping->per_group > 0 &&
        !groups_limit(shaping->groups, scorer, shaping->per_group, hits, found, failure))
        return false;
    *found = *found < wanted ? *found : wanted;
    return true;
}
