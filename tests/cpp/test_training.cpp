/* SPDX-License-Identifier: BSD-2-Clause */
/* Trainer and model: the same bits as through C, and memory lent, not copied. */
#include <cstdlib>
#include <string>
#include <unistd.h>
#include <vector>

#include "support.hpp"

START_TEST(training_gives_the_bits_of_c)
{
    diffmm::context context(2);
    diffmm::dataset data = small_data(context);
    const diffmm::options options = small_options(3);
    diffmm::model model = diffmm::trainer(data, options).fit();

    diffmm_trainer *trainer = nullptr;
    ck_assert_int_eq(diffmm_trainer_create(data.get(), options.get(), &trainer), DIFFMM_OK);
    ck_assert_int_eq(diffmm_trainer_fit(trainer, nullptr, nullptr), DIFFMM_OK);
    const diffmm::span<const float> users = model.user_embeddings();
    ck_assert_mem_eq(users.data(), diffmm_model_user_embeddings(diffmm_trainer_model(trainer)),
                     users.size() * sizeof(float));
    diffmm_trainer_destroy(trainer);
}
END_TEST

START_TEST(epoch_by_epoch_is_the_same_as_a_fit)
{
    diffmm::context context(1);
    diffmm::dataset data = small_data(context);
    diffmm::options options = small_options(3);
    options.set("cutoffs", {5, 10});
    diffmm::trainer whole(data, options), steps(data, options);
    std::vector<double> losses;
    const diffmm::model fitted =
        whole.fit([&](const diffmm::report &report) { losses.push_back(report.loss.total); });
    diffmm::report report;
    do {
        report = steps.epoch();
        ck_assert_double_eq(report.loss.total, losses[report.epoch - 1]);
        ck_assert_uint_eq(report.valid.size(), 2);
        ck_assert_uint_eq(report.test[1].cutoff, 10);
        ck_assert_uint_eq(report.denoiser_loss.size(), 2);
        double sum = 0;
        for (const diffmm::loss_term &term : report.terms)
            if (std::string(term.name).find("denoiser.") == std::string::npos)
                sum += term.value;
        ck_assert_double_eq_tol(sum, report.loss.total, 1e-9);
        ck_assert_str_eq(report.terms[report.terms.size() - 1].name, "denoiser.text");
        ck_assert_double_eq(report.terms[report.terms.size() - 1].value, report.denoiser_loss[1]);
        ck_assert_double_gt(report.counted_flops[DIFFMM_PHASE_DENOISE], 0);
        ck_assert_uint_eq(report.graph_measures.size(), 2);
        ck_assert_uint_gt(report.graph_measures[1]->edges, 0);
        ck_assert(report.denoiser_measures.empty());
    } while (!report.finished);
    ck_assert_uint_eq(report.epoch, 3);
    steps.restore_best();
    const diffmm::best_epoch best = steps.best();
    ck_assert_uint_eq(best.epoch, report.best_epoch);
    ck_assert_uint_eq(best.valid.size(), 2);
    ck_assert_uint_eq(best.test[0].cutoff, 5);
    const diffmm::model model = steps.model();
    ck_assert_mem_eq(model.user_embeddings().data(), fitted.user_embeddings().data(),
                     model.user_embeddings().size() * sizeof(float));
}
END_TEST

START_TEST(defaults_need_no_options)
{
    diffmm::context context(1);
    diffmm::dataset data = small_data(context);
    ck_assert(diffmm::trainer(data).model().setting("epochs") == "50");
    ck_assert_uint_eq(diffmm::model(data).dimensions(), 64);
    diffmm::options divided = small_options();
    divided.set("peers.divide", "true");
    ck_assert_uint_gt(diffmm::trainer::forecast(data, divided).peak_bytes,
                      diffmm::trainer::forecast_peer(data, divided, 1, 2).peak_bytes);
    ck_assert_uint_gt(diffmm::trainer::forecast(data).peak_bytes,
                      diffmm::trainer::forecast(data, small_options()).peak_bytes);
    ck_assert(diffmm::trainer::measure(data, small_options(), 0.01).recommend > 0);
    ck_assert(diffmm::trainer::measure(data, 0.01).evaluate > 0);
}
END_TEST

START_TEST(spans_lie_in_the_library_s_memory)
{
    diffmm::context context(1);
    diffmm::dataset data = small_data(context);
    diffmm::trainer trainer(data, small_options(2));
    trainer.epoch();
    const diffmm::model model = trainer.model();
    ck_assert_ptr_eq(model.get(), diffmm_trainer_model(trainer.get()));
    const float *users = diffmm_model_user_embeddings(model.get());
    ck_assert_ptr_eq(model.user_embeddings().data(), users);
    ck_assert_uint_eq(model.user_embeddings().size(), 40 * 8);
    ck_assert_ptr_eq(model.user_embedding(3).data(), users + 3 * 8);
    ck_assert_uint_eq(model.user_embedding(39).size(), 8);
    ck_assert_ptr_eq(model.item_embeddings().data(), diffmm_model_item_embeddings(model.get()));
    ck_assert_ptr_eq(model.item_embedding(29).data(), model.item_embeddings().data() + 29 * 8);
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "no such item", [&] { model.item_embedding(30); });
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "no such user", [&] { model.user_embedding(-1); });

    const diffmm::parameter parameter = model.parameter("user_embedding");
    diffmm_parameter c = {};
    c.struct_size = sizeof c;
    ck_assert_int_eq(diffmm_model_parameter(model.get(), "user_embedding", &c), DIFFMM_OK);
    ck_assert_ptr_eq(parameter.values.data(), c.values);
    ck_assert_uint_eq(parameter.values.size(), parameter.rows * parameter.columns);
    const float before = parameter.values[0];
    trainer.epoch();
    ck_assert_float_ne(parameter.values[0], before); /* it is the parameter, not a copy */
}
END_TEST

START_TEST(losses_have_names)
{
    diffmm::context context(1);
    diffmm::dataset data = small_data(context);
    diffmm::model model(data, small_options());
    const std::vector<std::int32_t> users = {0, 1, 2}, items = {3, 4, 5}, others = {6, 7, 8};
    const diffmm::losses losses = model.objective(users, items, others);
    const auto terms = model.terms();
    ck_assert_uint_eq(terms.size(), diffmm_model_losses(model.get()));
    double sum = 0;
    for (const diffmm::loss_term &term : terms)
        sum += term.value;
    ck_assert_double_eq_tol(sum, losses.total, 1e-12);
    ck_assert_double_eq(model.term("bpr").value, losses.bpr);
    ck_assert_double_eq(model.term("bpr").weight, 1);
    assert_fails(DIFFMM_ERROR_NOT_FOUND, "'no term'", [&] { model.term("no term"); });
}
END_TEST

START_TEST(parameters_have_names)
{
    diffmm::context context(1);
    diffmm::dataset data = small_data(context);
    diffmm::model model(data, small_options());
    const auto all = model.parameters();
    ck_assert_uint_eq(all.size(), diffmm_model_parameters(model.get()));
    for (const diffmm::parameter &each : all) {
        const diffmm::parameter same = model.parameter(each.name);
        ck_assert_ptr_eq(each.values.data(), same.values.data());
    }
    ck_assert_uint_eq(model.parameter("modality_logits").rows, model.modalities());
    ck_assert_str_eq(model.modality_name(0), "image");
    const std::vector<float> weights = model.modality_weights();
    ck_assert_float_eq_tol(weights[0] + weights[1], 1.0f, 1e-6f);
    model.set_parameter("modality_logits", std::vector<float>{0.0f, 1.0f});
    ck_assert_float_gt(model.modality_weights()[1], 0.7f);
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "as many",
                 [&] { model.set_parameter("modality_logits", std::vector<float>{1}); });
    assert_fails(DIFFMM_ERROR_NOT_FOUND, "nothing", [&] { model.parameter("nothing"); });
}
END_TEST

START_TEST(a_host_may_own_graphs_and_steps)
{
    diffmm::context context(1);
    diffmm::dataset data = small_data(context);
    diffmm::model model(data, small_options());
    const std::vector<int32_t> user = {0, 1, 2, 3}, item = {5, 6, 7, 8}, other = {9, 9, 9, 9};
    {
        diffmm::graph generated(context, 40, 30, user, item);
        model.set_graph("text", generated);
    }
    const diffmm::graph_view graph = model.generated_graph("text");
    ck_assert_uint_eq(graph.entries(), 70 + 8);
    ck_assert(!model.generated_graph("smell"));
    const double before = model.objective(user, item, other).total;
    ck_assert_uint_gt(model.parameter("user_embedding").gradient.size(), 0);
    for (int i = 0; i < 20; i++) {
        model.objective(user, item, other);
        model.step();
    }
    ck_assert_double_lt(model.objective(user, item, other).total, before);
    ck_assert_uint_eq(model.view("text").size(), 70 * 8);
    assert_fails(DIFFMM_ERROR_NOT_FOUND, "smell", [&] { model.view("smell"); });
    assert_fails(DIFFMM_ERROR_INVALID_ARGUMENT, "equally many",
                 [&] { model.objective(user, item, std::vector<int32_t>{1}); });
}
END_TEST

START_TEST(a_model_is_saved_and_loaded)
{
    char folder[] = "/tmp/diffmm-cpp-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(folder));
    const std::string path = std::string(folder) + "/model.safetensors";
    diffmm::context context(1);
    diffmm::dataset data = small_data(context);
    diffmm::model model = diffmm::trainer(data, small_options(2)).fit();
    model.save(path);
    diffmm::model loaded = diffmm::model::load(context, path);
    ck_assert_mem_eq(loaded.item_embeddings().data(), model.item_embeddings().data(),
                     model.item_embeddings().size() * sizeof(float));
    assert_fails(DIFFMM_ERROR_STATE, "", [&] { loaded.step(); });
    const diffmm::scorer made(model), opened = diffmm::scorer::open(context, path);
    ck_assert(made.score(7) == opened.score(7));
    unlink(path.c_str());
    rmdir(folder);
}
END_TEST

TCase *training_cases()
{
    TCase *cases = tcase_create("training");
    tcase_add_test(cases, training_gives_the_bits_of_c);
    tcase_add_test(cases, epoch_by_epoch_is_the_same_as_a_fit);
    tcase_add_test(cases, defaults_need_no_options);
    tcase_add_test(cases, spans_lie_in_the_library_s_memory);
    tcase_add_test(cases, losses_have_names);
    tcase_add_test(cases, parameters_have_names);
    tcase_add_test(cases, a_host_may_own_graphs_and_steps);
    tcase_add_test(cases, a_model_is_saved_and_loaded);
    return cases;
}
