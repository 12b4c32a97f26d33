/* SPDX-License-Identifier: BSD-2-Clause */
#include "hits_json.h"

#include <stdbool.h>

json_t *hits_json(const diffmm_scorer *scorer, diffmm_side side, const diffmm_hit *hits,
                  size_t found)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < found; i++) {
        bool users = side == DIFFMM_USERS;
        const char *id = users ? diffmm_scorer_user_id(scorer, hits[i].item)
                               : diffmm_scorer_item_id(scorer, hits[i].item);
        json_t *hit =
            json_pack("{s:s, s:f}", users ? "user" : "item", id, "score", (double)hits[i].score);
        if (json_array_append_new(list, hit) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}
