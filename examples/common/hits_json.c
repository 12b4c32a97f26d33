/* SPDX-License-Identifier: BSD-2-Clause */
#include "hits_json.h"

void hits_json_add(struct json_text *text, const diffmm_scorer *scorer, diffmm_side side,
                   const diffmm_hit *hits, size_t found)
{
    bool users = side == DIFFMM_USERS;
    json_text_add(text, "[");
    for (size_t i = 0; i < found; i++) {
        json_text_add(text, i > 0 ? ",{" : "{");
        json_text_add(text, users ? "\"user\":" : "\"item\":");
        json_text_add_string(text, users ? diffmm_scorer_user_id(scorer, hits[i].item)
                                         : diffmm_scorer_item_id(scorer, hits[i].item));
        json_text_add(text, ",\"score\":");
        json_text_add_float(text, hits[i].score);
        json_text_add(text, "}");
    }
    json_text_add(text, "]");
}

void hits_json_add_of_user(struct json_text *text, const diffmm_scorer *scorer, const char *user,
                           const diffmm_hit *hits, size_t found)
{
    json_text_add(text, "\"user\":");
    json_text_add_string(text, user);
    json_text_add(text, ",\"items\":");
    hits_json_add(text, scorer, DIFFMM_ITEMS, hits, found);
}
