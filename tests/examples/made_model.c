/* SPDX-License-Identifier: BSD-2-Clause */
#include "made_model.h"

#include <check.h>
#include <stdio.h>

static void succeed(diffmm_status status)
{
    ck_assert_msg(status == DIFFMM_OK, "%s: %s", diffmm_status_name(status),
                  diffmm_error_message());
}

const char *made_user(int32_t user)
{
    static char names[MADE_USERS][32];
    snprintf(names[user], sizeof names[user], user == 3 ? "Zo\xc3\xab & \"Bob\" / 100%%" : "u%d",
             (int)user);
    return names[user];
}

const char *made_item(int32_t item)
{
    static char names[MADE_ITEMS][32];
    snprintf(names[item], sizeof names[item], item == 4 ? "\xe6\x98\xa0\xe7\x94\xbb?a=b+c" : "%d",
             1000 + (int)item);
    return names[item];
}

static diffmm_dataset *make_dataset(diffmm_context *context)
{
    enum { pairs = MADE_USERS * MADE_TOUCHED, features = MADE_FEATURES };
    const char *users[pairs], *items[pairs], *ids[MADE_ITEMS];
    static float images[MADE_ITEMS * features]; /* borrowed by the data set */
    diffmm_dataset *dataset;
    for (int32_t p = 0; p < pairs; p++) {
        int32_t user = p / MADE_TOUCHED;
        users[p] = made_user(user);
        items[p] = made_item((user * 7 + p % MADE_TOUCHED * 11) % MADE_ITEMS);
    }
    for (int32_t i = 0; i < MADE_ITEMS; i++) {
        ids[i] = made_item(i);
        images[i * features + i % features] = 1;
    }
    succeed(diffmm_dataset_create(context, &dataset));
    succeed(diffmm_dataset_declare_items(dataset, MADE_ITEMS, ids));
    succeed(diffmm_dataset_add_named_interactions(dataset, DIFFMM_TRAIN, pairs, users, items));
    succeed(diffmm_dataset_add_modality_array(dataset, "image", MADE_ITEMS, features, images,
                                              features));
    succeed(diffmm_dataset_seal(dataset));
    return dataset;
}

static void make_placer(const diffmm_model *model, diffmm_dataset *dataset, const char *path)
{
    diffmm_placer *placer;
    succeed(diffmm_placer_create(model, dataset, &placer));
    succeed(diffmm_placer_save(placer, path));
    diffmm_placer_destroy(placer);
}

void make_model(const char *path, uint64_t seed)
{
    make_model_and_placer(path, NULL, seed);
}

void make_model_and_placer(const char *path, const char *placer_path, uint64_t seed)
{
    diffmm_context *context;
    diffmm_options *options;
    diffmm_model *model;
    succeed(diffmm_context_create(NULL, &context));
    diffmm_dataset *dataset = make_dataset(context);
    succeed(diffmm_options_create(context, &options));
    succeed(diffmm_options_set(options, "embedding_size", "8"));
    succeed(diffmm_options_set_integer(options, "seed", (int64_t)seed));
    succeed(diffmm_model_create(dataset, options, &model));
    succeed(diffmm_model_forward(model));
    succeed(diffmm_model_save(model, path));
    if (placer_path)
        make_placer(model, dataset, placer_path);
    diffmm_model_destroy(model);
    diffmm_options_destroy(options);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}

diffmm_scorer *open_made_model(const char *path)
{
    diffmm_context *context;
    diffmm_scorer *scorer;
    succeed(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    succeed(diffmm_scorer_open(context, path, &scorer));
    diffmm_context_destroy(context); /* the scorer keeps it */
    return scorer;
}
