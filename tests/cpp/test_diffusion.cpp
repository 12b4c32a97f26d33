/* SPDX-License-Identifier: BSD-2-Clause */
/* The diffusion module. */
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <type_traits>
#include <unistd.h>

#include "support.hpp"

static_assert(std::is_nothrow_move_constructible_v<diffmm::diffusion> &&
              !std::is_copy_constructible_v<diffmm::diffusion>);

static const std::int64_t pointers[] = {0, 2, 3, 3, 6};
static const std::int32_t row_items[] = {0, 4, 1, 2, 3, 5};
enum { users = 4, items = 6, d = 2 };

static diffmm::diffusion_batch some_batch()
{
    diffmm::diffusion_batch batch;
    batch.rows = {pointers, row_items, {}};
    batch.epoch = 1;
    return batch;
}

static diffmm::options some_options(const diffmm::context &)
{
    diffmm::options options;
    options.set("hidden_sizes", {5}).set("batch", 8).set("steps", 3);
    options.set("time_embedding_size", 4);
    return options;
}

START_TEST(trains_copies_and_generates)
{
    std::optional<diffmm::context> context(2);
    const diffmm::options options = some_options(*context);
    diffmm::diffusion module(*context, items, options, 7);
    context.reset();
    ck_assert_uint_eq(module.items(), items);
    ck_assert_uint_eq(module.schedule(DIFFMM_SCHEDULE_BETA).size(), 3);
    ck_assert_int_eq(module.settings().get_integer("seed"), 7);
    ck_assert_uint_eq(module.parameters().size(), 6);
    std::vector<float> gradient;
    const diffmm::diffusion_losses before = module.objective(some_batch(), gradient);
    ck_assert_uint_eq(gradient.size(), 4 * 4 + 4 + 5 * 10 + 5 + 6 * 5 + 6);
    ck_assert(before.total == module.step(some_batch()).total);
    ck_assert(before.total != module.objective(some_batch()).total);
    ck_assert_uint_eq(module.steps(), 1);
    diffmm::diffusion copy = module.copy();
    ck_assert(copy.step(some_batch()).total == module.step(some_batch()).total);
    ck_assert(copy.save_memory() == module.save_memory());

    const std::vector<float> x = module.reverse(some_batch());
    const diffmm::neighbors found = module.generate(some_batch(), 2);
    ck_assert_uint_eq(x.size(), users * items);
    ck_assert_uint_eq(found.items.size(), users * 2);
    for (std::size_t u = 0; u < users; u++) {
        const float score = x[u * items + static_cast<std::size_t>(found.items[2 * u])];
        ck_assert(std::fabs(score - found.scores[2 * u]) < 1e-5f);
    }
    ck_assert(found.scores[0] >= found.scores[1]);
}
END_TEST

/* The first two items of each user, against what the measures say; the rows are held out as well. */
START_TEST(measures)
{
    const diffmm::context context(2);
    const diffmm::diffusion module(context, items, some_options(context), 7);
    const diffmm::neighbors found = module.generate(some_batch(), 2);
    const diffmm::sparse_rows rows = some_batch().rows;
    diffmm_measure_graph_arguments arguments = {};
    arguments.struct_size = sizeof arguments;
    arguments.users = users;
    arguments.items = items;
    arguments.count = 2;
    arguments.neighbors = found.items.data();
    arguments.row_pointers = arguments.held_pointers = rows.pointers.data();
    arguments.row_items = arguments.held_items = rows.items.data();
    arguments.previous = found.items.data();
    diffmm::graph_measures graph = {};
    graph.struct_size = sizeof graph;
    diffmm::check(diffmm_measure_graph_with(nullptr, &arguments, &graph));
    ck_assert_uint_eq(graph.edges, users * 2);
    ck_assert_uint_eq(graph.compared_edges, users * 2);
    ck_assert(graph.agreement == 1);
    std::size_t observed = 0;
    for (std::size_t u = 0; u < users; u++)
        for (std::int64_t e = rows.pointers[u]; e < rows.pointers[u + 1]; e++)
            for (std::size_t j = 0; j < 2; j++)
                observed += found.items[2 * u + j] == rows.items[static_cast<std::size_t>(e)];
    ck_assert_uint_eq(graph.hits, observed);
    const diffmm::denoiser_measures denoiser = module.measure(some_batch(), rows, 2);
    ck_assert_uint_eq(denoiser.cutoff, 2);
    ck_assert(denoiser.users > 0 && denoiser.users == denoiser.held_users);
    ck_assert(denoiser.recall == 0); /* what a user has is not found anew */
    const diffmm::sparse_rows fewer{{rows.pointers.data(), users}, rows.items, {}};
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "held has not one row",
                 [&] { module.measure(some_batch(), fewer, 2); });
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "cutoff",
                 [&] { module.measure(some_batch(), rows, 0); });
}
END_TEST

START_TEST(draws_may_be_given)
{
    diffmm::context context(1);
    diffmm::diffusion module(context, items, some_options(context), 7);
    const std::vector<std::int32_t> two = {3, 0}, t = {0, 2};
    const std::vector<float> noise(2 * items, 0.5f), factors(2 * items, 1.0f),
        table(items * d, 1.0f);
    diffmm::diffusion_batch batch = some_batch();
    batch.users = two;
    batch.t = t;
    batch.noise = noise;
    batch.dropout_scale = factors;
    batch.features = table;
    batch.item_embedding = table;
    batch.e_loss = 0.5;
    const diffmm::diffusion_losses losses = module.step(batch);
    ck_assert(losses.msi > 0 && std::fabs(losses.total - losses.elbo - 0.5 * losses.msi) < 1e-12);
    const std::vector<float> x = module.corrupt(batch);
    ck_assert_uint_eq(module.denoise(x, t).size(), 2 * items);
}
END_TEST

START_TEST(parameters_and_files)
{
    diffmm::context context(1);
    char folder[] = "/tmp/diffmm-test-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(folder));
    const std::string path = std::string(folder) + "/module";
    diffmm::diffusion module(context, items, some_options(context), 7);
    module.set_parameter("decoder.0.bias", std::vector<float>(items, 0.25f));
    module.step(some_batch());
    module.save(path);
    diffmm::diffusion loaded = diffmm::diffusion::load(context, path);
    ck_assert(loaded.save_memory() == module.save_memory());
    diffmm::diffusion again = diffmm::diffusion::load_memory(context, module.save_memory());
    ck_assert(again.step(some_batch()).total == module.step(some_batch()).total);
    ck_assert(again.parameter("decoder.0.bias").values[0] ==
              module.parameter("decoder.0.bias").values[0]);
    std::remove(path.c_str());
    rmdir(folder);
    const diffmm_diffusion_needs needs =
        diffmm::diffusion::forecast(context, items, users, 6, some_options(context));
    ck_assert_uint_eq(needs.parameters, 111);
}
END_TEST

START_TEST(a_models_module_is_copied)
{
    std::optional<diffmm::diffusion> module;
    {
        diffmm::context context(2);
        diffmm::dataset data = small_data(context);
        diffmm::trainer trainer(data, small_options());
        trainer.epoch();
        module = diffmm::diffusion::of(trainer.model(), "text");
        ck_assert_uint_eq(module->steps(), 1);
        ck_assert(module->parameter("time.bias").values[0] ==
                  trainer.model().parameter("denoiser.text.time.bias").values[0]);
        assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "no diffusion",
                     [&] { diffmm::diffusion::of(trainer.model(), "sound"); });
    }
    diffmm::diffusion_batch batch = some_batch();
    module->step(batch);
    ck_assert_uint_eq(module->steps(), 2);
}
END_TEST

START_TEST(sizes_are_checked)
{
    diffmm::context context(1);
    diffmm::diffusion module(context, items, 7);
    const std::vector<float> few(3), table(items * d);
    auto fails = [&](const char *text, auto change) {
        diffmm::diffusion_batch batch = some_batch();
        change(batch);
        assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, text, [&] { module.step(batch); });
    };
    const std::int64_t beyond[] = {0, 2, 7}, falling[] = {0, 3, 2};
    const std::int32_t one[] = {1};
    fails("without pointers", [](auto &b) { b.rows.pointers = {}; });
    fails("beyond", [&](auto &b) { b.rows.pointers = beyond; });
    fails("fall", [&](auto &b) { b.rows.pointers = falling; });
    fails("values", [&](auto &b) { b.rows.values = few; });
    fails("t has not", [&](auto &b) { b.t = one; });
    fails("noise", [&](auto &b) { b.noise = few; });
    fails("dropout_scale", [&](auto &b) { b.dropout_scale = few; });
    fails("features", [&](auto &b) { b.features = table; });
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "count is 7",
                 [&] { module.generate(some_batch(), items + 1); });
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "one row", [&] { module.denoise(few, one); });
    assert_fails(DIFFMM_ERROR_NOT_FOUND, "'none'", [&] { module.parameter("none"); });
    diffmm::diffusion moved = std::move(module);
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "module", [&] { module.copy(); });
}
END_TEST

TCase *diffusion_cases()
{
    TCase *cases = tcase_create("diffusion");
    tcase_add_test(cases, trains_copies_and_generates);
    tcase_add_test(cases, measures);
    tcase_add_test(cases, draws_may_be_given);
    tcase_add_test(cases, parameters_and_files);
    tcase_add_test(cases, a_models_module_is_copied);
    tcase_add_test(cases, sizes_are_checked);
    return cases;
}
