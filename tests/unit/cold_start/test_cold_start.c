/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdlib.h>

#include "cold_start/cold_start_scale.h"

#include "support/draws.h"
#include "support/failing.h"
#include "support/folder.h"
#include "support/small_model.h"

enum { users = 40, items = 300, d = 6, image = 5, text = 7, columns = image + text, all = 3 };

/* Items by number with features at random, and a model whose final item rows are an affine function
 * of them, plus noise. */
struct world {
    diffmm_context *context;
    diffmm_model *model;
    diffmm_dataset *dataset;
    float image[items * image], text[items * text];
    float map[columns * d], mean[d];
};

static const float *features_of(const struct world *w, size_t item, size_t modality)
{
    return modality ? w->text + item * text : w->image + item * image;
}

static double truth(const struct world *w, size_t item, size_t column)
{
    double sum = (double)w->mean[column];
    for (size_t f = 0; f < columns; f++) {
        float x = f < image ? features_of(w, item, 0)[f] : features_of(w, item, 1)[f - image];
        sum += (double)x * (double)w->map[f * d + column];
    }
    return sum;
}

static void make_dataset(struct world *w)
{
    expect_success(diffmm_dataset_create(w->context, &w->dataset));
    expect_success(diffmm_dataset_reserve(w->dataset, users, items));
    expect_success(diffmm_dataset_add_interactions(w->dataset, DIFFMM_TRAIN, 1, (int32_t[]){0},
                                                   (int32_t[]){0}));
    expect_success(
        diffmm_dataset_add_modality_array(w->dataset, "image", items, image, w->image, image));
    expect_success(
        diffmm_dataset_add_modality_array(w->dataset, "text", items, text, w->text, text));
}

static struct world *begin_on(diffmm_context *context, double noise)
{
    struct world *w = calloc(1, sizeof *w);
    struct draws draws = {5};
    w->context = context;
    w->model = small_model(context, users, items, d, false);
    draw_normals(&draws, columns * d, 0.4, w->map);
    draw_normals(&draws, d, 1.0, w->mean);
    draw_normals(&draws, items * image, 2.0, w->image);
    draw_normals(&draws, items * text, 2.0, w->text);
    for (size_t i = 0; i < items; i++) {
        w->image[i * image + 2] = 4.0f; /* says nothing */
        w->text[i * text + 1] += 30.0f; /* far from 0 */
    }
    for (size_t i = 0; i < items * d; i++)
        w->model->final[users * d + i] =
            (float)(truth(w, i / d, i % d) + noise * draw_normal(&draws));
    make_dataset(w);
    return w;
}

static struct world *begin_threads(size_t threads, double noise)
{
    diffmm_context *context;
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = threads}, &context));
    return begin_on(context, noise);
}

static void end(struct world *w)
{
    diffmm_dataset_destroy(w->dataset);
    diffmm_model_destroy(w->model);
    diffmm_context_destroy(w->context);
    free(w);
}

static diffmm_placer *make(const struct world *w)
{
    diffmm_placer *placer;
    expect_success(diffmm_placer_create(w->model, w->dataset, &placer));
    return placer;
}

/* How far items must be moved is learnt from what users have seen. */
START_TEST(a_model_in_which_nobody_has_seen_anything_is_refused)
{
    struct world *w = begin_threads(1, 0.0);
    diffmm_placer *placer = NULL;
    memset(w->model->catalog->train.pointers, 0,
           (users + 1) * sizeof *w->model->catalog->train.pointers);
    expect_failure(diffmm_placer_create(w->model, w->dataset, &placer), DIFFMM_ERROR_STATE,
                   "none of its users has training items");
    ck_assert_ptr_null(placer);
    end(w);
}
END_TEST

START_TEST(an_affine_function_is_found)
{
    struct world *w = begin_threads(1, 0.0);
    diffmm_placer *placer = make(w);
    float row[d];
    ck_assert_uint_eq(diffmm_placer_dimensions(placer), d);
    ck_assert_uint_eq(diffmm_placer_modalities(placer), 2);
    ck_assert_str_eq(diffmm_placer_modality_name(placer, 1), "text");
    ck_assert_ptr_null(diffmm_placer_modality_name(placer, 2));
    ck_assert_uint_eq(diffmm_placer_modality_dimensions(placer, 0), image);
    ck_assert_uint_eq(diffmm_placer_modality_dimensions(placer, 2), 0);
    for (size_t i = 0; i < items; i += 17) {
        const float *features[] = {features_of(w, i, 0), features_of(w, i, 1)};
        double boost = 1.0 / (double)placer->scale[all];
        expect_success(diffmm_place_items(placer, 1, features, boost, row));
        for (size_t c = 0; c < d; c++)
            ck_assert_msg(fabs((double)row[c] - truth(w, i, c)) <= 2e-3, "item %zu: %g, not %g", i,
                          (double)row[c], truth(w, i, c));
    }
    diffmm_placer_destroy(placer);
    end(w);
}
END_TEST

/* Among the items that were trained a feature varies by rounding alone; a new one has it. */
START_TEST(what_varies_by_rounding_says_nothing)
{
    struct world *w = begin_threads(1, 0.0);
    for (size_t i = 0; i < items; i++)
        w->image[i * image + 2] = 1e-17f * (float)(i % 3);
    diffmm_placer *placer = make(w);
    float with[d], without[d], features[image];
    memcpy(features, features_of(w, 5, 0), sizeof features);
    const float *given[] = {features, features_of(w, 5, 1)};
    features[2] = 0.0f;
    expect_success(diffmm_place_items(placer, 1, given, 1.0, without));
    features[2] = 4.0f;
    expect_success(diffmm_place_items(placer, 1, given, 1.0, with));
    ck_assert_mem_eq(with, without, sizeof with);
    diffmm_placer_destroy(placer);
    end(w);
}
END_TEST

/* mean + boost scale[S] sum of (features - mean) map, in double. */
static double formula(const diffmm_placer *placer, const float *const *features, double boost,
                      size_t column)
{
    double sum = 0.0;
    size_t set = 0;
    for (size_t m = 0; m < placer->modality_count; m++) {
        const struct diffmm__cold_start_modality *modality = &placer->modalities[m];
        set |= features[m] ? (size_t)1 << m : 0;
        for (size_t f = 0; features[m] && f < modality->dimensions; f++)
            sum += ((double)features[m][f] - (double)modality->mean[f]) *
                   (double)modality->map[f * d + column];
    }
    return (double)placer->mean[column] + boost * (double)placer->scale[set] * sum;
}

START_TEST(missing_modalities_are_left_out)
{
    struct world *w = begin_threads(1, 0.5);
    diffmm_placer *placer = make(w);
    const float *i = features_of(w, 3, 0), *t = features_of(w, 3, 1);
    const float *features[] = {i, t, i, NULL, NULL, t, NULL, NULL};
    float rows[4 * d];
    expect_success(diffmm_place_items(placer, 4, features, 1.25, rows));
    for (size_t r = 0; r < 4; r++)
        for (size_t c = 0; c < d; c++)
            ck_assert(fabs((double)rows[r * d + c] - formula(placer, features + 2 * r, 1.25, c)) <=
                      1e-4);
    ck_assert_mem_eq(rows + 3 * d, placer->mean, sizeof(float) * d);
    ck_assert(placer->scale[1] > placer->scale[all] && placer->scale[2] > placer->scale[all]);
    float at_mean[d];
    expect_success(diffmm_place_items(placer, 1, features, 0.0, at_mean));
    ck_assert_mem_eq(at_mean, placer->mean, sizeof at_mean);
    diffmm_placer_destroy(placer);
    end(w);
}
END_TEST

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The score of the k-th best item that the user has not seen. */
static double bar(const struct world *w, size_t user, size_t k)
{
    static double scores[items];
    const struct diffmm__csr *seen = &w->model->catalog->train;
    const float *u = w->model->final + user * d, *rows = w->model->final + users * d;
    size_t count = 0;
    for (int32_t i = 0; i < items; i++) {
        scores[count] = 0.0;
        for (size_t c = 0; c < d; c++)
            scores[count] += (double)u[c] * (double)rows[(size_t)i * d + c];
        count += !diffmm__csr_has(seen, (size_t)user, i);
    }
    qsort(scores, count, sizeof *scores, ascending);
    return scores[count - k];
}

START_TEST(at_the_scale_items_reach_the_bar_as_often_as_trained_ones)
{
    enum { held = 50, k = 20 };
    struct world *w = begin_threads(1, 1.0);
    diffmm_placer *placer = make(w);
    float one[held * d], two[held * d];
    struct draws draws = {11};
    draw_normals(&draws, held * d, 1.5, one);
    draw_normals(&draws, held * d, 1.2, two);
    expect_success(
        diffmm__cold_start_scale(placer, w->model, held, (const float *const[]){one, two}));
    for (size_t set = 1; set <= all; set++) {
        size_t reached = 0, pairs = 0;
        for (size_t u = 1; u < users; u++) { /* user 0 has no items */
            double need = bar(w, u, k);
            for (size_t i = 0; i < held; i++, pairs++) {
                double score = 0.0;
                for (size_t c = 0; c < d; c++)
                    score +=
                        (double)w->model->final[u * d + c] *
                        ((double)placer->mean[c] +
                         (double)placer->scale[set] * ((set & 1 ? (double)one[i * d + c] : 0.0) +
                                                       (set & 2 ? (double)two[i * d + c] : 0.0)));
                reached += score >= need - 1e-4;
            }
        }
        double wanted = (double)pairs * k / items;
        ck_assert_msg(placer->scale[set] < 4.0f && fabs((double)reached - wanted) <= 2.0,
                      "set %zu, scale %g: %zu of %zu pairs, not %g", set,
                      (double)placer->scale[set], reached, pairs, wanted);
    }
    float nothing[held * d] = {0};
    expect_success(
        diffmm__cold_start_scale(placer, w->model, held, (const float *const[]){nothing, nothing}));
    ck_assert(placer->scale[all] == 4.0f);
    diffmm_placer_destroy(placer);
    end(w);
}
END_TEST

static void place_with(const diffmm_placer *placer, const struct world *w, float *rows)
{
    const float **features = calloc(items * 2, sizeof *features);
    for (size_t i = 0; i < items * 2; i++)
        features[i] = features_of(w, i / 2, i % 2);
    expect_success(diffmm_place_items(placer, items, features, 1.0, rows));
    free(features);
}

START_TEST(the_same_bits_with_any_number_of_threads)
{
    static float first[items * d], other[items * d];
    for (size_t threads = 1; threads <= 4; threads *= 2) {
        struct world *w = begin_threads(threads, 0.3);
        diffmm_placer *placer = make(w);
        place_with(placer, w, threads == 1 ? first : other);
        ck_assert_msg(threads == 1 || memcmp(first, other, sizeof first) == 0, "%zu threads",
                      threads);
        diffmm_placer_destroy(placer);
        end(w);
    }
}
END_TEST

/* The model of a scorer that was extended by placed items, read from its file. */
static diffmm_model *extended_model(const struct world *w, size_t more, const float *rows)
{
    diffmm_scorer *scorer, *larger;
    diffmm_model *loaded;
    size_t size;
    expect_success(diffmm_scorer_create(w->model, &scorer));
    expect_success(diffmm_scorer_extend(scorer, more, NULL, rows, &larger));
    expect_success(diffmm_scorer_save_memory(larger, NULL, 0, &size));
    void *data = malloc(size);
    expect_success(diffmm_scorer_save_memory(larger, data, size, &size));
    expect_success(diffmm_model_load_memory(w->context, data, size, &loaded));
    diffmm_scorer_destroy(larger);
    diffmm_scorer_destroy(scorer);
    free(data);
    return loaded;
}

/* A data set that has their features too. */
static diffmm_dataset *larger_dataset(const struct world *w, size_t more)
{
    static float larger_image[(items + 50) * image], larger_text[(items + 50) * text];
    diffmm_dataset *dataset;
    memcpy(larger_image, w->image, sizeof w->image);
    memcpy(larger_text, w->text, sizeof w->text);
    expect_success(diffmm_dataset_create(w->context, &dataset));
    expect_success(diffmm_dataset_reserve(dataset, users, items + more));
    expect_success(
        diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 1, (int32_t[]){0}, (int32_t[]){0}));
    expect_success(diffmm_dataset_add_modality_array(dataset, "image", items + more, image,
                                                     larger_image, image));
    expect_success(
        diffmm_dataset_add_modality_array(dataset, "text", items + more, text, larger_text, text));
    return dataset;
}

START_TEST(nothing_is_learnt_from_items_that_were_placed)
{
    static float first[items * d], other[items * d];
    float rows[50 * d];
    struct world *w = begin_threads(1, 0.5);
    for (size_t i = 0; i < 50 * d; i++)
        rows[i] = 20.0f * cosf((float)i);
    diffmm_model *loaded = extended_model(w, 50, rows);
    diffmm_dataset *dataset = larger_dataset(w, 50);
    diffmm_placer *placer = make(w), *of_extended;
    expect_success(diffmm_placer_create(loaded, dataset, &of_extended));
    place_with(placer, w, first);
    place_with(of_extended, w, other);
    ck_assert_mem_eq(first, other, sizeof first);
    diffmm_placer_destroy(placer);
    diffmm_placer_destroy(of_extended);
    diffmm_dataset_destroy(dataset);
    diffmm_model_destroy(loaded);
    end(w);
}
END_TEST

START_TEST(a_file_keeps_every_bit)
{
    static float first[items * d], other[items * d];
    struct world *w = begin_threads(1, 0.3);
    struct folder folder = folder_begin();
    char path[128];
    diffmm_placer *placer = make(w), *opened;
    folder_file(&folder, "placer.safetensors", path);
    expect_success(diffmm_placer_save(placer, path));
    expect_success(diffmm_placer_open(w->context, path, &opened));
    ck_assert_str_eq(diffmm_placer_modality_name(opened, 0), "image");
    place_with(placer, w, first);
    place_with(opened, w, other);
    ck_assert_mem_eq(first, other, sizeof first);
    diffmm_placer_destroy(placer);
    diffmm_placer_destroy(opened);
    folder_end(&folder);
    end(w);
}
END_TEST

/* The file with `from` replaced by `to`, of the same length, is refused with that message. */
static void expect_refused(const struct world *w, const char *path, const char *from,
                           const char *to, diffmm_status wanted, const char *part)
{
    size_t size, at = 0, length = strlen(from);
    unsigned char *bytes = read_bytes(path, &size);
    char other[140];
    diffmm_placer *opened = NULL;
    ck_assert_uint_eq(length, strlen(to));
    while (at + length <= size && memcmp(bytes + at, from, length) != 0)
        at++;
    ck_assert_uint_le(at + length, size);
    memcpy(bytes + at, to, length);
    snprintf(other, sizeof other, "%s.bad", path);
    write_bytes(other, bytes, size);
    expect_failure(diffmm_placer_open(w->context, other, &opened), wanted, part);
    ck_assert_ptr_null(opened);
    free(bytes);
}

START_TEST(broken_files_are_refused)
{
    struct world *w = begin_threads(1, 0.3);
    struct folder folder = folder_begin();
    char path[128], model_path[128];
    diffmm_placer *placer = make(w), *opened = NULL;
    folder_file(&folder, "placer", path);
    folder_file(&folder, "model", model_path);
    expect_success(diffmm_placer_save(placer, path));
    expect_success(diffmm_model_save(w->model, model_path));
    expect_failure(diffmm_placer_open(w->context, model_path, &opened), DIFFMM_ERROR_FORMAT,
                   "format is 'diffmm-model', not 'diffmm-placer'");
    expect_refused(w, path, "\"version\":\"1\"", "\"version\":\"2\"", DIFFMM_ERROR_VERSION,
                   "format version '2'");
    expect_refused(w, path, "\"d\":\"6\"", "\"d\":\"x\"", DIFFMM_ERROR_FORMAT, "d is 'x'");
    expect_refused(w, path, "\"d\":\"6\"", "\"d\":\"7\"", DIFFMM_ERROR_FORMAT,
                   "is 6 x 1, not 7 x 1");
    expect_refused(w, path, "\\\"dimensions\\\":5", "\\\"dimensions\\\":9", DIFFMM_ERROR_FORMAT,
                   "'modality.image.mean' is 5 x 1, not 9 x 1");
    expect_refused(w, path, "\\\"dimensions\\\":5", "\\\"dimensions\\\":0", DIFFMM_ERROR_FORMAT,
                   "modality 0 of the metadata has no dimensions");
    expect_refused(w, path, "{\\\"name\\\":\\\"image", "{\\\"nama\\\":\\\"image",
                   DIFFMM_ERROR_FORMAT, "has no name");
    expect_refused(w, path, "[{\\\"name\\\"", "{{\\\"name\\\"", DIFFMM_ERROR_FORMAT, "placer.bad");
    expect_refused(w, path, "modality.text.map", "modality.text.mop", DIFFMM_ERROR_FORMAT,
                   "'modality.text.map'");
    diffmm_placer_destroy(placer);
    folder_end(&folder);
    end(w);
}
END_TEST

static void expect_refused_source(const struct world *w, diffmm_status wanted, const char *part)
{
    diffmm_placer *out = NULL;
    expect_failure(diffmm_placer_create(w->model, w->dataset, &out), wanted, part);
    ck_assert_ptr_null(out);
}

START_TEST(bad_sources)
{
    struct world *w = begin_threads(1, 0.3);
    diffmm_placer *out;
    diffmm_dataset *good = w->dataset;
    expect_invalid(diffmm_placer_create(NULL, w->dataset, &out), "model");
    expect_invalid(diffmm_placer_create(w->model, NULL, &out), "dataset");
    expect_invalid(diffmm_placer_create(w->model, w->dataset, NULL), "out");
    expect_success(diffmm_dataset_create(w->context, &w->dataset));
    expect_success(diffmm_dataset_reserve(w->dataset, 1, 9));
    expect_success(diffmm_dataset_add_interactions(w->dataset, DIFFMM_TRAIN, 1, (int32_t[]){0},
                                                   (int32_t[]){0}));
    diffmm_dataset *sealed;
    expect_success(diffmm_dataset_seal(w->dataset));
    expect_success(diffmm_dataset_extend(w->dataset, &sealed));
    expect_refused_source(w, DIFFMM_ERROR_INVALID_ARGUMENT, "has 0 modalities");
    diffmm_dataset_destroy(w->dataset);
    w->dataset = sealed;
    float huge[9] = {3e38f, -3e38f};
    expect_success(diffmm_dataset_add_modality_array(w->dataset, "image", 9, 1, huge, 1));
    expect_refused_source(w, DIFFMM_ERROR_INVALID_ARGUMENT, "knows 9 of the data set's items");
    diffmm_dataset_destroy(w->dataset);
    w->dataset = good;
    w->model->final[5] = NAN;
    expect_refused_source(w, DIFFMM_ERROR_NUMERIC, "NaN or infinity");
    for (size_t i = 0; i < (users + items) * d; i++)
        w->model->final[i] = 0.0f;
    expect_refused_source(w, DIFFMM_ERROR_STATE, "all alike");
    end(w);
}
END_TEST

START_TEST(bad_places)
{
    struct world *w = begin_threads(1, 0.3);
    diffmm_placer *placer = make(w), *out;
    float broken[text] = {0, 0, 0, 0, NAN}, huge[image] = {3e38f}, row[d] = {5};
    const float *features[] = {w->image, w->text}, *bad[] = {w->image, broken};
    const float *far[] = {huge, NULL};
    expect_invalid(diffmm_place_items(NULL, 1, features, 1.0, row), "placer");
    expect_invalid(diffmm_place_items(placer, 1, NULL, 1.0, row), "features");
    expect_invalid(diffmm_place_items(placer, 1, features, 1.0, NULL), "out");
    expect_invalid(diffmm_place_items(placer, 1, features, -0.5, row), "boost");
    expect_invalid(diffmm_place_items(placer, 1, features, NAN, row), "boost");
    expect_success(diffmm_place_items(placer, 0, NULL, 1.0, NULL));
    expect_failure(diffmm_place_items(placer, 1, bad, 1.0, row), DIFFMM_ERROR_NUMERIC,
                   "'text': feature 4 of item 0");
    expect_failure(diffmm_place_items(placer, 1, far, 1e6, row), DIFFMM_ERROR_NUMERIC,
                   "item 0: its features lead");
    ck_assert(row[0] == 5.0f);
    expect_invalid(diffmm_placer_save(NULL, "x"), "placer");
    expect_invalid(diffmm_placer_save(placer, NULL), "path");
    expect_failure(diffmm_placer_save(placer, "/nowhere/placer"), DIFFMM_ERROR_IO, "/nowhere");
    expect_invalid(diffmm_placer_open(NULL, "x", &out), "context");
    expect_invalid(diffmm_placer_open(w->context, NULL, &out), "path");
    expect_invalid(diffmm_placer_open(w->context, "x", NULL), "out");
    expect_failure(diffmm_placer_open(w->context, "/nowhere", &out), DIFFMM_ERROR_IO, "/nowhere");
    ck_assert_uint_eq(diffmm_placer_dimensions(NULL), 0);
    ck_assert_ptr_null(diffmm_placer_modality_name(NULL, 0));
    diffmm_placer_destroy(placer);
    diffmm_placer_destroy(NULL);
    end(w);
}
END_TEST

struct failing_case {
    struct world *world;
    const char *path;
};

static diffmm_status make_save_open_and_place(void *argument)
{
    const struct failing_case *c = argument;
    diffmm_placer *placer = NULL, *opened = NULL;
    float row[d];
    const float *features[] = {c->world->image, NULL};
    diffmm_status status = diffmm_placer_create(c->world->model, c->world->dataset, &placer);
    if (!status)
        status = diffmm_placer_save(placer, c->path);
    if (!status)
        status = diffmm_placer_open(c->world->context, c->path, &opened);
    if (!status)
        status = diffmm_place_items(opened, 1, features, 1.0, row);
    diffmm_placer_destroy(placer);
    diffmm_placer_destroy(opened);
    return status;
}

START_TEST(failing_allocations)
{
    struct failing failing = {0};
    struct folder folder = folder_begin();
    char path[128];
    struct failing_case c = {begin_on(failing_context(&failing, 1), 0.3), path};
    folder_file(&folder, "placer", path);
    expect_success(diffmm_dataset_seal(c.world->dataset));
    ck_assert_uint_ge(fail_each_allocation(&failing, make_save_open_and_place, &c), 60);
    end(c.world);
    folder_end(&folder);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_model_in_which_nobody_has_seen_anything_is_refused,
                                  an_affine_function_is_found,
                                  what_varies_by_rounding_says_nothing,
                                  missing_modalities_are_left_out,
                                  at_the_scale_items_reach_the_bar_as_often_as_trained_ones,
                                  the_same_bits_with_any_number_of_threads,
                                  nothing_is_learnt_from_items_that_were_placed,
                                  a_file_keeps_every_bit,
                                  broken_files_are_refused,
                                  bad_sources,
                                  bad_places,
                                  failing_allocations};
    return run_tests("cold_start", tests, sizeof tests / sizeof *tests) != 0;
}
