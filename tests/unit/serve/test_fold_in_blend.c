/* SPDX-License-Identifier: BSD-2-Clause */
/* Folding in and explaining where the denoisers' scores are blended with the recommender's, against
 * the modules' own reverse chains over all items and the formula of lib/model/blend.h in doubles. */
#include "serve/fold_in_blend.h"

#include <diffmm/new_items.h>

#include "support/trainer_state.h"

enum {
    users = 70,
    items = 60,
    d = 8,
    rank = 9,
    modalities = 2,
    width = d + modalities * rank,
    more = 2,
    all_items = items + more
};

#define SPECTRAL "denoiser.kind", "spectral", "denoiser.rank", "9", "diffusion.blend", "0.7"
#define LINEAR                                                                                     \
    "denoiser.rows", "normalized", "denoiser.linear", "true", "denoiser_learning_rate", "0"

/* Settings whose chains are linear, and settings whose are not. */
static const char *const linear[][20] = {
    {SPECTRAL, LINEAR},
    {SPECTRAL, LINEAR, "sampling_steps", "3"},
    {SPECTRAL, "denoiser.linear", "true", "denoiser_learning_rate", "0", "sampling_noise", "true"},
};
static const char *const others[][20] = {
    {SPECTRAL},
    {SPECTRAL, "denoiser.rows", "normalized", "denoiser.linear", "true"},
    {SPECTRAL, LINEAR, "norm", "true"},
    {SPECTRAL, "hidden_sizes", "12,5", "norm", "true", "sampling_steps", "2", "sampling_noise",
     "true"},
};
enum {
    linear_count = sizeof linear / sizeof *linear,
    other_count = sizeof others / sizeof *others
};

static struct training t;
static diffmm_scorer *scorer;

static void begin(const char *const *list)
{
    training_begin(&t, list);
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    expect_success(diffmm_scorer_create(t.model, &scorer));
}

static void end(void)
{
    diffmm_scorer_destroy(scorer);
    training_end(&t);
}

/* A user with items, as a row of a matrix of users and one more, the new one. */
struct folded_row {
    int32_t user;
    int32_t items[all_items];
    size_t count;
};

static int32_t number_of(const struct folded_row *row)
{
    return row->user == DIFFMM_NEW_USER ? users : row->user;
}

/* The user's training items and `count` of the list. */
static struct folded_row row_of(int32_t user, size_t count, const int32_t *list)
{
    struct folded_row row = {.user = user};
    const struct diffmm__csr *train = &t.model->catalog->train;
    for (int32_t i = 0; i < all_items; i++) {
        bool has = user != DIFFMM_NEW_USER && i < items && diffmm__csr_has(train, (size_t)user, i);
        for (size_t l = 0; l < count; l++)
            has = has || list[l] == i;
        if (has)
            row.items[row.count++] = i;
    }
    return row;
}

/* What a module makes of the row, over its items; with `only`, of that entry alone, in a row whose
 * others are 0. */
static void denoise(const diffmm_diffusion *module, const struct folded_row *row, size_t only,
                    float *out)
{
    int64_t pointers[users + 2] = {0};
    float values[all_items];
    int32_t number = number_of(row);
    for (int32_t u = number; u <= users; u++)
        pointers[u + 1] = (int64_t)row->count;
    for (size_t i = 0; i < row->count; i++)
        values[i] = only == i || only == SIZE_MAX ? 1.0F : 0.0F;
    const diffmm_diffusion_batch batch = {.struct_size = sizeof batch,
                                          .users = users + 1,
                                          .row_pointers = pointers,
                                          .row_items = row->items,
                                          .row_values = values,
                                          .rows = 1,
                                          .row_numbers = &number};
    expect_success(diffmm_diffusion_reverse(module, &batch, out));
}

static double deviation(const double *scores)
{
    double mean = 0.0, square = 0.0;
    for (size_t i = 0; i < items; i++)
        mean += scores[i] / items;
    for (size_t i = 0; i < items; i++)
        square += (scores[i] - mean) * (scores[i] - mean) / items;
    return sqrt(square);
}

/* What multiplies the chain's scores x in a blend with the recommender's part of an embedding. */
static double factor(const float *embedding, const float *x)
{
    double own[items], denoised[items];
    for (size_t i = 0; i < items; i++) {
        own[i] = 0.0;
        denoised[i] = (double)x[i];
        for (size_t c = 0; c < d; c++)
            own[i] += (double)embedding[c] * (double)t.model->final[(users + i) * d + c];
    }
    return 0.7 / modalities * deviation(own) / deviation(denoised);
}

static double dot(size_t n, const float *a, const float *b)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static void expect_near(const char *what, double got, double wanted, double size)
{
    ck_assert_msg(fabs(got - wanted) < 2e-4 * size, "%s: %.9g, not %.9g", what, got, wanted);
}

/* The denoisers' columns of an embedding give each item the score of the chain. */
static void expect_columns(const diffmm_scorer *of, diffmm_diffusion *const *module,
                           const struct folded_row *row, const float *embedding)
{
    for (size_t m = 0; m < modalities; m++) {
        float x[all_items];
        size_t column = d + m * rank;
        denoise(module[m], row, SIZE_MAX, x);
        double c = factor(embedding, x), size = 1e-3;
        for (size_t i = 0; i < of->catalog->items; i++)
            size = fmax(size, fabs(c * (double)x[i]));
        for (size_t i = 0; i < of->catalog->items; i++)
            expect_near("score", dot(rank, embedding + column, of->items + i * width + column),
                        c * (double)x[i], size);
    }
}

static const int32_t list[] = {7, 3, 59, 20, 3, 41};
enum { listed = sizeof list / sizeof *list };

static void check_columns(void)
{
    diffmm_diffusion *const module[] = {t.model->modalities[0].diffusion,
                                        t.model->modalities[1].diffusion};
    for (int32_t user = DIFFMM_NEW_USER; user < users; user += 3)
        for (size_t count = 1; count <= listed; count++) {
            float embedding[width];
            struct folded_row row = row_of(user, count, list);
            expect_success(diffmm_fold_in(scorer, user, count, list, embedding));
            expect_columns(scorer, module, &row, embedding);
        }
}

START_TEST(columns_are_those_of_the_chains)
{
    for (size_t l = 0; l < linear_count + other_count; l++) {
        begin(l < linear_count ? linear[l] : others[l - linear_count]);
        check_columns();
        end();
    }
}
END_TEST

/* A newcomer with the items of a user of training has that user's columns, but for sd(H). */
START_TEST(a_users_own_items_give_the_users_columns)
{
    const char *const quiet[][20] = {{SPECTRAL, LINEAR}, {SPECTRAL}};
    for (size_t l = 0; l < 2; l++) {
        begin(quiet[l]);
        for (int32_t user = 0; user < users; user++) {
            struct folded_row row = row_of(user, 0, NULL);
            float embedding[width], x[items];
            const float *trained = t.model->served + (size_t)user * width;
            if (row.count == 0)
                continue;
            expect_success(
                diffmm_fold_in(scorer, DIFFMM_NEW_USER, row.count, row.items, embedding));
            denoise(t.model->modalities[0].diffusion, &row, SIZE_MAX, x);
            double ratio = factor(embedding, x) / factor(trained, x), size = 0.0;
            for (size_t c = d; c < width; c++)
                size = fmax(size, fabs(ratio * (double)trained[c]));
            for (size_t c = d; c < width; c++)
                expect_near("column", (double)embedding[c], ratio * (double)trained[c], size);
            /* With nothing new, the row is the trained one to the bit. */
            expect_success(diffmm_fold_in(scorer, user, row.count, row.items, embedding));
            ck_assert_mem_eq(embedding, trained, sizeof embedding);
        }
        end();
    }
}
END_TEST

/* The recommender's part is what it is without a blend. */
START_TEST(the_recommenders_part_stays)
{
    struct training plain;
    diffmm_scorer *without;
    float weights[2][modalities];
    begin(linear[0]);
    training_begin(&plain, (const char *const[]){SPECTRAL, LINEAR, "diffusion.blend", "0", NULL});
    expect_success(diffmm_trainer_epoch(plain.trainer, NULL));
    expect_success(diffmm_scorer_create(plain.model, &without));
    for (int32_t user = DIFFMM_NEW_USER; user < users; user++) {
        float a[width], b[d];
        expect_success(diffmm_fold_in(scorer, user, listed, list, a));
        expect_success(diffmm_fold_in(without, user, listed, list, b));
        ck_assert_mem_eq(a, b, sizeof b);
    }
    ck_assert_uint_eq(diffmm_scorer_modalities(scorer), modalities);
    expect_success(diffmm_scorer_modality_weights(scorer, weights[0]));
    expect_success(diffmm_scorer_modality_weights(without, weights[1]));
    ck_assert_mem_eq(weights[0], weights[1], sizeof *weights);
    diffmm_scorer_destroy(without);
    training_end(&plain);
    end();
}
END_TEST

struct explained {
    diffmm_explanation out;
    float modalities[modalities], denoisers[modalities];
    diffmm_hit items[all_items + listed];
};

static void explain(const diffmm_scorer *of, int32_t user, size_t count, int32_t item,
                    struct explained *e)
{
    memset(e, 0, sizeof *e); /* the bytes between members too, as whole structs are compared */
    e->out.struct_size = sizeof e->out;
    e->out.modalities = e->modalities;
    e->out.items = e->items;
    e->out.denoisers = e->denoisers;
    expect_success(diffmm_explain(of, user, count, list, item, &e->out));
    e->out.modalities = e->out.denoisers = NULL;
    e->out.items = NULL;
}

/* Both sums, and the denoisers' parts; returns the size of what is summed. */
static double expect_sums(int32_t user, size_t count, int32_t item, const struct explained *e)
{
    float embedding[width], score;
    const float *f = scorer->items + item * width;
    expect_success(diffmm_fold_in(scorer, user, count, list, embedding));
    expect_success(diffmm_score_embedding(scorer, embedding, 1, &item, &score));
    ck_assert(e->out.score == score);
    double by_modality = (double)e->out.collaborative, by_item = (double)e->out.rest, size = 1e-3;
    for (size_t m = 0; m < modalities; m++) {
        by_modality += (double)e->modalities[m];
        size += fabs((double)e->modalities[m]) + fabs((double)e->denoisers[m]);
    }
    for (size_t i = 0; i < e->out.item_count; i++) {
        by_item += (double)e->items[i].score;
        size += fabs((double)e->items[i].score);
    }
    expect_near("modalities", by_modality, (double)score, size);
    expect_near("items", by_item, (double)score, size);
    for (size_t m = 0; m < modalities; m++)
        expect_near("denoiser", (double)e->denoisers[m],
                    dot(rank, embedding + d + m * rank, f + d + m * rank), size);
    return size;
}

/* What the recommender alone makes of each item, by a scorer without a blend. */
static void expect_items(int32_t user, size_t count, int32_t item, const diffmm_scorer *without,
                         bool divided)
{
    struct explained e, own;
    float embedding[width], x[all_items];
    struct folded_row row = row_of(user, count, list);
    explain(scorer, user, count, item, &e);
    explain(without, user, count, item, &own);
    double size = expect_sums(user, count, item, &e);
    ck_assert_uint_eq(e.out.item_count, row.count);
    ck_assert(own.denoisers[0] == 0.0F && own.denoisers[1] == 0.0F);
    expect_near("collaborative",
                (double)e.out.collaborative - (double)e.denoisers[0] - (double)e.denoisers[1],
                (double)own.out.collaborative, size);
    expect_success(diffmm_fold_in(scorer, user, count, list, embedding));
    for (size_t i = 0; i < row.count; i++) {
        double wanted = (double)own.items[i].score;
        ck_assert_int_eq(e.items[i].item, row.items[i]);
        for (size_t m = 0; m < modalities && divided; m++) {
            denoise(t.model->modalities[m].diffusion, &row, SIZE_MAX, x);
            double c = factor(embedding, x);
            denoise(t.model->modalities[m].diffusion, &row, i, x);
            wanted += c * (double)x[item];
        }
        expect_near("item", (double)e.items[i].score, wanted, size);
    }
}

static void check_explanations(const char *const *settings, bool divided, bool noise)
{
    struct training plain;
    diffmm_scorer *without;
    const char *plain_settings[24];
    size_t n = 0;
    for (; settings[n]; n++)
        plain_settings[n] = settings[n];
    plain_settings[n] = "diffusion.blend";
    plain_settings[n + 1] = "0";
    plain_settings[n + 2] = NULL;
    begin(settings);
    training_begin(&plain, plain_settings);
    expect_success(diffmm_trainer_epoch(plain.trainer, NULL));
    expect_success(diffmm_scorer_create(plain.model, &without));
    for (int32_t user = DIFFMM_NEW_USER; user < users; user += 7)
        for (size_t count = 1; count <= listed; count += 2)
            for (int32_t item = 0; item < items; item += 11) {
                struct explained e;
                if (noise) { /* what it brings is of no item */
                    explain(scorer, user, count, item, &e);
                    expect_sums(user, count, item, &e);
                } else
                    expect_items(user, count, item, without, divided);
            }
    diffmm_scorer_destroy(without);
    training_end(&plain);
    end();
}

START_TEST(scores_are_explained)
{
    for (size_t l = 0; l < linear_count; l++)
        check_explanations(linear[l], true, l > 0);
    for (size_t l = 0; l < other_count; l++)
        check_explanations(others[l], false, l == other_count - 1);
}
END_TEST

/* A caller from before there were denoisers gets what its struct has room for. */
START_TEST(a_smaller_explanation)
{
    begin(linear[0]);
    diffmm_explanation small = {.struct_size = offsetof(diffmm_explanation, denoisers)},
                       whole = {.struct_size = sizeof whole};
    float denoisers[modalities] = {5.0F, 5.0F};
    small.denoisers = denoisers;
    expect_success(diffmm_explain(scorer, 3, listed, list, 9, &small));
    expect_success(diffmm_explain(scorer, 3, listed, list, 9, &whole));
    ck_assert(small.score == whole.score && small.collaborative == whole.collaborative);
    ck_assert(denoisers[0] == 5.0F && denoisers[1] == 5.0F);
    end();
}
END_TEST

static void expect_same(const diffmm_scorer *a, const diffmm_scorer *b)
{
    for (int32_t user = DIFFMM_NEW_USER; user < users; user += 4) {
        float x[width], y[width];
        struct explained e, f;
        expect_success(diffmm_fold_in(a, user, listed, list, x));
        expect_success(diffmm_fold_in(b, user, listed, list, y));
        ck_assert_mem_eq(x, y, sizeof x);
        explain(a, user, listed, 12, &e);
        explain(b, user, listed, 12, &f);
        ck_assert_mem_eq(&e, &f, sizeof e);
    }
}

/* A scorer that is opened anywhere, also after models and scorers were loaded and saved again, gives
 * the same bits. */
START_TEST(files_have_it)
{
    for (size_t l = 0; l < other_count + 1; l++) {
        size_t size, again;
        diffmm_scorer *opened, *of_loaded;
        diffmm_model *loaded;
        begin(l < other_count ? others[l] : linear[0]);
        void *data = model_bytes(t.trainer, &size), *copy = malloc(size);
        expect_success(diffmm_scorer_open_memory(t.context, data, size, &opened));
        expect_success(diffmm_model_load_memory(t.context, data, size, &loaded));
        expect_success(diffmm_scorer_create(loaded, &of_loaded));
        expect_same(scorer, opened);
        expect_same(scorer, of_loaded);
        expect_success(diffmm_scorer_save_memory(opened, copy, size, &again));
        ck_assert_uint_eq(again, size);
        ck_assert_mem_eq(copy, data, size);
        expect_success(diffmm_scorer_save_memory(of_loaded, copy, size, &again));
        ck_assert_mem_eq(copy, data, size);
        expect_success(diffmm_model_save_memory(loaded, copy, size, &again));
        ck_assert_mem_eq(copy, data, size);
        free(copy);
        free(data);
        diffmm_scorer_destroy(of_loaded);
        diffmm_scorer_destroy(opened);
        diffmm_model_destroy(loaded);
        end();
    }
}
END_TEST

/* The best epoch put back, and a training resumed, have the state of their embeddings. */
START_TEST(epochs_that_are_put_back)
{
    size_t size;
    training_begin(&t, (const char *const[]){SPECTRAL, "epochs", "4", "patience", "0", NULL});
    diffmm_scorer *of_epoch[5] = {NULL}, *resumed_scorer;
    for (size_t e = 1; e <= 4; e++) {
        expect_success(diffmm_trainer_epoch(t.trainer, NULL));
        expect_success(diffmm_scorer_create(t.model, &of_epoch[e]));
    }
    expect_success(diffmm_trainer_checkpoint_memory(t.trainer, NULL, 0, &size));
    void *data = malloc(size);
    expect_success(diffmm_trainer_checkpoint_memory(t.trainer, data, size, &size));
    diffmm_trainer *resumed;
    expect_success(diffmm_trainer_resume_memory(t.dataset, data, size, NULL, &resumed));
    expect_success(diffmm_scorer_create(diffmm_trainer_model(resumed), &resumed_scorer));
    expect_same(of_epoch[4], resumed_scorer);
    expect_success(diffmm_trainer_restore_best(t.trainer));
    expect_success(diffmm_scorer_create(t.model, &scorer));
    expect_near(
        "recommender's part", dot(d, t.model->final, t.model->final),
        dot(d, of_epoch[t.trainer->best.epoch]->users, of_epoch[t.trainer->best.epoch]->users),
        1e-6);
    const struct diffmm__blend_state *a = scorer->fold_in->blend,
                                     *b = of_epoch[t.trainer->best.epoch]->fold_in->blend;
    ck_assert_mem_eq(a->covariance, b->covariance, sizeof(float) * d * d);
    for (size_t e = 1; e <= 4; e++)
        diffmm_scorer_destroy(of_epoch[e]);
    diffmm_scorer_destroy(resumed_scorer);
    diffmm_trainer_destroy(resumed);
    free(data);
    end();
}
END_TEST

/* Modules with the items that a scorer was extended by. */
static void extend_modules(const float *rows, diffmm_diffusion *out[modalities])
{
    for (size_t m = 0; m < modalities; m++) {
        const diffmm_diffusion *module = t.model->modalities[m].diffusion;
        float basis[more * rank], rarest = module->weights ? 0.0F : 1.0F;
        for (size_t i = 0; i < items && module->weights; i++)
            rarest = fmaxf(rarest, module->weights[i]);
        for (size_t i = 0; i < more * rank; i++)
            basis[i] = rarest * rows[i / rank * width + d + m * rank + i % rank];
        expect_success(diffmm_diffusion_extend(module, more, basis, &out[m]));
    }
}

/* New items are placed by features, take part in folding in, and stay after saving. */
START_TEST(items_that_training_has_not_seen)
{
    for (size_t l = 0; l < other_count + 1; l++) {
        diffmm_placer *placer;
        diffmm_scorer *larger, *opened;
        diffmm_diffusion *module[modalities];
        const float image[12] = {0.2F, -0.4F}, text[7] = {0.9F};
        const float *const features[] = {image, text, image, NULL};
        float rows[more * width];
        size_t size;
        begin(l < other_count ? others[l] : linear[0]);
        expect_success(diffmm_placer_create(t.model, t.dataset, &placer));
        expect_success(diffmm_place_items(placer, more, features, 1.0, rows));
        expect_success(diffmm_scorer_extend(scorer, more, NULL, rows, &larger));
        expect_same(scorer, larger);
        expect_success(diffmm_scorer_save_memory(larger, NULL, 0, &size));
        void *data = malloc(size);
        expect_success(diffmm_scorer_save_memory(larger, data, size, &size));
        expect_success(diffmm_scorer_open_memory(t.context, data, size, &opened));
        extend_modules(rows, module);
        for (int32_t user = DIFFMM_NEW_USER; user < users; user += 5) {
            const int32_t some[] = {items + 1, 17, items};
            float embedding[width], again[width];
            struct folded_row row = row_of(user, 3, some);
            expect_success(diffmm_fold_in(larger, user, 3, some, embedding));
            expect_columns(larger, module, &row, embedding);
            expect_success(diffmm_fold_in(opened, user, 3, some, again));
            ck_assert_mem_eq(embedding, again, sizeof again);
        }
        for (size_t m = 0; m < modalities; m++)
            diffmm_diffusion_destroy(module[m]);
        free(data);
        diffmm_scorer_destroy(opened);
        diffmm_scorer_destroy(larger);
        diffmm_placer_destroy(placer);
        end();
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        columns_are_those_of_the_chains, a_users_own_items_give_the_users_columns,
        the_recommenders_part_stays,     scores_are_explained,
        a_smaller_explanation,           files_have_it,
        epochs_that_are_put_back,        items_that_training_has_not_seen};
    return run_tests("fold_in_blend", tests, sizeof tests / sizeof *tests) != 0;
}
