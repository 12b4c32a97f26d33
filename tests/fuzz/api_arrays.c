/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls on plain arrays: loss terms, optimiser, initial values, metrics. */
#include <math.h>

#include "api.h"

static diffmm_context *maybe(struct api *api)
{
    return api_below(api, 2) ? api->context : NULL;
}

static void call_infonce(struct api *api)
{
    size_t nodes = api_size(api, false), d = api_size(api, false), count = api_size(api, false);
    float *p = api_floats(api, nodes * d), *q = api_floats(api, nodes * d);
    int32_t *batch = api_numbers(api, count, nodes);
    float *grad_p = api_floats(api, nodes * d), *grad_q = api_floats(api, nodes * d);
    double loss, tau = fabs(api_real(api));
    if (api_below(api, 2)) {
        fuzz_status(
            diffmm_infonce(maybe(api), nodes, d, p, q, count, batch, tau, &loss, grad_p, grad_q));
        return;
    }
    size_t drawn = api_size(api, false);
    const diffmm_infonce_arguments arguments = {.struct_size = sizeof arguments,
                                                .nodes = nodes,
                                                .d = d,
                                                .p = p,
                                                .q = q,
                                                .batch_count = count,
                                                .batch = batch,
                                                .tau = tau,
                                                .loss = &loss,
                                                .grad_p = grad_p,
                                                .grad_q = grad_q,
                                                .negative_count = drawn,
                                                .negatives = api_numbers(api, drawn, nodes)};
    fuzz_status(diffmm_infonce_with(maybe(api), &arguments));
}

static void call_contrastive(struct api *api)
{
    enum { most_views = 3 };
    size_t users = api_size(api, false), items = api_size(api, false), d = api_size(api, false);
    size_t size = (users + items) * d, view_count = api_below(api, most_views + 1);
    size_t count = api_size(api, false);
    const float *views[most_views];
    float *grad_views[most_views];
    for (size_t v = 0; v < view_count; v++) {
        views[v] = api_floats(api, size);
        grad_views[v] = api_floats(api, size);
    }
    float *main = api_floats(api, size), *grad_main = api_floats(api, size);
    int32_t *batch_users = api_numbers(api, count, users);
    int32_t *batch_items = api_numbers(api, count, items);
    double loss;
    size_t drawn = api_below(api, 2) ? api_size(api, false) : 0;
    const diffmm_contrastive_loss_arguments arguments = {
        .struct_size = sizeof arguments,
        .anchor = (diffmm_anchor)api_below(api, 3),
        .users = users,
        .items = items,
        .d = d,
        .view_count = view_count,
        .views = views,
        .main = main,
        .count = count,
        .batch_users = batch_users,
        .batch_items = batch_items,
        .tau = fabs(api_real(api)),
        .loss = &loss,
        .grad_views = api_below(api, 2) ? grad_views : NULL,
        .grad_main = grad_main,
        .negative_count = drawn,
        .user_negatives = api_numbers(api, drawn, users),
        .item_negatives = api_numbers(api, drawn, items)};
    fuzz_status(diffmm_contrastive_loss_with(maybe(api), &arguments));
}

static void call_bpr(struct api *api)
{
    size_t users = api_size(api, false), items = api_size(api, false), d = api_size(api, false);
    size_t count = api_size(api, false);
    float *u = api_floats(api, users * d), *v = api_floats(api, items * d);
    int32_t *user = api_numbers(api, count, users), *positive = api_numbers(api, count, items),
            *negative = api_numbers(api, count, items);
    float *grad_user = api_floats(api, users * d), *grad_item = api_floats(api, items * d);
    double loss;
    fuzz_status(diffmm_bpr(users, items, d, u, v, count, user, positive, negative, api_real(api),
                           &loss, grad_user, grad_item));
}

static void call_l2(struct api *api)
{
    size_t count = api_size(api, false);
    double loss;
    fuzz_status(
        diffmm_l2(count, api_floats(api, count), api_real(api), &loss, api_floats(api, count)));
}

static void call_adam(struct api *api)
{
    size_t count = api_size(api, false);
    diffmm_adam adam = {.struct_size = api_below(api, 4) ? sizeof adam : api_size(api, true),
                        .learning_rate = api_real(api),
                        .beta1 = api_real(api),
                        .beta2 = api_real(api),
                        .epsilon = api_real(api),
                        .weight_decay = api_real(api)};
    if (adam.struct_size > sizeof adam && adam.struct_size <= 65536)
        adam.struct_size = 0; /* what follows the struct would be read */
    float *parameter = api_floats(api, count), *gradient = api_floats(api, count);
    float *first = api_floats(api, count), *second = api_floats(api, count);
    fuzz_status(diffmm_adam_step(api_below(api, 2) ? &adam : NULL, api_size(api, true), count,
                                 parameter, gradient, first, second));
}

static void call_average(struct api *api)
{
    size_t count = api_size(api, false);
    fuzz_status(diffmm_average_step(api_real(api), api_size(api, true), count,
                                    api_floats(api, count), api_floats(api, count)));
}

static void call_initialize(struct api *api)
{
    size_t rows = api_size(api, false), columns = api_size(api, false);
    float *out = api_floats(api, rows * columns);
    uint64_t seed = api_byte(api), stream = api_size(api, true);
    fuzz_status(diffmm_initialize_xavier(rows, columns, seed, stream, out));
    fuzz_status(diffmm_initialize_xavier(SIZE_MAX, 2 + columns, seed, stream, out));
    fuzz_status(diffmm_initialize_uniform(rows * columns, api_real(api), seed, stream, out));
    fuzz_status(diffmm_initialize_normal(rows * columns, api_real(api), seed, stream, out));
}

static void call_top_k(struct api *api)
{
    size_t scores = api_size(api, false), exclude = api_size(api, false), found = SIZE_MAX;
    size_t count = api_size(api, false);
    float *values = api_floats(api, scores), *best = api_floats(api, count);
    int32_t *excluded = api_numbers(api, exclude, scores), *indices = api_numbers(api, count, 1);
    if (fuzz_status(diffmm_top_k(scores, values, exclude, excluded, count, indices, best, &found)))
        return;
    fuzz_check(found <= count && found <= scores, "more was found than there is");
    for (size_t i = 0; i < found; i++) {
        fuzz_check(values[indices[i]] == values[indices[i]], "NaN is among the largest");
        fuzz_check(i == 0 || values[indices[i]] <= values[indices[i - 1]], "top-k is not sorted");
    }
}

static void call_ranking(struct api *api)
{
    size_t ranked = api_size(api, false), held = api_size(api, false);
    diffmm_metrics metrics;
    int32_t *ranking = api_numbers(api, ranked, 9), *wanted = api_numbers(api, held, 9);
    if (!fuzz_status(
            diffmm_ranking_metrics(ranked, ranking, held, wanted, api_size(api, true), &metrics)))
        fuzz_check(isfinite(metrics.recall) && isfinite(metrics.ndcg), "a metric is not finite");
}

static void call_schedule(struct api *api)
{
    size_t place = api_below(api, api_places);
    diffmm_schedule *made = NULL;
    if (fuzz_status(diffmm_schedule_create(maybe(api), api_size(api, true), api_real(api),
                                           api_real(api), api_real(api), (int)api_below(api, 2),
                                           &made)))
        return;
    diffmm_schedule_destroy(api->schedules[place]);
    api->schedules[place] = made;
    for (int q = -1; q < 8; q++) {
        const double *values = diffmm_schedule_values(made, (diffmm_schedule_quantity)q);
        bool log = q == DIFFMM_SCHEDULE_POSTERIOR_LOG_VARIANCE; /* of no variance: -infinity */
        for (size_t s = 0; values && s < diffmm_schedule_steps(made); s++)
            fuzz_check(isfinite(values[s]) || (log && values[s] < 0.0), "a schedule is NaN");
    }
}

static void call_q_sample(struct api *api)
{
    const diffmm_schedule *schedule = api->schedules[api_below(api, api_places)];
    size_t rows = api_size(api, false), items = api_size(api, false);
    float *x0 = api_floats(api, rows * items), *noise = api_floats(api, rows * items);
    float *out = api_floats(api, rows * items);
    int32_t *t = api_numbers(api, rows, diffmm_schedule_steps(schedule));
    fuzz_status(diffmm_q_sample(schedule, rows, items, x0, t, noise, out));
    double *per_user = api_doubles(api, rows), loss;
    fuzz_status(diffmm_elbo(schedule, rows, items, x0, out, t, per_user, &loss, noise));
}

static void call_msi(struct api *api)
{
    size_t rows = api_size(api, false), items = api_size(api, false), d = api_size(api, false);
    float *x0 = api_floats(api, rows * items), *x = api_floats(api, rows * items);
    float *features = api_floats(api, items * d), *embedding = api_floats(api, items * d);
    float *grad = api_floats(api, rows * items);
    double *per_user = api_doubles(api, rows), loss;
    fuzz_status(
        diffmm_msi(maybe(api), rows, items, d, x0, x, features, embedding, per_user, &loss, grad));
}

static void call_time_embedding(struct api *api)
{
    size_t rows = api_size(api, false), size = api_size(api, false);
    fuzz_status(
        diffmm_time_embedding(rows, api_numbers(api, rows, 9), size, api_floats(api, rows * size)));
}

/* A denoiser's functions; shapes that are impossible or too large stop after their size. */
static void call_denoiser(struct api *api)
{
    size_t hidden[2] = {api_size(api, true), api_size(api, true)};
    const diffmm_denoiser_shape shape = {.struct_size = sizeof shape,
                                         .items = api_size(api, true),
                                         .time_size = api_size(api, true),
                                         .hidden_count = api_below(api, 3),
                                         .hidden_sizes = api_below(api, 8) ? hidden : NULL,
                                         .normalize = (int32_t)api_below(api, 2)};
    const diffmm_schedule *schedule = api->schedules[api_below(api, api_places)];
    size_t size = diffmm_denoiser_size(&shape), rows = api_size(api, false), offset, r, c;
    char name[64];
    fuzz_status(diffmm_denoiser_parameter(&shape, api_size(api, true), name, &r, &c, &offset));
    if (size == 0 || size > 4096)
        return;
    float *parameters = api_floats(api, size), *gradient = api_floats(api, size);
    if (api_below(api, 4))
        fuzz_status(diffmm_denoiser_initialize(&shape, 1, parameters));
    size_t cells = rows * shape.items, d = api_size(api, false);
    size_t steps = diffmm_schedule_steps(schedule);
    float *x = api_floats(api, cells), *out = api_floats(api, cells);
    float *scale = api_floats(api, cells);
    int32_t *t = api_numbers(api, rows, steps);
    fuzz_status(diffmm_denoiser_forward(maybe(api), &shape, parameters, rows, x, t, scale, out));
    fuzz_status(
        diffmm_denoiser_backward(maybe(api), &shape, parameters, rows, x, t, scale, x, gradient));
    float *features = api_floats(api, shape.items * d), *noise = api_floats(api, cells);
    double loss, elbo, msi;
    fuzz_status(diffmm_denoiser_loss(maybe(api), &shape, schedule, parameters, rows, x, t, noise,
                                     scale, d, features, features, api_real(api), &loss, &elbo,
                                     &msi, gradient));
    bool sampling_noise = api_below(api, 2);
    size_t sampling_steps = api_size(api, true);
    if (cells * (steps + 1) > 4096)
        return;
    float *draws = api_floats(api, cells * (steps + 1));
    fuzz_status(diffmm_reverse_chain(maybe(api), &shape, schedule, parameters, rows, x,
                                     sampling_steps, sampling_noise, draws, out));
}

void api_call_arrays(struct api *api, size_t which)
{
    static void (*const calls[])(struct api *) = {
        call_infonce,  call_contrastive, call_bpr,      call_l2,       call_adam,
        call_average,  call_initialize,  call_top_k,    call_ranking,  call_schedule,
        call_q_sample, call_msi,         call_denoiser, call_denoiser, call_time_embedding};
    calls[which % (sizeof calls / sizeof *calls)](api);
}
