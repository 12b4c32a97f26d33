/* SPDX-License-Identifier: BSD-2-Clause */
/* Going on from a model: diffmm_trainer_create_from() and diffmm_model_inherit(). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <diffmm/diffmm.h>

#include "support/failing.h"
#include "support/folder.h"
#include "support/training.h"

enum { old_users = 70, old_items = 60, users = 73, items = 64 };

static const char *const plain[] = {NULL};
static const char *const linear_text[] = {"modality.text.projection", "linear", NULL};

static float more_features[4 * 12];

/* The training data with three more users and four more items. */
static diffmm_dataset *grown(const diffmm_dataset *source)
{
    diffmm_dataset *dataset;
    const int32_t user[] = {70, 71, 72, 72, 3, 4, 5}, item[] = {60, 5, 61, 7, 62, 63, 61};
    for (size_t i = 0; i < sizeof more_features / sizeof *more_features; i++)
        more_features[i] = cosf((float)i);
    expect_success(diffmm_dataset_extend(source, &dataset));
    expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 7, user, item));
    expect_success(diffmm_dataset_append_features(dataset, "image", 4, more_features, 12));
    expect_success(diffmm_dataset_append_features(dataset, "text", 4, more_features, 7));
    expect_success(diffmm_dataset_seal(dataset));
    return dataset;
}

static diffmm_parameter parameter(const diffmm_model *model, const char *name)
{
    diffmm_parameter found = {.struct_size = sizeof found};
    expect_success(diffmm_model_parameter(model, name, &found));
    return found;
}

/* Row `row` of a, from `column` on, has the bits of row `other` of b. */
static bool rows_are_alike(const diffmm_parameter *a, size_t row, const diffmm_parameter *b,
                           size_t other, size_t count)
{
    return memcmp(a->values + row * a->columns, b->values + other * b->columns,
                  count * sizeof(float)) == 0;
}

static void expect_rows(const char *name, const diffmm_model *got, const diffmm_model *wanted,
                        size_t first, size_t end)
{
    diffmm_parameter a = parameter(got, name), b = parameter(wanted, name);
    ck_assert_uint_eq(a.columns, b.columns);
    for (size_t r = first; r < end; r++)
        ck_assert_msg(rows_are_alike(&a, r, &b, r, a.columns), "%s: row %zu", name, r);
}

/* The first `count` columns and the last `tail` of every row. */
static void expect_columns(const char *name, const diffmm_model *got, const diffmm_model *wanted,
                           size_t count, size_t tail)
{
    diffmm_parameter a = parameter(got, name), b = parameter(wanted, name);
    ck_assert_uint_eq(a.rows, b.rows);
    for (size_t r = 0; r < a.rows; r++) {
        ck_assert(rows_are_alike(&a, r, &b, r, count));
        ck_assert_mem_eq(a.values + (r + 1) * a.columns - tail,
                         b.values + (r + 1) * b.columns - tail, tail * sizeof(float));
    }
}

static const char *const small_parameters[] = {
    "modality_logits", "modality.image.projection.weight", "modality.text.projection.weight",
    "modality.text.projection.bias"};

static void expect_recommender(const diffmm_model *got, const diffmm_model *saved,
                               const diffmm_model *fresh)
{
    expect_rows("user_embedding", got, saved, 0, old_users);
    expect_rows("item_embedding", got, saved, 0, old_items);
    expect_rows("user_embedding", got, fresh, old_users, users);
    expect_rows("item_embedding", got, fresh, old_items, items);
    for (size_t i = 0; i < sizeof small_parameters / sizeof *small_parameters; i++)
        expect_rows(small_parameters[i], got, saved, 0, parameter(saved, small_parameters[i]).rows);
}

START_TEST(a_saved_model_is_gone_on_from)
{
    struct training t;
    struct folder folder = folder_begin();
    char path[128];
    diffmm_model *saved;
    diffmm_trainer *trainer, *fresh;
    training_begin(&t, linear_text);
    expect_success(diffmm_trainer_fit(t.trainer, NULL, NULL));
    folder_file(&folder, "model.safetensors", path);
    expect_success(diffmm_model_save(t.model, path));
    expect_success(diffmm_model_load(t.context, path, &saved));
    diffmm_dataset *dataset = grown(t.dataset);
    expect_success(diffmm_trainer_create_from(dataset, NULL, saved, &trainer));
    expect_success(diffmm_trainer_create(dataset, diffmm_model_options(saved), &fresh));
    const diffmm_model *got = diffmm_trainer_model(trainer);
    expect_recommender(got, saved, diffmm_trainer_model(fresh));
    expect_rows("denoiser.image.encoder.0.weight", got, diffmm_trainer_model(fresh), 0, 16);
    diffmm_model_destroy(saved);
    expect_success(diffmm_trainer_fit(trainer, NULL, NULL));
    expect_finite(got);
    diffmm_trainer_destroy(trainer);
    diffmm_trainer_destroy(fresh);
    diffmm_dataset_destroy(dataset);
    training_end(&t);
    folder_end(&folder);
}
END_TEST

START_TEST(denoisers_of_a_live_model_are_extended)
{
    struct training t;
    diffmm_trainer *trainer, *fresh;
    training_begin(&t, linear_text);
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    diffmm_dataset *dataset = grown(t.dataset);
    expect_success(diffmm_trainer_create_from(dataset, NULL, t.model, &trainer));
    expect_success(diffmm_trainer_create(dataset, t.options, &fresh));
    const diffmm_model *got = diffmm_trainer_model(trainer), *new = diffmm_trainer_model(fresh);
    expect_recommender(got, t.model, new);
    expect_rows("denoiser.text.time.weight", got, t.model, 0, 4);
    expect_rows("denoiser.text.time.bias", got, t.model, 0, 4);
    expect_columns("denoiser.text.encoder.0.weight", got, t.model, old_items, 4);
    expect_rows("denoiser.text.encoder.0.bias", got, t.model, 0, 16);
    expect_rows("denoiser.image.decoder.0.weight", got, t.model, 0, old_items);
    expect_rows("denoiser.image.decoder.0.bias", got, t.model, 0, old_items);
    expect_rows("denoiser.image.decoder.0.weight", got, new, old_items, items);
    diffmm_parameter a = parameter(got, "denoiser.text.encoder.0.weight");
    diffmm_parameter b = parameter(new, "denoiser.text.encoder.0.weight");
    for (size_t r = 0; r < 16; r++)
        ck_assert_mem_eq(a.values + r * a.columns + old_items, b.values + r * b.columns + old_items,
                         4 * sizeof(float));
    diffmm_trainer_destroy(trainer);
    diffmm_trainer_destroy(fresh);
    diffmm_dataset_destroy(dataset);
    training_end(&t);
}
END_TEST

static const char *const deep[] = {"hidden_sizes", "12,9", NULL}, *const deep_spectral[] = {
                                                                      "hidden_sizes",
                                                                      "12,9",
                                                                      "denoiser.kind",
                                                                      "spectral",
                                                                      "denoiser.rank",
                                                                      "11",
                                                                      NULL};

static void expect_every_bit(const char *const *list)
{
    struct training t;
    diffmm_trainer *trainer;
    training_begin(&t, list);
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    expect_success(diffmm_trainer_create_from(t.dataset, NULL, t.model, &trainer));
    diffmm_model *got = diffmm_trainer_model(trainer);
    for (size_t p = 0; p < diffmm_model_parameters(t.model); p++) {
        diffmm_parameter a = {.struct_size = sizeof a}, b = a;
        expect_success(diffmm_model_parameter_at(t.model, p, &a));
        expect_success(diffmm_model_parameter_at(got, p, &b));
        ck_assert_str_eq(a.name, b.name);
        ck_assert_mem_eq(a.values, b.values, a.rows * a.columns * sizeof(float));
    }
    diffmm_trainer_destroy(trainer);
    training_end(&t);
}

START_TEST(the_same_data_takes_every_bit)
{
    expect_every_bit(deep);
    expect_every_bit(deep_spectral);
}
END_TEST

/* Bases that span all rows: the denoiser predicts for the old items what it did, and nothing for
 * those that it does not know. */
START_TEST(spectral_denoisers_change_their_basis)
{
    static const char *const spectral[] = {"denoiser.kind", "spectral", NULL};
    struct training t;
    diffmm_trainer *trainer;
    enum { rows = 3 };
    static const int32_t steps[rows] = {0, 2, 4};
    float old_x[rows * old_items] = {0}, x[rows * items] = {0};
    float old_hat[rows * old_items], hat[rows * items];
    training_begin(&t, spectral);
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    diffmm_dataset *dataset = grown(t.dataset);
    expect_success(diffmm_trainer_create_from(dataset, NULL, t.model, &trainer));
    const diffmm_diffusion *old = diffmm_model_diffusion(t.model, "text");
    const diffmm_diffusion *new = diffmm_model_diffusion(diffmm_trainer_model(trainer), "text");
    for (size_t r = 0; r < rows; r++)
        for (size_t i = r; i < old_items; i += 7 + r)
            old_x[r * old_items + i] = x[r * items + i] = 1.0f;
    expect_success(diffmm_diffusion_denoise(old, rows, old_x, steps, old_hat));
    expect_success(diffmm_diffusion_denoise(new, rows, x, steps, hat));
    float largest = 0.0f;
    for (size_t i = 0; i < rows * old_items; i++)
        largest = fmaxf(largest, fabsf(old_hat[i]));
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < items; i++) {
            float want = i < old_items ? old_hat[r * old_items + i] : 0.0f;
            ck_assert_msg(fabsf(hat[r * items + i] - want) <= 1e-4f * largest,
                          "row %zu, item %zu: %g, not %g", r, i, (double)hat[r * items + i],
                          (double)want);
        }
    expect_success(diffmm_trainer_epoch(trainer, NULL));
    diffmm_trainer_destroy(trainer);
    diffmm_dataset_destroy(dataset);
    training_end(&t);
}
END_TEST

/* A denoiser of one kind takes nothing over from one of the other. */
START_TEST(other_kinds_start_anew)
{
    static const char *const spectral[] = {"denoiser.kind", "spectral", NULL};
    struct training t;
    diffmm_trainer *trainer, *fresh;
    training_begin(&t, plain);
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    set_all(t.options, spectral);
    expect_success(diffmm_trainer_create_from(t.dataset, t.options, t.model, &trainer));
    expect_success(diffmm_trainer_create(t.dataset, t.options, &fresh));
    expect_rows("denoiser.image.time.weight", diffmm_trainer_model(trainer),
                diffmm_trainer_model(fresh), 0, 4);
    diffmm_trainer_destroy(trainer);
    diffmm_trainer_destroy(fresh);
    training_end(&t);
}
END_TEST

START_TEST(other_layers_start_anew)
{
    static const char *const wide[] = {"hidden_sizes", "20", NULL};
    struct training t;
    diffmm_trainer *trainer, *fresh;
    training_begin(&t, plain);
    set_all(t.options, wide);
    expect_success(diffmm_trainer_create_from(t.dataset, t.options, t.model, &trainer));
    expect_success(diffmm_trainer_create(t.dataset, t.options, &fresh));
    expect_rows("denoiser.image.time.weight", diffmm_trainer_model(trainer),
                diffmm_trainer_model(fresh), 0, 4);
    diffmm_trainer_destroy(trainer);
    diffmm_trainer_destroy(fresh);
    training_end(&t);
}
END_TEST

/* Four users and items by id; user u touches item u. */
static diffmm_dataset *named_data(diffmm_context *context, const char *const *names,
                                  const char *modality)
{
    static const float features[4] = {1, 2, 3, 4};
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_declare_items(dataset, 4, names));
    expect_success(diffmm_dataset_add_named_interactions(dataset, DIFFMM_TRAIN, 4, names, names));
    expect_success(diffmm_dataset_add_modality_array(dataset, modality, 4, 1, features, 1));
    return dataset;
}

static diffmm_model *named_model(diffmm_context *context, const char *const *names,
                                 const char *modality, const char *seed)
{
    const char *const list[] = {"seed", seed, "embedding_size", "3", NULL};
    diffmm_dataset *dataset = named_data(context, names, modality);
    diffmm_options *options = settings(context, list);
    diffmm_model *model;
    expect_success(diffmm_model_create(dataset, options, &model));
    diffmm_options_destroy(options);
    diffmm_dataset_destroy(dataset);
    return model;
}

START_TEST(ids_say_who_is_who)
{
    static const char *const before[] = {"a", "b", "c", "d"}, *const after[] = {"c", "x", "a", "y"};
    diffmm_context *context;
    expect_success(diffmm_context_create(NULL, &context));
    diffmm_model *from = named_model(context, before, "image", "1");
    diffmm_model *model = named_model(context, after, "image", "2");
    diffmm_model *fresh = named_model(context, after, "image", "2");
    expect_success(diffmm_model_inherit(model, from));
    static const char *const names[] = {"user_embedding", "item_embedding"};
    for (size_t n = 0; n < 2; n++) {
        diffmm_parameter got = parameter(model, names[n]), old = parameter(from, names[n]);
        ck_assert(rows_are_alike(&got, 0, &old, 2, 3));
        ck_assert(rows_are_alike(&got, 2, &old, 0, 3));
        expect_rows(names[n], model, fresh, 1, 2);
        expect_rows(names[n], model, fresh, 3, 4);
    }
    diffmm_model_destroy(from);
    diffmm_model_destroy(model);
    diffmm_model_destroy(fresh);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(a_new_modality_keeps_its_own_values)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    diffmm_context *context;
    expect_success(diffmm_context_create(NULL, &context));
    diffmm_model *from = named_model(context, names, "image", "1");
    diffmm_model *model = named_model(context, names, "text", "2");
    diffmm_model *fresh = named_model(context, names, "text", "2");
    expect_success(diffmm_model_inherit(model, from));
    expect_rows("modality.text.projection.weight", model, fresh, 0, 1);
    expect_rows("user_embedding", model, from, 0, 4);
    diffmm_model_destroy(from);
    diffmm_model_destroy(model);
    diffmm_model_destroy(fresh);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(bad_input)
{
    static const char *const strangers[] = {"a", "b", "c", "d"};
    static const char *const larger[] = {"embedding_size", "9", NULL};
    struct training t;
    struct folder folder = folder_begin();
    char path[128];
    diffmm_model *loaded;
    diffmm_trainer *out = NULL;
    training_begin(&t, plain);
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    folder_file(&folder, "model.safetensors", path);
    expect_success(diffmm_model_save(t.model, path));
    expect_success(diffmm_model_load(t.context, path, &loaded));
    expect_invalid(diffmm_trainer_create_from(NULL, NULL, t.model, &out), "dataset");
    expect_invalid(diffmm_trainer_create_from(t.dataset, NULL, NULL, &out), "model");
    expect_invalid(diffmm_trainer_create_from(t.dataset, NULL, t.model, NULL), "out");
    expect_invalid(diffmm_model_inherit(NULL, t.model), "model");
    expect_invalid(diffmm_model_inherit(loaded, NULL), "from");
    expect_failure(diffmm_model_inherit(loaded, t.model), DIFFMM_ERROR_STATE, "cannot train");
    set_all(t.options, linear_text);
    expect_invalid(diffmm_trainer_create_from(t.dataset, t.options, t.model, &out),
                   "'text' has a leaky projection, but linear");
    set_all(t.options, larger);
    expect_invalid(diffmm_trainer_create_from(t.dataset, t.options, t.model, &out),
                   "embedding_size is 8, not 9");
    diffmm_dataset *named = named_data(t.context, strangers, "other");
    expect_invalid(diffmm_trainer_create_from(named, NULL, t.model, &out),
                   "none of the data set's users");
    diffmm_dataset_destroy(named);
    named = named_data(t.context, strangers, "image");
    expect_invalid(diffmm_trainer_create_from(named, NULL, t.model, &out),
                   "'image' has 12 features, but 1 in the data set");
    diffmm_dataset_destroy(named);
    ck_assert_ptr_null(out);
    diffmm_model_destroy(loaded);
    training_end(&t);
    folder_end(&folder);
}
END_TEST

static void train_on(diffmm_context *context, float *out)
{
    const char *const list[] = {"seed", "9", NULL};
    struct training t;
    diffmm_trainer *trainer;
    training_begin(&t, plain);
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    diffmm_dataset *first = training_data(context), *dataset;
    expect_success(diffmm_dataset_seal(first));
    dataset = grown(first);
    set_all(t.options, list);
    expect_success(diffmm_trainer_create_from(dataset, t.options, t.model, &trainer));
    for (int epoch = 0; epoch < 2; epoch++)
        expect_success(diffmm_trainer_epoch(trainer, NULL));
    memcpy(out, diffmm_model_user_embeddings(diffmm_trainer_model(trainer)),
           (users + items) * 8 * sizeof(float));
    diffmm_trainer_destroy(trainer);
    diffmm_dataset_destroy(dataset);
    diffmm_dataset_destroy(first);
    training_end(&t);
}

START_TEST(the_same_bits_with_any_number_of_threads)
{
    static float first[(users + items) * 8], other[(users + items) * 8];
    for (size_t threads = 1; threads <= 4; threads *= 2) {
        diffmm_context *context;
        expect_success(
            diffmm_context_create(&(diffmm_context_settings){.threads = threads}, &context));
        train_on(context, threads == 1 ? first : other);
        diffmm_context_destroy(context);
        ck_assert_msg(threads == 1 || memcmp(first, other, sizeof first) == 0, "%zu threads",
                      threads);
    }
}
END_TEST

struct failing_case {
    diffmm_dataset *dataset;
    const diffmm_model *model;
};

static diffmm_status create_from(void *argument)
{
    const struct failing_case *c = argument;
    diffmm_trainer *trainer = NULL;
    diffmm_status status = diffmm_trainer_create_from(c->dataset, NULL, c->model, &trainer);
    diffmm_trainer_destroy(trainer);
    return status;
}

START_TEST(failing_allocations)
{
    struct failing failing = {0};
    struct training t;
    diffmm_context *context = failing_context(&failing, 1);
    training_on(&t, context, training_data(context), plain);
    struct failing_case c = {.dataset = grown(t.dataset), .model = t.model};
    ck_assert_uint_ge(fail_each_allocation(&failing, create_from, &c), 40);
    diffmm_dataset_destroy(c.dataset);
    training_end(&t);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_saved_model_is_gone_on_from,
                                  denoisers_of_a_live_model_are_extended,
                                  the_same_data_takes_every_bit,
                                  spectral_denoisers_change_their_basis,
                                  other_kinds_start_anew,
                                  other_layers_start_anew,
                                  ids_say_who_is_who,
                                  a_new_modality_keeps_its_own_values,
                                  bad_input,
                                  the_same_bits_with_any_number_of_threads,
                                  failing_allocations};
    return run_tests("create_from", tests, sizeof tests / sizeof *tests) != 0;
}
