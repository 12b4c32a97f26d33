/* SPDX-License-Identifier: BSD-2-Clause */
/* From C++: train on made-up data, follow the epochs, then recommend.
 *
 *   serve [EPOCHS]
 *
 * With data of your own, dataset::open(context, "clicks.tsv") takes the place of synthesize(). */
#include <cstdlib>
#include <diffmm/diffmm.hpp>
#include <exception>
#include <iomanip>
#include <iostream>
#include <string>

/* What a training takes, known before it begins. */
static void print_forecast(diffmm::dataset &data, const diffmm::options &options)
{
    const diffmm::forecast forecast = diffmm::trainer::forecast(data, options);
    double flops = 0;
    for (double phase : forecast.flops)
        flops += phase;
    std::cout << data.users() << " users, " << data.items() << " items, "
              << data.interactions(DIFFMM_TRAIN) << " interactions to learn from; at most "
              << static_cast<double>(forecast.peak_bytes) / 1e6 << " MB and " << flops / 1e9
              << " GFLOP an epoch\n";
}

static void print_epoch(const diffmm::report &report)
{
    const diffmm::metrics &valid = report.valid[0];
    std::cout << "epoch " << std::setw(2) << report.epoch << "  loss " << report.loss.total
              << "  recall@" << valid.cutoff << ' ' << valid.recall << "  (best so far: epoch "
              << report.best_epoch << ")\n";
}

static diffmm::model train(diffmm::dataset &data, const char *epochs)
{
    diffmm::options options = diffmm::options::preset("tiktok");
    options.set("epochs", epochs).set("batch", 256).set("learning_rate", 0.005);
    options.set("hidden_sizes", {128}).set("seed", 7);
    print_forecast(data, options);
    return diffmm::trainer(data, options).fit(print_epoch);
}

static void print_recommendations(const diffmm::scorer &scorer, const std::string &id)
{
    const std::int32_t user = scorer.find_user(id);
    std::cout << "user " << id << " has had " << scorer.seen(user).size() << " items; next:";
    for (auto [item, score] : scorer.recommend(user, 5))
        std::cout << "  " << scorer.item_id(item) << " (" << score << ')';
    std::cout << '\n';
}

int main(int argument_count, char **arguments)
{
    const char *epochs = argument_count > 1 ? arguments[1] : "5"; /* the library reads the number */
    try {
        diffmm::context context;
        diffmm::dataset data = diffmm::dataset::synthesize(context);
        const diffmm::model model = train(data, epochs);
        for (std::size_t m = 0; m < model.modalities(); m++)
            std::cout << "weight of " << model.modality_name(m) << ": "
                      << model.modality_weights()[m] << '\n';
        const diffmm::scorer scorer(model);
        for (const char *id : {"3", "141", "592"})
            print_recommendations(scorer, id);
    } catch (const std::exception &failure) {
        std::cerr << failure.what() << '\n';
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
