/* SPDX-License-Identifier: BSD-2-Clause */
#include "explain.h"

#include <stdlib.h>

/* What the request asks about. */
struct question {
    const diffmm_scorer *scorer;
    const char *user_id, *item_id; /* user_id: NULL for a new user */
    int32_t user, item;
    struct numbers touched;
    json_t *unknown; /* ids */
};

static void add_part(struct json_text *text, const char *name, float part)
{
    json_text_add(text, ",\"");
    json_text_add(text, name);
    json_text_add(text, "\":");
    json_text_add_float(text, part);
}

static void add_modalities(struct json_text *text, const char *name, const diffmm_scorer *scorer,
                           const float *parts)
{
    json_text_add(text, ",\"");
    json_text_add(text, name);
    json_text_add(text, "\":{");
    for (size_t m = 0; m < diffmm_scorer_modalities(scorer); m++) {
        json_text_add(text, m > 0 ? "," : "");
        json_text_add_string(text, diffmm_scorer_modality_name(scorer, m));
        json_text_add(text, ":");
        json_text_add_float(text, parts[m]);
    }
    json_text_add(text, "}");
}

static int most_first(const void *a, const void *b)
{
    const diffmm_hit *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

static void add_explanation(const struct question *question, const diffmm_explanation *explained,
                            struct answer *answer)
{
    struct json_text *text = &answer->text;
    json_text_add(text, "{");
    if (question->user_id) {
        json_text_add(text, "\"user\":");
        json_text_add_string(text, question->user_id);
        json_text_add(text, ",");
    }
    json_text_add(text, "\"item\":");
    json_text_add_string(text, question->item_id);
    add_part(text, "score", explained->score);
    add_modalities(text, "modalities", question->scorer, explained->modalities);
    add_part(text, "collaborative", explained->collaborative);
    add_modalities(text, "denoisers", question->scorer, explained->denoisers);
    qsort(explained->items, explained->item_count, sizeof *explained->items, most_first);
    json_text_add(text, ",\"items\":");
    hits_json_add(text, question->scorer, DIFFMM_ITEMS, explained->items, explained->item_count);
    add_part(text, "rest", explained->rest);
    answer_unknown(answer, question->unknown);
    json_text_add(text, "}");
}

static bool answer_question(const struct question *question, struct answer *answer,
                            struct failure *failure)
{
    const int32_t *seen;
    size_t seen_count = 0, modalities = diffmm_scorer_modalities(question->scorer);
    if (question->user != DIFFMM_NEW_USER)
        diffmm_scorer_seen(question->scorer, question->user, &seen, &seen_count);
    float *parts = calloc(2 * modalities + 1, sizeof *parts);
    diffmm_hit *items = calloc(seen_count + question->touched.count + 1, sizeof *items);
    diffmm_explanation explained = {.struct_size = sizeof explained,
                                    .modalities = parts,
                                    .items = items,
                                    .denoisers = parts ? parts + modalities : NULL};
    bool good = (parts && items) || refuse_memory(failure);
    if (good) {
        diffmm_status status =
            diffmm_explain(question->scorer, question->user, question->touched.count,
                           question->touched.list, question->item, &explained);
        good = status == DIFFMM_OK || refuse_call(failure, status);
    }
    if (good)
        add_explanation(question, &explained, answer);
    free(parts);
    free(items);
    return good;
}

/* Look up what the request names. Items touched that the model does not know are skipped. */
static bool find(struct question *question, const json_t *items, struct failure *failure)
{
    diffmm_status status = DIFFMM_OK;
    if (!question->unknown)
        return refuse_memory(failure);
    if (question->user_id)
        status = diffmm_scorer_find_user(question->scorer, question->user_id, &question->user);
    if (status == DIFFMM_OK)
        status = diffmm_scorer_find_item(question->scorer, question->item_id, &question->item);
    if (status != DIFFMM_OK)
        return refuse_call(failure, status);
    if (!numbers_add_ids(&question->touched, question->scorer, DIFFMM_ITEMS, items,
                         question->unknown, failure))
        return false;
    return question->user_id || question->touched.count > 0 ||
           refuse(failure, 404, "the model knows none of 'items'");
}

bool explain(const struct answering *answering, const struct served *model,
             const json_t *parameters, struct answer *answer, struct failure *failure)
{
    const json_t *items = json_object_get(parameters, "items");
    struct question question = {
        .scorer = model->scorer,
        .user_id = json_string_value(json_object_get(parameters, "user")),
        .item_id = json_string_value(json_object_get(parameters, "item")),
        .user = DIFFMM_NEW_USER,
    };
    (void)answering;
    if (!question.item_id)
        return refuse(failure, 400, "'item' is missing");
    if (!question.user_id && json_array_size(items) == 0)
        return refuse(failure, 400, "one of 'user' and 'items' must be given");
    question.unknown = json_array();
    bool good = find(&question, items, failure) && answer_question(&question, answer, failure);
    free(question.touched.list);
    json_decref(question.unknown);
    return good;
}
