/* SPDX-License-Identifier: BSD-2-Clause */
/* Scorers: making them, rankings, folding in, explanations. */
#include <stdlib.h>

#include "faults.h"
#include "support/failure.h"

static diffmm_status create_scorer(struct fault_world *world)
{
    return diffmm_scorer_create(world->model, &world->out.scorer);
}

static diffmm_status open_scorer(struct fault_world *world)
{
    return diffmm_scorer_open(world->context, fault_path(world, FAULT_MODEL), &world->out.scorer);
}

static void model_in_memory(struct fault_world *world)
{
    fault_read_file(world, FAULT_MODEL, 0);
}

static void model_misaligned(struct fault_world *world)
{
    fault_read_file(world, FAULT_MODEL, 1);
}

static diffmm_status open_memory(struct fault_world *world)
{
    return diffmm_scorer_open_memory(world->context, world->bytes, world->size, &world->out.scorer);
}

static diffmm_status open_misaligned(struct fault_world *world)
{
    return diffmm_scorer_open_memory(world->context, world->bytes + 1, world->size,
                                     &world->out.scorer);
}

static void scorer_bits(struct fault_world *world)
{
    const diffmm_scorer *scorer = world->out.scorer;
    for (int32_t u = 0; (size_t)u < diffmm_scorer_users(scorer); u++) {
        float scores[6];
        expect_success(diffmm_score(scorer, u, 6, NULL, scores));
        fault_hash(scores, sizeof scores);
        fault_hash_text(diffmm_scorer_user_id(scorer, u));
    }
    float weights[2];
    expect_success(diffmm_scorer_modality_weights(scorer, weights));
    fault_hash(weights, sizeof weights);
}

static void make_scorer(struct fault_world *world)
{
    expect_success(
        diffmm_scorer_open(world->context, fault_path(world, FAULT_MODEL), &world->scorer));
}

/* Lists longer than what is kept on the stack. */
static const int32_t many[300] = {1, 5, 3};

static diffmm_status recommend(struct fault_world *world)
{
    const diffmm_query query = {.struct_size = sizeof query,
                                .count = 4,
                                .exclude = many,
                                .exclude_count = 1,
                                .candidates = many,
                                .candidate_count = 300};
    return diffmm_recommend(world->scorer, 0, &query, world->out.ranked.hits,
                            world->out.ranked.found);
}

/* A ranking that is longer than what is kept on the stack. */
static void make_wide_scorer(struct fault_world *world)
{
    const diffmm_synthetic spec = {.struct_size = sizeof spec, .users = 40, .items = 200};
    expect_success(diffmm_dataset_synthesize(world->context, &spec, &world->dataset));
    fault_make_options(world);
    expect_success(diffmm_model_create(world->dataset, world->options, &world->model));
    expect_success(diffmm_model_forward(world->model));
    expect_success(diffmm_scorer_create(world->model, &world->scorer));
}

/* Rank into a list of 150, and keep the best. */
typedef diffmm_status (*ranking_function)(const struct fault_world *world,
                                          const diffmm_query *query, diffmm_hit *hits,
                                          size_t *found);

static diffmm_status rank_many(struct fault_world *world, diffmm_query query, ranking_function rank)
{
    static diffmm_hit hits[150];
    size_t found = 0;
    query.struct_size = sizeof query;
    query.count = 150;
    diffmm_status status = rank(world, &query, hits, &found);
    if (status)
        return status;
    for (size_t i = 0; i < 30; i++)
        world->out.ranked.hits[i] = hits[i];
    world->out.ranked.found[0] = found;
    return status;
}

static int leave_out_fours(int32_t user, int32_t item, int32_t *keep, void *user_data)
{
    (void)user;
    (void)user_data;
    *keep = item % 4 != 0;
    return 0;
}

/* Both take memory. */
static const diffmm_query filtered = {
    .filter = leave_out_fours, .exclude = many, .exclude_count = 300};

static diffmm_status for_user(const struct fault_world *world, const diffmm_query *query,
                              diffmm_hit *hits, size_t *found)
{
    return diffmm_recommend(world->scorer, 1, query, hits, found);
}

static diffmm_status for_embedding(const struct fault_world *world, const diffmm_query *query,
                                   diffmm_hit *hits, size_t *found)
{
    static const float embedding[] = {0.5f, -1, 0.25f, 1};
    return diffmm_recommend_embedding(world->scorer, embedding, query, hits, found);
}

static diffmm_status like_item(const struct fault_world *world, const diffmm_query *query,
                               diffmm_hit *hits, size_t *found)
{
    return diffmm_similar_items(world->scorer, 2, DIFFMM_COSINE, query, hits, found);
}

static diffmm_status like_user(const struct fault_world *world, const diffmm_query *query,
                               diffmm_hit *hits, size_t *found)
{
    return diffmm_similar_users(world->scorer, 2, DIFFMM_DOT, query, hits, found);
}

static diffmm_status popular(const struct fault_world *world, const diffmm_query *query,
                             diffmm_hit *hits, size_t *found)
{
    return diffmm_popular_items(world->scorer, query, hits, found);
}

static diffmm_status recommend_many(struct fault_world *world)
{
    return rank_many(world, (diffmm_query){0}, for_user);
}

static diffmm_status recommend_filtered(struct fault_world *world)
{
    return rank_many(world, filtered, for_user);
}

static diffmm_status recommend_embedding(struct fault_world *world)
{
    return rank_many(world, filtered, for_embedding);
}

static diffmm_status similar_items(struct fault_world *world)
{
    return rank_many(world, filtered, like_item);
}

static diffmm_status similar_users(struct fault_world *world)
{
    return rank_many(world, filtered, like_user);
}

static diffmm_status popular_items(struct fault_world *world)
{
    return rank_many(world, filtered, popular);
}

/* What the streams give is tried in serve/scorer_export_arrow: they tell of a failure themselves. */
static diffmm_status recommend_arrow(struct fault_world *world)
{
    static const int32_t users[] = {1, 3};
    const diffmm_query query = {
        .struct_size = sizeof query, .count = 3, .exclude = many, .exclude_count = 300};
    return diffmm_recommend_arrow(world->scorer, 2, users, &query, &world->out.stream);
}

static diffmm_status export_arrow(struct fault_world *world)
{
    return diffmm_scorer_export_arrow(world->scorer, DIFFMM_USERS, &world->out.stream);
}

static diffmm_status export_arrow_for_distances(struct fault_world *world)
{
    return diffmm_scorer_export_arrow_for(world->scorer, DIFFMM_ITEMS, DIFFMM_INDEX_L2,
                                          &world->out.stream);
}

static void stream_bits(struct fault_world *world)
{
    struct ArrowSchema schema;
    ck_assert_int_eq(world->out.stream.get_schema(&world->out.stream, &schema), 0);
    fault_hash_text(schema.format);
    schema.release(&schema);
}

static void end_stream(struct fault_world *world)
{
    if (world->out.stream.release)
        world->out.stream.release(&world->out.stream);
}

static diffmm_status recommend_users(struct fault_world *world)
{
    const diffmm_query query = {
        .struct_size = sizeof query, .count = 3, .exclude = many, .exclude_count = 300};
    return diffmm_recommend_users(world->scorer, 5, NULL, &query, world->out.ranked.hits,
                                  world->out.ranked.found);
}

static diffmm_status recommend_users_filtered(struct fault_world *world)
{
    const diffmm_query query = {.struct_size = sizeof query, .count = 3, .filter = leave_out_fours};
    return diffmm_recommend_users(world->scorer, 5, NULL, &query, world->out.ranked.hits,
                                  world->out.ranked.found);
}

static int keep_hits(int32_t user, const diffmm_hit *hits, size_t found, void *user_data)
{
    union fault_output *out = user_data;
    for (size_t i = 0; i < found; i++)
        out->ranked.hits[(size_t)user * 3 + i] = hits[i];
    out->ranked.found[user] = found;
    return 0;
}

static diffmm_status recommend_all(struct fault_world *world)
{
    const diffmm_query query = {
        .struct_size = sizeof query, .count = 3, .exclude = many, .exclude_count = 300};
    return diffmm_recommend_all(world->scorer, &query, keep_hits, &world->out);
}

/* Embeddings that are longer than what is kept on the stack. */
static void make_deep_scorer(struct fault_world *world)
{
    fault_make_dataset(world);
    fault_make_options(world);
    expect_success(diffmm_options_set(world->options, "embedding_size", "1025"));
    expect_success(diffmm_model_create(world->dataset, world->options, &world->model));
    expect_success(diffmm_model_forward(world->model));
    expect_success(diffmm_scorer_create(world->model, &world->scorer));
}

/* A trainer after an epoch, whose denoisers have layers. */
static void make_blended_trainer(struct fault_world *world)
{
    fault_make_inputs(world);
    expect_success(diffmm_options_set(world->options, "denoiser.kind", "spectral"));
    expect_success(diffmm_options_set(world->options, "denoiser.rows", "normalized"));
    expect_success(diffmm_options_set(world->options, "denoiser.linear", "true"));
    expect_success(diffmm_options_set(world->options, "diffusion.blend", "0.5"));
    expect_success(diffmm_trainer_create(world->dataset, world->options, &world->trainer));
    expect_success(diffmm_trainer_epoch(world->trainer, NULL));
}

static void make_blended_scorer(struct fault_world *world)
{
    make_blended_trainer(world);
    expect_success(diffmm_scorer_create(diffmm_trainer_model(world->trainer), &world->scorer));
}

static diffmm_status create_blended_scorer(struct fault_world *world)
{
    return diffmm_scorer_create(diffmm_trainer_model(world->trainer), &world->out.scorer);
}

static void blended_in_memory(struct fault_world *world)
{
    make_blended_trainer(world);
    const diffmm_model *model = diffmm_trainer_model(world->trainer);
    expect_success(diffmm_model_save_memory(model, NULL, 0, &world->size));
    world->bytes = malloc(world->size);
    expect_success(diffmm_model_save_memory(model, world->bytes, world->size, &world->size));
}

static diffmm_status extend_blended(struct fault_world *world)
{
    static float row[64];
    row[1] = 0.5f;
    return diffmm_scorer_extend(world->scorer, 1, (const char *const[]){"new"}, row,
                                &world->out.scorer);
}

static diffmm_status fold_in(struct fault_world *world)
{
    return diffmm_fold_in(world->scorer, DIFFMM_NEW_USER, 300, many, world->out.values);
}

static diffmm_status explain(struct fault_world *world)
{
    diffmm_explanation explanation;
    memset(&explanation, 0, sizeof explanation); /* the bytes between members too: all are hashed */
    explanation.struct_size = sizeof explanation;
    explanation.modalities = world->out.explained.modalities;
    explanation.items = world->out.explained.items;
    explanation.denoisers = world->out.explained.denoisers;
    diffmm_status status = diffmm_explain(world->scorer, 0, 300, many, 2, &explanation);
    if (status)
        return status;
    explanation.modalities = NULL; /* where they are is no result */
    explanation.items = NULL;
    explanation.denoisers = NULL;
    world->out.explained.explanation = explanation;
    return status;
}

static diffmm_status set_search(struct fault_world *world)
{
    return diffmm_scorer_set_search(world->scorer, DIFFMM_SEARCH_FIRST_PASS);
}

static void search_bits(struct fault_world *world)
{
    diffmm_scorer_info info = {.struct_size = sizeof info};
    expect_success(diffmm_scorer_describe(world->scorer, &info));
    fault_hash(&info.head_dimensions, sizeof info.head_dimensions);
    expect_success(recommend_many(world));
    fault_hash_output(world);
}

static void make_searching_scorer(struct fault_world *world)
{
    make_wide_scorer(world);
    expect_success(set_search(world));
}

const struct fault_case fault_serving_cases[] = {
    {"diffmm_scorer_create", fault_make_model, create_scorer, scorer_bits, fault_end_scorer},
    {"diffmm_scorer_open", NULL, open_scorer, scorer_bits, fault_end_scorer},
    {"diffmm_scorer_open_memory", model_in_memory, open_memory, scorer_bits, fault_end_scorer},
    {"diffmm_scorer_open_memory misaligned", model_misaligned, open_misaligned, scorer_bits,
     fault_end_scorer},
    {"diffmm_recommend", make_scorer, recommend, fault_hash_output, NULL},
    {"diffmm_recommend more than fit on the stack", make_wide_scorer, recommend_many,
     fault_hash_output, NULL},
    {"diffmm_recommend with a filter", make_wide_scorer, recommend_filtered, fault_hash_output,
     NULL},
    {"diffmm_recommend after a first pass", make_searching_scorer, recommend_filtered,
     fault_hash_output, NULL},
    {"diffmm_scorer_set_search", make_wide_scorer, set_search, search_bits, NULL},
    {"diffmm_recommend_embedding", make_wide_scorer, recommend_embedding, fault_hash_output, NULL},
    {"diffmm_similar_items", make_wide_scorer, similar_items, fault_hash_output, NULL},
    {"diffmm_similar_users", make_wide_scorer, similar_users, fault_hash_output, NULL},
    {"diffmm_popular_items", make_wide_scorer, popular_items, fault_hash_output, NULL},
    {"diffmm_scorer_export_arrow_for", make_scorer, export_arrow_for_distances, stream_bits,
     end_stream},
    {"diffmm_recommend_arrow", make_scorer, recommend_arrow, stream_bits, end_stream},
    {"diffmm_scorer_export_arrow", make_scorer, export_arrow, stream_bits, end_stream},
    {"diffmm_recommend_users", make_scorer, recommend_users, fault_hash_output, NULL},
    {"diffmm_recommend_users with a filter", make_scorer, recommend_users_filtered,
     fault_hash_output, NULL},
    {"diffmm_recommend_all", make_scorer, recommend_all, fault_hash_output, NULL},
    {"diffmm_fold_in", make_deep_scorer, fold_in, fault_hash_output, NULL},
    {"diffmm_explain", make_deep_scorer, explain, fault_hash_output, NULL},
    {"diffmm_scorer_create with a blend", make_blended_trainer, create_blended_scorer, scorer_bits,
     fault_end_scorer},
    {"diffmm_scorer_open_memory with a blend", blended_in_memory, open_memory, scorer_bits,
     fault_end_scorer},
    {"diffmm_scorer_extend with a blend", make_blended_scorer, extend_blended, scorer_bits,
     fault_end_scorer},
    {"diffmm_fold_in with a blend", make_blended_scorer, fold_in, fault_hash_output, NULL},
    {"diffmm_explain with a blend", make_blended_scorer, explain, fault_hash_output, NULL},
    {.name = NULL}};
