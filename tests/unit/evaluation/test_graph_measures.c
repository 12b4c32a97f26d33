/* SPDX-License-Identifier: BSD-2-Clause */
/* Measures of a generated graph: a case computed by hand, and a slow oracle. */
#include "evaluation/graph_measures.h"

#include <math.h>
#include <stdlib.h>

#include "base/ascending.h"
#include "support/draws.h"
#include "support/failure.h"

static void expect_near(const char *what, double got, double want)
{
    ck_assert_msg(fabs(got - want) < 1e-9, "%s is %.12g, not %.12g", what, got, want);
}

static void expect_measures(const diffmm_graph_measures *got, const diffmm_graph_measures *want)
{
    ck_assert_uint_eq(got->edges, want->edges);
    ck_assert_uint_eq(got->distinct_items, want->distinct_items);
    ck_assert_uint_eq(got->compared_edges, want->compared_edges);
    ck_assert_uint_eq(got->similarity_users, want->similarity_users);
    ck_assert_uint_eq(got->held_edges, want->held_edges);
    ck_assert_uint_eq(got->hits, want->hits);
    expect_near("top_share", got->top_share, want->top_share);
    expect_near("observed_share", got->observed_share, want->observed_share);
    expect_near("popularity_rank", got->popularity_rank, want->popularity_rank);
    expect_near("agreement", got->agreement, want->agreement);
    expect_near("similarity", got->similarity, want->similarity);
    expect_near("random_similarity", got->random_similarity, want->random_similarity);
    expect_near("similarity_gain", got->similarity_gain, want->similarity_gain);
    expect_near("hit_rate", got->hit_rate, want->hit_rate);
}

/* Three users and five items. Items 0 to 3 lie around their mean, (3, 5), on the axes; item 4 has
 * no features. Ranks by popularity are 1, 2.5, 2.5, 4.5, 4.5. */
static const int64_t row_pointers[] = {0, 2, 3, 5}, held_pointers[] = {0, 1, 1, 3};
static const int32_t row_items[] = {0, 1, 0, 0, 2}, held_items[] = {3, 1, 3};
static const int32_t neighbors[] = {1, 3, 3, -1, 4, 0}, previous[] = {3, 2, -1, -1, 0, 4};
static const float features[] = {4, 5, 3, 6, 2, 5, 3, 4, 0, 0};
static const diffmm_measure_graph_arguments small = {.struct_size = sizeof small,
                                                     .users = 3,
                                                     .items = 5,
                                                     .count = 2,
                                                     .neighbors = neighbors,
                                                     .row_pointers = row_pointers,
                                                     .row_items = row_items,
                                                     .held_pointers = held_pointers,
                                                     .held_items = held_items,
                                                     .previous = previous,
                                                     .columns = 2,
                                                     .features = features};

/* User 0 has items 0 and 1: generated item 1 is at a right angle to item 0, item 3 to 0 and opposite
 * to 1, as both items are that the user does not have. User 1 has item 0: item 3 is at a right angle
 * to it, and so is one of the three others, one opposite. User 2 has items 0 and 2: 0 is opposite
 * to 2. */
START_TEST(by_hand)
{
    const diffmm_graph_measures want = {.edges = 5,
                                        .distinct_items = 4,
                                        .top_share = 1,
                                        .observed_share = 2.0 / 5,
                                        .popularity_rank = (2.5 + 4.5 + 4.5 + 4.5 + 1) / 5,
                                        .compared_edges = 4,
                                        .agreement = 3.0 / 4,
                                        .similarity_users = 3,
                                        .similarity = ((0 - 0.5) / 2 + 0 - 1) / 3,
                                        .random_similarity = (-0.5 - 1.0 / 3 + 0) / 3,
                                        .similarity_gain = -0.75 / 3 + 0.5 / 3 - 1.0 / 18,
                                        .held_edges = 4,
                                        .hits = 1,
                                        .hit_rate = 1.0 / 4};
    diffmm_graph_measures got = {.struct_size = sizeof got};
    expect_success(diffmm_measure_graph_with(NULL, &small, &got));
    expect_measures(&got, &want);
}
END_TEST

START_TEST(what_is_left_out_is_not_measured)
{
    diffmm_measure_graph_arguments a = small;
    diffmm_graph_measures got = {.struct_size = sizeof got}, want = {.edges = 5,
                                                                     .distinct_items = 4,
                                                                     .top_share = 1,
                                                                     .observed_share = 2.0 / 5,
                                                                     .popularity_rank = 17.0 / 5};
    a.held_pointers = NULL;
    a.previous = NULL;
    a.columns = 0;
    expect_success(diffmm_measure_graph_with(NULL, &a, &got));
    expect_measures(&got, &want);
}
END_TEST

START_TEST(of_no_edges)
{
    static const int32_t none[] = {-1, -1, -1, -1, -1, -1};
    const diffmm_graph_measures want = {0};
    diffmm_measure_graph_arguments a = small;
    diffmm_graph_measures got = {.struct_size = sizeof got};
    a.neighbors = none;
    expect_success(diffmm_measure_graph_with(NULL, &a, &got));
    expect_measures(&got, &want);
}
END_TEST

/* Larger than the blocks that are worked on at once, in users and workers. */
enum { users = 1100, items = 60, count = 4, columns = 5 };

static struct world {
    int64_t pointers[users + 1], held_pointers[users + 1];
    int32_t row[users * items], held[users * items];
    int32_t neighbors[users * count], previous[users * count];
    float features[items * columns];
    bool has[users][items], has_held[users][items];
} w;

static void draw_rows(struct draws *draws, double share, bool (*has)[items], int64_t *pointers,
                      int32_t *row)
{
    for (size_t u = 0; u < users; u++) {
        pointers[u + 1] = pointers[u];
        for (int32_t i = 0; i < items; i++) {
            has[u][i] = draw_real(draws) < share * (double)(i % 7) / 3;
            if (has[u][i])
                row[pointers[u + 1]++] = i;
        }
    }
}

/* Distinct items, hubs more often, in any order, some missing. */
static void draw_neighbors(struct draws *draws, int32_t *out)
{
    for (size_t u = 0; u < users; u++)
        for (size_t j = 0; j < count; j++) {
            double x = draw_real(draws);
            int32_t item = (int32_t)(x * x * (items / count)) * count + (int32_t)j;
            out[u * count + j] = draw_real(draws) < 0.1 || u == 5 ? -1 : item;
        }
}

static void begin(void)
{
    struct draws draws = {11};
    w = (struct world){.pointers = {0}};
    draw_rows(&draws, 0.05, w.has, w.pointers, w.row);
    draw_rows(&draws, 0.02, w.has_held, w.held_pointers, w.held);
    draw_neighbors(&draws, w.neighbors);
    draw_neighbors(&draws, w.previous);
    draw_normals(&draws, (size_t)items * columns, 1.0, w.features);
    for (size_t i = 0; i < items * columns; i++)
        w.features[i] = i / columns % 9 == 4 ? 0.0f : w.features[i] + 2.0f;
}

static diffmm_measure_graph_arguments all(void)
{
    return (diffmm_measure_graph_arguments){.struct_size = sizeof(diffmm_measure_graph_arguments),
                                            .users = users,
                                            .items = items,
                                            .count = count,
                                            .neighbors = w.neighbors,
                                            .row_pointers = w.pointers,
                                            .row_items = w.row,
                                            .held_pointers = w.held_pointers,
                                            .held_items = w.held,
                                            .previous = w.previous,
                                            .columns = columns,
                                            .features = w.features};
}

/* Rows without their mean, at unit length; and whether an item has features. */
static double unit[items][columns];
static bool has_features[items];

static void center(void)
{
    for (size_t i = 0; i < items; i++)
        has_features[i] = i % 9 != 4;
    for (size_t k = 0; k < columns; k++) {
        double mean = 0, n = 0;
        for (size_t i = 0; i < items; i++)
            if (has_features[i])
                mean += (double)w.features[i * columns + k], n++;
        for (size_t i = 0; i < items; i++)
            unit[i][k] = (double)w.features[i * columns + k] - mean / n;
    }
    for (size_t i = 0; i < items; i++) {
        double squares = 0;
        for (size_t k = 0; k < columns; k++)
            squares += unit[i][k] * unit[i][k];
        for (size_t k = 0; k < columns; k++)
            unit[i][k] /= sqrt(squares);
    }
}

/* The mean cosine of an item to the user's other items; false where there is none. */
static bool cosine(size_t u, size_t item, double *out)
{
    double sum = 0, n = 0;
    for (size_t i = 0; i < items && has_features[item]; i++) {
        if (!w.has[u][i] || !has_features[i] || i == item)
            continue;
        for (size_t k = 0; k < columns; k++)
            sum += unit[i][k] * unit[item][k];
        n++;
    }
    *out = n > 0 ? sum / n : 0;
    return n > 0;
}

static void oracle_similarity(size_t u, diffmm_graph_measures *m)
{
    double listed = 0, n = 0, random = 0, others = 0, one;
    for (size_t j = 0; j < count; j++) {
        int32_t item = w.neighbors[u * count + j];
        if (item >= 0 && cosine(u, (size_t)item, &one))
            listed += one, n++;
    }
    for (size_t i = 0; i < items; i++)
        if (!w.has[u][i] && cosine(u, i, &one))
            random += one, others++;
    if (n == 0 || others == 0)
        return;
    m->similarity_users++;
    m->similarity += listed / n;
    m->random_similarity += random / others;
}

static bool among(const int32_t *list, int32_t item)
{
    for (size_t j = 0; j < count; j++)
        if (list[j] == item)
            return true;
    return false;
}

static bool is_empty(const int32_t *list)
{
    for (size_t j = 0; j < count; j++)
        if (list[j] >= 0)
            return false;
    return true;
}

static double rank_of(int32_t item)
{
    size_t popularity[items] = {0}, above = 0, equal = 0;
    for (size_t u = 0; u < users; u++)
        for (size_t i = 0; i < items; i++)
            popularity[i] += w.has[u][i];
    for (size_t i = 0; i < items; i++) {
        above += popularity[i] > popularity[item];
        equal += popularity[i] == popularity[item];
    }
    return (double)above + ((double)equal + 1) / 2;
}

static int descending(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x < y) - (x > y);
}

/* Agreement and similarity of every `step`-th user only. */
static diffmm_graph_measures oracle(size_t step)
{
    diffmm_graph_measures m = {0};
    size_t edges_of[items] = {0};
    double rank[items], top = 0, observed = 0, ranks = 0, agreed = 0;
    for (int32_t i = 0; i < items; i++)
        rank[i] = rank_of(i);
    center();
    for (size_t u = 0; u < users; u++) {
        const int32_t *row = w.neighbors + u * count, *before = w.previous + u * count;
        bool held = w.held_pointers[u + 1] > w.held_pointers[u];
        for (size_t j = 0; j < count; j++) {
            if (row[j] < 0)
                continue;
            m.edges++;
            edges_of[row[j]]++;
            observed += w.has[u][row[j]];
            ranks += rank[row[j]];
            m.held_edges += held;
            m.hits += w.has_held[u][row[j]];
            m.compared_edges += u % step == 0 && !is_empty(before);
            agreed += u % step == 0 && among(before, row[j]);
        }
        if (u % step == 0)
            oracle_similarity(u, &m);
    }
    for (size_t i = 0; i < items; i++)
        m.distinct_items += edges_of[i] > 0;
    qsort(edges_of, items, sizeof *edges_of, descending);
    for (size_t i = 0; i < 10; i++)
        top += (double)edges_of[i];
    m.top_share = top / (double)m.edges;
    m.observed_share = observed / (double)m.edges;
    m.popularity_rank = ranks / (double)m.edges;
    m.agreement = agreed / (double)m.compared_edges;
    m.similarity /= (double)m.similarity_users;
    m.random_similarity /= (double)m.similarity_users;
    m.similarity_gain = m.similarity - m.random_similarity;
    m.hit_rate = (double)m.hits / (double)m.held_edges;
    return m;
}

START_TEST(against_oracle_with_any_number_of_threads)
{
    diffmm_graph_measures first = {.struct_size = sizeof first}, want;
    begin();
    want = oracle(1);
    ck_assert(want.top_share > 0.3 && want.top_share < 0.9 && want.agreement > 0 && want.hits > 0);
    diffmm_measure_graph_arguments a = all();
    expect_success(diffmm_measure_graph_with(NULL, &a, &first));
    expect_measures(&first, &want);
    for (size_t threads = 1; threads <= 3; threads++) {
        diffmm_graph_measures got = {.struct_size = sizeof got};
        diffmm_context *context;
        expect_success(
            diffmm_context_create(&(diffmm_context_settings){.threads = threads}, &context));
        expect_success(diffmm_measure_graph_with(context, &a, &got));
        ck_assert(memcmp(&got, &first, sizeof got) == 0);
        diffmm_context_destroy(context);
    }
}
END_TEST

static void sort_all(int32_t *rows)
{
    for (size_t u = 0; u < users; u++)
        diffmm__ascending_sort(count, rows + u * count);
}

/* As a trainer does: agreement and similarity of some users; features further apart. */
START_TEST(of_a_sample)
{
    static float wide[items * (columns + 3)];
    static int32_t sample[users], before[users * count];
    const size_t step = 7;
    size_t sampled = 0;
    begin();
    diffmm_graph_measures got, want = oracle(step);
    for (size_t i = 0; i < items; i++)
        memcpy(wide + i * (columns + 3), w.features + i * columns, columns * sizeof *wide);
    sort_all(w.neighbors);
    sort_all(w.previous);
    for (size_t u = 0; u < users; u += step) {
        memcpy(before + sampled * count, w.previous + u * count, count * sizeof *before);
        sample[sampled++] = (int32_t)u;
    }
    struct diffmm__csr train = diffmm__csr_view(users, items, w.pointers, w.row, NULL),
                       held = diffmm__csr_view(users, items, w.held_pointers, w.held, NULL);
    struct diffmm__popularity popularity;
    struct diffmm__centred_features centred;
    struct diffmm__graph_measuring measuring;
    expect_success(diffmm__popularity_begin(NULL, &train, &popularity));
    expect_success(
        diffmm__centred_features_begin(NULL, items, columns, columns + 3, wide, NULL, &centred));
    const struct diffmm__graph_setting setting = {.users = users,
                                                  .items = items,
                                                  .count = count,
                                                  .columns = columns,
                                                  .train = &train,
                                                  .held = &held,
                                                  .popularity = &popularity,
                                                  .sample_count = sampled,
                                                  .sample = sample};
    expect_success(diffmm__graph_measuring_begin(NULL, &setting, &measuring));
    for (int again = 0; again < 2; again++) {
        diffmm__graph_measuring_run(&measuring, w.neighbors, before, &centred, &got);
        expect_measures(&got, &want);
    }
    diffmm__graph_measuring_end(&measuring);
    diffmm__centred_features_end(&centred);
    diffmm__popularity_end(&popularity);
}
END_TEST

static void expect_refused(const diffmm_measure_graph_arguments *a, diffmm_status status,
                           const char *part)
{
    diffmm_graph_measures out = {.struct_size = sizeof out, .edges = 77};
    expect_failure(diffmm_measure_graph_with(NULL, a, &out), status, part);
    ck_assert_uint_eq(out.edges, 77);
}

START_TEST(bad_input)
{
    static const int32_t twice[] = {1, 3, 3, -1, 4, 4}, beyond[] = {1, 3, 3, 5, 4, 0},
                         below[] = {1, 3, -2, -1, 4, 0}, falling[] = {1, 0, 0, 0, 2},
                         too_far[] = {0, 5, 0, 0, 2};
    static const int64_t back[] = {0, 2, 1, 5};
    static const float infinite[10] = {[7] = INFINITY};
    const diffmm_status invalid = DIFFMM_ERROR_INVALID_ARGUMENT;
    diffmm_measure_graph_arguments a;
#define REFUSED(member, value, status, part)                                                       \
    (a = small, a.member = value, expect_refused(&a, status, part))
    REFUSED(users, 0, invalid, "users");
    REFUSED(items, 0, invalid, "items");
    REFUSED(count, 0, invalid, "count");
    REFUSED(count, 6, invalid, "count");
    REFUSED(columns, (size_t)1 << 60, invalid, "columns");
    REFUSED(neighbors, NULL, invalid, "neighbors is NULL");
    REFUSED(neighbors, twice, invalid, "neighbors: user 2 has item 4 twice");
    REFUSED(neighbors, beyond, invalid, "neighbors[3] is 5");
    REFUSED(neighbors, below, invalid, "neighbors[2] is -2");
    REFUSED(previous, twice, invalid, "previous: user 2 has item 4 twice");
    REFUSED(row_pointers, NULL, invalid, "row_pointers is NULL");
    REFUSED(row_pointers, back, invalid, "row_pointers");
    REFUSED(row_items, falling, invalid, "row_items");
    REFUSED(row_items, too_far, invalid, "row_items");
    REFUSED(held_pointers, back, invalid, "held_pointers");
    REFUSED(held_items, too_far, invalid, "held_items");
    REFUSED(features, NULL, invalid, "features is NULL");
    REFUSED(features, infinite, DIFFMM_ERROR_NUMERIC, "features: value 7");
#undef REFUSED
    diffmm_graph_measures out = {.struct_size = sizeof out};
    expect_invalid(diffmm_measure_graph_with(NULL, NULL, &out), "arguments is NULL");
    expect_invalid(diffmm_measure_graph_with(NULL, &small, NULL), "out is NULL");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {by_hand,     what_is_left_out_is_not_measured,
                                  of_no_edges, against_oracle_with_any_number_of_threads,
                                  of_a_sample, bad_input};
    return run_tests("graph_measures", tests, sizeof tests / sizeof *tests) != 0;
}
