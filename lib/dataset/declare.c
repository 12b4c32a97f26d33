/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/declare.h"

#include <string.h>

#include "base/status.h"
#include "dataset/draft.h"
#include "dataset/id.h"

static diffmm_status check_declaration(const diffmm_dataset *dataset, size_t count,
                                       const char *const *ids)
{
    diffmm_status status = diffmm__dataset_check_open(dataset);
    if (status)
        return status;
    if (!ids)
        return diffmm__null("ids");
    if (count == 0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "count is 0");
    if (dataset->draft->items_declared)
        return diffmm__fail(DIFFMM_ERROR_STATE, "items were declared before");
    if (dataset->draft->item_ids.count > dataset->draft->known_items)
        return diffmm__fail(DIFFMM_ERROR_STATE,
                            "items must be declared before interactions are added");
    return DIFFMM_OK;
}

static diffmm_status repeated_id(const struct diffmm__draft *draft, const char *const *ids,
                                 size_t index, size_t number)
{
    if (number < draft->known_items)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "ids[%zu] is '%s', which is item %zu already", index, ids[index],
                            number);
    return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "ids[%zu] is '%s', as is ids[%zu]", index,
                        ids[index], number - draft->known_items);
}

diffmm_status diffmm__declare_items(diffmm_dataset *dataset, size_t count, const char *const *ids,
                                    size_t *wrong)
{
    struct diffmm__draft *draft = dataset->draft;
    struct diffmm__draft_mark mark = diffmm__draft_save(draft);
    diffmm_status status = diffmm__draft_decide(draft, DIFFMM__NAMING_TEXT);
    for (size_t i = 0; i < count && !status; i++) {
        int32_t number;
        *wrong = i;
        status = diffmm__id_check(ids[i], "ids", i);
        if (!status)
            status = diffmm__ids_add(dataset->context, &draft->item_ids, ids[i], strlen(ids[i]),
                                     &number);
        if (!status && (size_t)number != draft->known_items + i)
            status = repeated_id(draft, ids, i, (size_t)number);
    }
    if (status)
        diffmm__draft_restore(draft, &mark);
    else
        draft->items_declared = true;
    return status;
}

diffmm_status diffmm_dataset_declare_items(diffmm_dataset *dataset, size_t count,
                                           const char *const *ids)
{
    size_t wrong;
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = check_declaration(dataset, count, ids);
    return status ? status : diffmm__declare_items(dataset, count, ids, &wrong);
}
