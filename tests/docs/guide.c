/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the code of doc/guide.md from data to recommendations, on the data of data.sh. */
#include <stdio.h>
#include <stdlib.h>

enum { USERS = 40, ITEMS = 30 };

static void check(diffmm_status status)
{
    if (status == DIFFMM_OK)
        return;
    fprintf(stderr, "%s: %s\n", diffmm_status_name(status), diffmm_error_message());
    exit(1);
}

static void expect(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "not so: %s\n", what);
    exit(1);
}

static void make_small(diffmm_options *options)
{
    check(diffmm_options_set(options, "hidden_sizes", "16"));
    check(diffmm_options_set(options, "embedding_size", "8"));
    check(diffmm_options_set(options, "epochs", "3"));
}

static const char *const new_film[] = {"film-new"};

/* Section 9: a film with the features of the first. */
static void show_new_film(diffmm_dataset *data, const diffmm_model *model,
                          const diffmm_scorer *scorer)
{
    const float *features[2];
    float *copies[2], row[8];
    for (size_t m = 0; m < 2; m++) {
        copies[m] = calloc(diffmm_dataset_modality_dimensions(data, m), sizeof(float));
        expect(copies[m] != NULL, "memory");
        check(diffmm_dataset_features(data, m, 0, 1, copies[m]));
        features[m] = copies[m];
    }
    diffmm_scorer *larger;
    check(add_new_films(model, data, scorer, 1, new_film, features, row, &larger));
    expect(diffmm_scorer_items(larger) == ITEMS + 1, "one item more");
    diffmm_scorer_destroy(larger);
    for (size_t m = 0; m < 2; m++)
        free(copies[m]);
}

/* Section 10: the new film has been watched. */
static void a_day_later(diffmm_context *context, const diffmm_dataset *data)
{
    size_t cover_size = diffmm_dataset_modality_dimensions(data, 0);
    float *cover = calloc(cover_size, sizeof *cover);
    FILE *today = fopen("today.tsv", "w");
    expect(cover && today, "memory and a file");
    fputs("user\titem\nalice\tfilm-new\n", today);
    fclose(today);
    diffmm_dataset *larger;
    check(next_day(context, data, 1, new_film, cover, cover_size, &larger));
    expect(diffmm_dataset_items(larger) == ITEMS + 1, "one item more");
    diffmm_dataset_destroy(larger);
    free(cover);
}

/* Sections 1 to 5. */
/* Section 2: a table of ratings, of which each user has a low one. */
static void ratings_to_splits(diffmm_context *context)
{
    diffmm_dataset *data;
    diffmm_summary summary = {.struct_size = sizeof summary};
    check(read_ratings(context, &data));
    check(diffmm_dataset_seal(data));
    check(diffmm_dataset_summary(data, &summary));
    expect(summary.train == 40 * 7 && summary.valid == 40 && summary.test == 40, "the splits");
    expect(summary.ratings == 400 && summary.timestamps == 400, "ratings and times");
    diffmm_dataset_destroy(data);
}

/* The titles of film-0, film-1, .. */
const float *find_title(const void *store, const char *id)
{
    return strncmp(id, "film-", 5) == 0
               ? ((const struct store *)store)->titles + (size_t)atoi(id + 5) * TITLE_SIZE
               : NULL;
}

static void titles_by_id(diffmm_context *context, const struct store *store)
{
    static const char *const user[] = {"alice", "bob"}, *const film[] = {"film-9", "film-4"};
    float got[2 * TITLE_SIZE];
    diffmm_dataset *data;
    check(diffmm_dataset_create(context, &data));
    check(diffmm_dataset_add_named_interactions(data, DIFFMM_TRAIN, 2, user, film));
    check(diffmm_dataset_add_modality_by_id(data, "title", TITLE_SIZE, look_up_titles,
                                            (void *)store));
    check(diffmm_dataset_seal(data));
    check(diffmm_dataset_features(data, 0, 0, 2, got));
    expect(got[9 % 7] == 1 && got[TITLE_SIZE + 4 % 7] == 1, "titles by id");
    diffmm_dataset_destroy(data);
}

static void own_data_to_recommendations(const struct store *store)
{
    char names[ITEMS][16];
    const char *ids[ITEMS];
    for (int i = 0; i < ITEMS; i++) {
        snprintf(names[i], sizeof names[i], "film-%d", i);
        ids[i] = names[i];
    }
    diffmm_context *context;
    diffmm_dataset *data;
    diffmm_options *options;
    check(make_context(&context));
    ratings_to_splits(context);
    titles_by_id(context, store);
    check(read_data(context, ITEMS, ids, load_titles, (void *)store, &data));
    check(make_options(context, &options));
    make_small(options);

    size_t bytes = 0;
    static const int64_t row_pointers[] = {0, 2, 3};
    static const int32_t row_items[] = {0, 3, 1};
    int32_t neighbors[6];
    float neighbor_scores[6];
    check(train_diffusion(context, 2, 5, row_pointers, row_items, neighbors, neighbor_scores));
    expect(neighbor_scores[0] >= neighbor_scores[2], "neighbours by score");
    check(forecast(data, options, &bytes));
    expect(bytes > 0, "a forecast of memory");
    double recall = -1;
    check(try_value(data, options, "ssl_reg", "0.1", &recall));
    expect(recall >= 0 && recall <= 1, "a recall");
    int stop = 0;
    check(train(data, options, &stop));
    stop = 1; /* ends after the first epoch, whose model is saved */
    check(train(data, options, &stop));
    diffmm_trainer *trainer;
    check(diffmm_trainer_create(data, options, &trainer));
    check(own_loop(trainer));
    check(final_fit(trainer));
    diffmm_report report = {.struct_size = sizeof report};
    check(diffmm_trainer_report(trainer, &report));
    size_t hubs = SIZE_MAX;
    expect(watch_graphs(&report, &hubs) == 0 && hubs <= report.modality_count, "graphs of hubs");

    diffmm_hit hits[20], all[USERS * 5];
    size_t found = 0, found_all[USERS];
    const int32_t bought[] = {3, 4};
    check(recommend(context, "alice", bought, 2, hits, &found));
    expect(found == 20, "20 recommendations");
    diffmm_scorer *scorer;
    check(diffmm_scorer_create(diffmm_trainer_model(trainer), &scorer));
    check(recommend_all(scorer, 5, all, found_all));
    for (int u = 0; u < USERS; u++)
        expect(found_all[u] == 5, "5 recommendations each");

    check(recommend_to_newcomer(scorer, bought, 2, hits, &found));
    expect(found == 20, "20 recommendations to a newcomer");
    const int32_t authors[ITEMS] = {0}, fresh[] = {1, 2, 3};
    check(compose(scorer, 0, authors, fresh, 3, hits, &found));
    expect(found >= 3 && found <= 6, "three of one author, and what is new");
    float parts[2];
    diffmm_hit by_item[ITEMS];
    check(explain(scorer, 0, 1, parts, by_item));
    expect(parts[0] == parts[0] && parts[1] == parts[1], "parts of a score");

    show_new_film(data, diffmm_trainer_model(trainer), scorer);
    diffmm_scorer_destroy(scorer);
    diffmm_trainer_destroy(trainer);
    check(train_on(data, options, false));
    check(train_on(data, options, true)); /* nothing is left to do */
    a_day_later(context, data);
    diffmm_options_destroy(options);
    diffmm_dataset_destroy(data);
    diffmm_context_destroy(context);
}

/* Sections 2 and 6: arrays, the host's own pool. */
static void arrays_on_a_pool(const struct store *store)
{
    int32_t user[USERS], item[USERS];
    for (int32_t i = 0; i < USERS; i++) {
        user[i] = i;
        item[i] = i % ITEMS;
    }
    diffmm_context *context;
    diffmm_dataset *data;
    check(make_context_on_pool(NULL, &context));
    expect(diffmm_context_threads(context) == 1, "the pool's size");
    check(take_arrays(context, USERS, ITEMS, USERS, user, item, store->titles, TITLE_SIZE, &data));
    check(diffmm_dataset_seal(data));
    expect(diffmm_dataset_interactions(data, DIFFMM_TRAIN) == USERS, "all interactions");
    diffmm_dataset_destroy(data);
    diffmm_context_destroy(context);
}

int main(void)
{
    float *titles = calloc((size_t)(ITEMS + 1) * TITLE_SIZE, sizeof *titles); /* one to come */
    if (!titles)
        return 1;
    for (size_t i = 0; i < ITEMS + 1; i++)
        titles[i * TITLE_SIZE + i % 7] = 1;
    struct store store = {titles};
    own_data_to_recommendations(&store);
    arrays_on_a_pool(&store);
    free(titles);
    return 0;
}
