/* SPDX-License-Identifier: BSD-2-Clause */
/* Counted FLOPs against sums written out here from the sizes alone. */
#include "support/training.h"

/* training_data: 70 users, 60 items, modalities of 12 and 7 features; and its settings. */
static const double users = 70, items = 60, features = 12 + 7, d = 8, e = 4, h = 16, steps = 5;
enum { m = 2, batch = 64 };

/* A product of a x b and b x c. */
static double product(double a, double b, double c)
{
    return 2 * a * b * c;
}

/* All users through time layer, encoder and decoder once. */
static double denoiser_forward(void)
{
    return product(users, e, e) + product(users, items + e, h) + product(users, h, items);
}

/* Backward: two products for each of forward's, but none for the gradient of the input. MSI: x_hat
 * X and its way back. */
static double denoiser_training(bool msi)
{
    double once = 3 * denoiser_forward() - product(users, items + e, h);
    return m * (once + (msi ? product(users, items, d) + product(users, d, items) : 0));
}

struct graph_sizes {
    double pairs, observed, generated; /* entries of A_hat, and of all A_m together */
};

static struct graph_sizes sizes(const struct training *t, double rebuild_k, double keep_rate)
{
    double pairs = (double)diffmm_dataset_interactions(t->dataset, DIFFMM_TRAIN);
    return (struct graph_sizes){.pairs = pairs,
                                .observed = 2 * pairs + users + items,
                                .generated =
                                    m * keep_rate * (2 * users * rebuild_k + users + items)};
}

static double batches(const struct graph_sizes *g)
{
    return ceil(g->pairs / batch);
}

/* Up to the final embeddings, with so many products with A_hat. */
static double forward(const struct graph_sizes *g, double products)
{
    return product(items, features, d) + 2 * d * (products * g->observed + g->generated);
}

static double views(const struct graph_sizes *g, double layers)
{
    return 2 * d * (g->generated + m * layers * g->observed);
}

static void expect_near(const char *what, double expected, double got)
{
    ck_assert_msg(fabs(got - expected) <= 1e-9 * expected, "%s: %.12g, not %.12g", what, got,
                  expected);
}

static diffmm_report one_epoch(struct training *t, const char *const *list)
{
    diffmm_report report = {.struct_size = sizeof report};
    training_begin(t, list);
    expect_success(diffmm_trainer_epoch(t->trainer, &report));
    return report;
}

static double ranked_users(const diffmm_report *report)
{
    size_t most = report->valid[0].users > report->test[0].users ? report->valid[0].users
                                                                 : report->test[0].users;
    return (double)most;
}

START_TEST(the_straightforward_way)
{
    struct training t;
    diffmm_report report = one_epoch(&t, (const char *const[]){"layers", "2", "contrastive.anchor",
                                                               "main", "rebuild_k", "3", NULL});
    struct graph_sizes g = sizes(&t, 3, 0.5);
    double denoise = denoiser_training(true), generate = m * steps * denoiser_forward();
    double contrastive = m * 3 * product(g.pairs, users + items, d);
    double recommend = contrastive + batches(&g) * 2 * (forward(&g, 2 * m + 2) + views(&g, 2));
    double evaluate = forward(&g, 2 + 2) + product(ranked_users(&report), d, items);
    expect_near("straight", denoise + generate + recommend + evaluate, report.straight_flops);
    training_end(&t);
}
END_TEST

/* Of 70 users and 60 items, 65 of each are drawn at most: distinct ones are fewer. */
START_TEST(drawn_nodes)
{
    static const struct {
        const char *negatives;
        double candidates;
    } cases[] = {{"20", 20 + 20}, {"65", 65 + 60}, {"100000", 70 + 60}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct training t;
        diffmm_forecast forecast = {.struct_size = sizeof forecast};
        diffmm_report report =
            one_epoch(&t, (const char *const[]){"contrastive.anchor", "main",
                                                "contrastive.negatives", cases[i].negatives, NULL});
        struct graph_sizes g = sizes(&t, 1, 0.5);
        double contrastive = m * 3 * product(g.pairs, cases[i].candidates, d);
        double rest = batches(&g) * 2 * (forward(&g, 3) + views(&g, 1));
        expect_success(diffmm_trainer_forecast(t.dataset, t.options, &forecast));
        expect_near("forecast", contrastive + rest, forecast.flops[2]);
        ck_assert(report.counted_flops[2] > rest && report.counted_flops[2] < forecast.flops[2]);
        training_end(&t);
    }
}
END_TEST

START_TEST(phases_without_a_cheaper_way)
{
    struct training t;
    /* Sampling noise rules the hidden space out; no contrast, no MSI. */
    diffmm_report report =
        one_epoch(&t, (const char *const[]){"sampling_noise", "true", "contrastive.enabled",
                                            "false", "diffusion.msi", "false", NULL});
    struct graph_sizes g = sizes(&t, 1, 0.5);
    expect_near("generate", m * steps * denoiser_forward(), report.counted_flops[1]);
    expect_near("recommend", batches(&g) * 2 * forward(&g, 3), report.counted_flops[2]);
    expect_near("evaluate", forward(&g, 3) + product(ranked_users(&report), d, items),
                report.counted_flops[3]);
    ck_assert(report.counted_flops[0] > 0);
    ck_assert(report.counted_flops[0] <= denoiser_training(false) * (1 + 1e-9));
    training_end(&t);
}
END_TEST

START_TEST(the_way_taken_is_never_dearer)
{
    static const char *const lists[][7] = {{"rebuild_k", "2"},
                                           {"contrastive.anchor", "main", "layers", "3"},
                                           {"hidden_sizes", "200"},
                                           {"contrastive.negatives", "1000"},
                                           {"hidden_sizes", "9,11", "norm", "true"}};
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
        struct training t;
        diffmm_report report = one_epoch(&t, lists[l]);
        double sum = 0;
        for (size_t phase = 0; phase < 4; phase++) {
            ck_assert(report.counted_flops[phase] > 0);
            sum += report.counted_flops[phase];
        }
        ck_assert(sum < report.straight_flops);
        training_end(&t);
    }
}
END_TEST

START_TEST(without_diffusion)
{
    struct training t;
    diffmm_report report =
        one_epoch(&t, (const char *const[]){"diffusion.enabled", "false", "contrastive.enabled",
                                            "false", "keep_rate", "1", NULL});
    struct graph_sizes g = sizes(&t, 1, 1);
    g.generated = m * g.observed;
    ck_assert(report.counted_flops[0] == 0 && report.counted_flops[1] == 0);
    expect_near("recommend", batches(&g) * 2 * forward(&g, 3), report.counted_flops[2]);
    training_end(&t);
}
END_TEST

/* Each batch and direction has one more product with a part of A_hat for each modality. */
START_TEST(view_fusion)
{
    struct training plain, fused;
    diffmm_report a = one_epoch(&plain, (const char *const[]){"keep_rate", "0.5", NULL});
    diffmm_report b =
        one_epoch(&fused, (const char *const[]){"keep_rate", "0.5", "fusion_ratio", "0.5", NULL});
    struct graph_sizes g = sizes(&plain, 1, 0.5);
    double more = batches(&g) * 2 * m * 2 * d * 0.5 * g.observed;
    expect_near("recommend", a.counted_flops[2] + more, b.counted_flops[2]);
    expect_near("straight", a.straight_flops + more, b.straight_flops);
    training_end(&plain);
    training_end(&fused);
}
END_TEST

/* The forecast is what the report then says; of contrasted nodes, at most so many. */
START_TEST(forecast_equals_report)
{
    static const char *const lists[][5] = {
        {"contrastive.anchor", "main", "fusion_ratio", "0.3"},
        {"diffusion.enabled", "false", "contrastive.enabled", "false"},
        {"sampling_noise", "true", "layers", "2"},
        {"denoiser.kind", "spectral", "diffusion.blend", "0.5"}};
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
        struct training t;
        diffmm_report report = one_epoch(&t, lists[l]);
        diffmm_forecast forecast = {.struct_size = sizeof forecast};
        expect_success(diffmm_trainer_forecast(t.dataset, t.options, &forecast));
        ck_assert_uint_eq(forecast.struct_size, sizeof forecast);
        for (size_t phase = 0; phase < 4; phase++)
            if (phase == DIFFMM_PHASE_RECOMMEND)
                ck_assert(report.counted_flops[phase] <= forecast.flops[phase] * (1 + 1e-9));
            else
                ck_assert(report.counted_flops[phase] == forecast.flops[phase]);
        ck_assert(report.straight_flops == forecast.straight_flops);
        training_end(&t);
    }
}
END_TEST

/* Each pass of the denoisers counts; the forecast is the mean over the epochs. */
START_TEST(epochs_that_are_not_alike)
{
    struct training plain, t;
    diffmm_report one = one_epoch(&plain, (const char *const[]){NULL});
    diffmm_report first = one_epoch(&t, (const char *const[]){"epochs", "4", "denoiser.passes", "3",
                                                              "denoiser.warmup", "5", NULL});
    diffmm_report second = {.struct_size = sizeof second};
    diffmm_forecast forecast = {.struct_size = sizeof forecast};
    double pass = one.counted_flops[0], naive = denoiser_training(true);
    expect_near("first", 8 * pass, first.counted_flops[0]);
    expect_near("straight", one.straight_flops + 7 * naive, first.straight_flops);
    expect_success(diffmm_trainer_epoch(t.trainer, &second));
    expect_near("second", 3 * pass, second.counted_flops[0]);
    expect_near("straight", one.straight_flops + 2 * naive, second.straight_flops);
    expect_success(diffmm_trainer_forecast(t.dataset, t.options, &forecast));
    expect_near("mean", (8 + 3 * 3) * pass / 4, forecast.flops[0]);
    expect_near("mean", one.straight_flops + (7 + 3 * 2) * naive / 4, forecast.straight_flops);
    training_end(&plain);
    training_end(&t);
}
END_TEST

/* Users have as many neighbours as there are items that they do not have. */
START_TEST(fewer_neighbours)
{
    struct training t;
    diffmm_report report =
        one_epoch(&t, (const char *const[]){"rebuild_k", "60", "generate.unseen", "true",
                                            "contrastive.enabled", "false", NULL});
    struct graph_sizes g = sizes(&t, 60, 0.5);
    g.generated -= 2 * m * 0.5 * g.pairs;
    expect_near("recommend", batches(&g) * 2 * forward(&g, 3), report.counted_flops[2]);
    training_end(&t);
}
END_TEST

/* Generated in epochs 1, 4 and 7 of 8. */
START_TEST(epochs_that_keep_graphs)
{
    struct training plain, t;
    diffmm_report one = one_epoch(&plain, (const char *const[]){NULL}), next = one;
    diffmm_report first =
        one_epoch(&t, (const char *const[]){"epochs", "8", "generate.every", "3", NULL});
    diffmm_forecast forecast = {.struct_size = sizeof forecast};
    double generate = one.counted_flops[1], naive = m * steps * denoiser_forward();
    ck_assert(first.counted_flops[1] == generate && first.straight_flops == one.straight_flops);
    expect_success(diffmm_trainer_epoch(t.trainer, &next));
    ck_assert(next.counted_flops[1] == 0 && next.counted_flops[0] == first.counted_flops[0]);
    expect_near("straight", one.straight_flops - naive, next.straight_flops);
    expect_success(diffmm_trainer_forecast(t.dataset, t.options, &forecast));
    expect_near("mean", 3 * generate / 8, forecast.flops[1]);
    expect_near("mean", one.straight_flops - 5 * naive / 8, forecast.straight_flops);
    training_end(&plain);
    training_end(&t);
}
END_TEST

/* A spectral denoiser's forward pass is over the coordinates; a linear part is one product more. Where
 * nothing learns, passes give losses alone, and layers beside a linear part are not computed. */
START_TEST(spectral_denoisers)
{
    const double rank = 9,
                 layers =
                     product(users, e, e) + product(users, rank + e, h) + product(users, h, rank),
                 linear = product(users, rank, rank), g = product(rank, items, d),
                 msi = product(users, rank, d), scores = product(users, rank, items);
    struct training t;
#define SPECTRAL                                                                                   \
    "denoiser.kind", "spectral", "denoiser.rank", "9", "generate.exact", "true",                   \
        "diffusion.blend", "0.5"
    diffmm_report plain = one_epoch(&t, (const char *const[]){SPECTRAL, NULL});
    double evaluate = plain.counted_flops[3];
    expect_near("denoise", m * (3 * layers - product(users, rank + e, h) + 2 * msi + g),
                plain.counted_flops[0]);
    expect_near("generate", m * (steps * layers + scores), plain.counted_flops[1]);
    training_end(&t);
    diffmm_report added =
        one_epoch(&t, (const char *const[]){SPECTRAL, "denoiser.linear", "true", NULL});
    expect_near("denoise", plain.counted_flops[0] + m * linear, added.counted_flops[0]);
    expect_near("generate", m * (steps * (layers + linear) + scores), added.counted_flops[1]);
    expect_near("evaluate", evaluate, added.counted_flops[3]);
    training_end(&t);
    diffmm_report frozen =
        one_epoch(&t, (const char *const[]){SPECTRAL, "denoiser_learning_rate", "0", NULL});
    expect_near("denoise", m * (layers + msi + g), frozen.counted_flops[0]);
    expect_near("generate", plain.counted_flops[1], frozen.counted_flops[1]);
    training_end(&t);
    diffmm_report silent =
        one_epoch(&t, (const char *const[]){SPECTRAL, "denoiser_learning_rate", "0",
                                            "denoiser.linear", "true", NULL});
    expect_near("denoise", m * (linear + msi + g), silent.counted_flops[0]);
    expect_near("generate", m * (steps * linear + scores), silent.counted_flops[1]);
    expect_near("evaluate", evaluate, silent.counted_flops[3]);
    training_end(&t);
    /* Chains with noise are others than those of generating. */
    diffmm_report noisy = one_epoch(&t, (const char *const[]){SPECTRAL, "denoiser.linear", "true",
                                                              "sampling_noise", "true", NULL});
    expect_near("evaluate", evaluate + m * steps * (layers + linear), noisy.counted_flops[3]);
    training_end(&t);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {the_straightforward_way,
                                  drawn_nodes,
                                  phases_without_a_cheaper_way,
                                  the_way_taken_is_never_dearer,
                                  without_diffusion,
                                  view_fusion,
                                  forecast_equals_report,
                                  epochs_that_are_not_alike,
                                  epochs_that_keep_graphs,
                                  fewer_neighbours,
                                  spectral_denoisers};
    return run_tests("train/flops", tests, sizeof tests / sizeof *tests) != 0;
}
