/* SPDX-License-Identifier: BSD-2-Clause */
#include "many.h"

#include <stdlib.h>

/* The users whom the model knows, by number, and their hits. */
struct many {
    int32_t *numbers; /* in the order of the ids, without those that are unknown */
    bool *known;      /* of each id */
    size_t count;     /* of numbers */
    diffmm_hit *hits; /* rows of the query's count */
    size_t *found;
};

static bool many_begin(struct many *many, const struct ranking *ranking, size_t count,
                       struct failure *failure)
{
    *many = (struct many){.numbers = malloc((count + 1) * sizeof *many->numbers),
                          .known = malloc((count + 1) * sizeof *many->known),
                          .hits = calloc(count * ranking->query.count + 1, sizeof *many->hits),
                          .found = calloc(count + 1, sizeof *many->found)};
    return (many->numbers && many->known && many->hits && many->found) || refuse_memory(failure);
}

static void many_end(struct many *many)
{
    free(many->numbers);
    free(many->known);
    free(many->hits);
    free(many->found);
}

static void find_users(struct many *many, const diffmm_scorer *scorer, const json_t *users)
{
    for (size_t i = 0; i < json_array_size(users); i++) {
        const char *id = json_string_value(json_array_get(users, i));
        many->known[i] =
            diffmm_scorer_find_user(scorer, id, many->numbers + many->count) == DIFFMM_OK;
        many->count += many->known[i];
    }
}

static bool rank(struct many *many, struct ranking *ranking, struct failure *failure)
{
    const diffmm_query *query = ranking_query(ranking);
    diffmm_status status = diffmm_recommend_users(ranking->scorer, many->count, many->numbers,
                                                  query, many->hits, many->found);
    if (status != DIFFMM_OK)
        return refuse_call(failure, status);
    for (size_t i = 0; i < many->count; i++)
        if (!shaping_apply(&ranking->shaping, ranking->scorer, (uint32_t)many->numbers[i],
                           ranking->wanted, many->hits + i * query->count, many->found + i,
                           failure))
            return false;
    return true;
}

static void add_unknown_user(const struct ranking *ranking, const char *id, bool fallback,
                             struct answer *answer)
{
    if (fallback) {
        hits_json_add_of_user(&answer->text, ranking->scorer, id, ranking->hits, ranking->found);
        json_text_add(&answer->text, FALLBACK_MARK);
        answer->hits += ranking->found;
    } else {
        json_text_add(&answer->text, "\"user\":");
        json_text_add_string(&answer->text, id);
        json_text_add(&answer->text, ",\"error\":\"there is no such user\"");
    }
}

static void add_users(const struct many *many, const struct ranking *ranking, const json_t *users,
                      bool fallback, struct answer *answer)
{
    size_t next = 0;
    json_text_add(&answer->text, "{\"users\":[");
    for (size_t i = 0; i < json_array_size(users); i++) {
        const char *id = json_string_value(json_array_get(users, i));
        json_text_add(&answer->text, i > 0 ? ",{" : "{");
        if (many->known[i]) {
            hits_json_add_of_user(&answer->text, ranking->scorer, id,
                                  many->hits + next * ranking->query.count, many->found[next]);
            answer->hits += many->found[next++];
        } else {
            add_unknown_user(ranking, id, fallback, answer);
        }
        json_text_add(&answer->text, "}");
    }
    json_text_add(&answer->text, "]");
    answer_unknown(answer, ranking->unknown);
    json_text_add(&answer->text, "}");
}

bool many_answer(struct ranking *ranking, bool good, size_t max_count, const json_t *users,
                 bool fallback, struct answer *answer, struct failure *failure)
{
    size_t count = json_array_size(users), most = MANY_USERS * max_count;
    struct many many = {.count = 0};
    if (good && count == 0)
        good = refuse(failure, 400, "'users' is empty");
    if (good && count > most / ranking->query.count)
        good = refuse(failure, 400,
                      "%zu users of %zu ranked items each are too many: at most %zu are ranked "
                      "in one request",
                      count, ranking->query.count, most);
    good = good && many_begin(&many, ranking, count, failure);
    if (good) {
        find_users(&many, ranking->scorer, users);
        good = rank(&many, ranking, failure);
    }
    if (good && fallback && many.count < count)
        good = ranking_fall_back(ranking, failure);
    if (good)
        add_users(&many, ranking, users, fallback, answer);
    many_end(&many);
    ranking_end(ranking);
    return good;
}
