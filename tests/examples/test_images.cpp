/* SPDX-License-Identifier: BSD-2-Clause */
/* examples/images, on made-up pictures: of one of four groups each, which differ in colour and in
 * the direction of their stripes. Users touch items of one group, so a picture tells who will touch
 * a new item. */
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <diffmm/diffmm.hpp>
#include <filesystem>
#include <opencv2/imgcodecs.hpp>
#include <random>
#include <string>
#include <vector>

#include "images/features.hpp"

/* After all others, because of its macro `fail`. */
#include <check.h>
#undef fail

extern "C" {
#include "program.h"
}

/* Of the program, from this test's own command line. */

constexpr int groups = 4, items = 48, new_items = 16, users = 80;

static std::string id_of(int item)
{
    return "p" + std::to_string(item);
}

/* Reddish or bluish, striped down or across, noisy, and of any size. */
static cv::Mat picture(int item)
{
    std::mt19937 draw(static_cast<unsigned>(item) + 1);
    const int group = item % groups;
    const auto size = [&draw] { return 40 + static_cast<int>(draw() % 200); };
    const int height = size(), width = size();
    cv::Mat image(height, width, CV_8UC3);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const int light = (group & 2 ? y : x) / 6 % 2 ? 200 : 90;
            const auto near = [&](int value) {
                return static_cast<unsigned char>(value + static_cast<int>(draw() % 21));
            };
            image.at<cv::Vec3b>(y, x) = group & 1 ? cv::Vec3b(near(light), near(30), near(20))
                                                  : cv::Vec3b(near(20), near(30), near(light));
        }
    return image;
}

static std::vector<float> histograms_of(const cv::Mat &image)
{
    std::vector<float> row(histograms::dimensions);
    histograms::fill(image, row.data());
    return row;
}

static cv::Mat stripes(bool across)
{
    cv::Mat image(60, 80, CV_8UC3);
    for (int y = 0; y < image.rows; y++)
        for (int x = 0; x < image.cols; x++)
            image.at<cv::Vec3b>(y, x) = cv::Vec3b::all((across ? y : x) / 5 % 2 ? 255 : 0);
    return image;
}

START_TEST(a_plain_image_has_one_colour_and_no_gradients)
{
    const std::vector<float> row =
        histograms_of(cv::Mat(50, 400, CV_8UC3, cv::Scalar(0, 0, 255))); /* red: hue 0, s, v 255 */
    const std::size_t bin = 2 * histograms::values + 2;
    for (std::size_t i = 0; i < row.size(); i++)
        ck_assert_float_eq(row[i], i == bin ? 1.0F : 0.0F);
}
END_TEST

START_TEST(stripes_have_the_direction_of_their_gradients)
{
    for (bool across : {false, true}) {
        const std::vector<float> row = histograms_of(stripes(across));
        const std::size_t colours = row.size() - 4 * histograms::directions;
        /* black is saturation 0, value 0; white saturation 0, value 255 */
        ck_assert_float_eq_tol(row[0], std::sqrt(0.5F), 1e-6F);
        ck_assert_float_eq_tol(row[2], std::sqrt(0.5F), 1e-6F);
        for (std::size_t i = colours; i < row.size(); i++)
            ck_assert_float_eq_tol(row[i], (i - colours) % 9 == (across ? 4 : 0) ? 1.0F : 0.0F,
                                   1e-6F);
    }
}
END_TEST

START_TEST(pictures_of_a_group_are_alike)
{
    std::vector<std::vector<float>> rows;
    for (int item = 0; item < items; item++)
        rows.push_back(histograms_of(picture(item)));
    for (int a = 0; a < items; a++) {
        int nearest = -1;
        double most = -1;
        for (int b = 0; b < items; b++) {
            double product = 0;
            for (std::size_t i = 0; i < histograms::dimensions; i++)
                product += static_cast<double>(rows[static_cast<std::size_t>(a)][i]) *
                           static_cast<double>(rows[static_cast<std::size_t>(b)][i]);
            if (b != a && product > most) {
                most = product;
                nearest = b;
            }
        }
        ck_assert_int_eq(nearest % groups, a % groups);
    }
}
END_TEST

/* A network without weights: the mean of each colour over the image. */
static void write_network()
{
    write_text("mean.prototxt",
               "input: \"data\"\n"
               "input_dim: 1\ninput_dim: 3\ninput_dim: 32\ninput_dim: 32\n"
               "layer { name: \"mean\" type: \"Pooling\" bottom: \"data\" top: \"mean\"\n"
               "        pooling_param { pool: AVE global_pooling: true } }\n");
}

START_TEST(a_network_gets_red_green_blue_less_the_mean)
{
    enter_folder();
    write_network();
    network_input input;
    input.size = 32;
    input.scale = 0.5;
    input.mean[0] = 1; /* red */
    input.mean[1] = 2;
    input.mean[2] = 3;
    network net("mean.prototxt", input);
    ck_assert_uint_eq(net.dimensions(), 3);
    float row[3];
    net.fill(cv::Mat(70, 90, CV_8UC3, cv::Scalar(13, 22, 31)), row);
    ck_assert_float_eq_tol(row[0], 15.0F, 1e-4F);
    ck_assert_float_eq_tol(row[1], 10.0F, 1e-4F);
    ck_assert_float_eq_tol(row[2], 5.0F, 1e-4F);
    leave_folder();
}
END_TEST

/* The items of a user: the same for every run, some of them new. */
static std::vector<int> touched(int user)
{
    std::vector<int> found;
    for (int k = 0; k < 7; k++)
        found.push_back(user % groups + groups * ((user / groups * 5 + k * k) % (items / groups)));
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

/* How many of the users' new items are among the best four of all new ones, if the picture of an
 * item is the one that `shown` says. */
static double recall_of_new(int (*shown)(int item))
{
    const int known = items - new_items;
    diffmm::context context;
    diffmm::dataset data(context);
    data.reserve(users, known);
    for (int user = 0; user < users; user++)
        for (int item : touched(user))
            if (item < known)
                data.add_interactions(DIFFMM_TRAIN, std::vector<std::int32_t>{user},
                                      std::vector<std::int32_t>{item});
    data.add_modality("image", histograms::dimensions,
                      [=](std::size_t first, std::size_t count, diffmm::span<float> rows) {
                          for (std::size_t i = 0; i < count; i++)
                              histograms::fill(picture(shown(static_cast<int>(first + i))),
                                               rows.data() + i * histograms::dimensions);
                      });
    diffmm::options options;
    options.set("epochs", 10).set("batch", 64).set("hidden_sizes", {16}).set("embedding_size", 8);
    options.set("learning_rate", 0.02);
    const diffmm::model model = diffmm::trainer(data, options).fit();
    const diffmm::placer placer(model, data);
    std::vector<float> features;
    for (int item = known; item < items; item++) {
        const std::vector<float> row = histograms_of(picture(shown(item)));
        features.insert(features.end(), row.begin(), row.end());
    }
    std::vector<std::vector<diffmm::span<const float>>> by_item;
    for (std::size_t item = 0; item < new_items; item++)
        by_item.push_back({diffmm::span<const float>(features).subspan(
            item * histograms::dimensions, histograms::dimensions)});
    const std::vector<float> rows = placer.place(by_item);
    const diffmm::scorer scorer = diffmm::scorer(model).extend(rows);

    std::vector<std::int32_t> candidates;
    for (int item = known; item < items; item++)
        candidates.push_back(item);
    double hits = 0, wanted = 0;
    for (int user = 0; user < users; user++) {
        const std::vector<int> own = touched(user);
        diffmm::query query;
        query.candidates = diffmm::span<const std::int32_t>(candidates);
        for (const diffmm::hit &hit : scorer.recommend(user, new_items / groups, query))
            hits += std::binary_search(own.begin(), own.end(), hit.item) ? 1 : 0;
        wanted += static_cast<double>(own.end() - std::lower_bound(own.begin(), own.end(), known));
    }
    return hits / wanted;
}

START_TEST(new_items_are_placed_by_their_pictures)
{
    const double real = recall_of_new([](int item) { return item; });
    const double dealt_out = recall_of_new([](int item) { return item * 29 % 47; });
    ck_assert_double_ge(real, 0.95);
    ck_assert_double_le(dealt_out, 0.5);
}
END_TEST

static void write_world()
{
    std::string list, table = "user\titem\n";
    for (int item = 0; item < items; item++) {
        list += id_of(item) + "\n";
        const std::string path = id_of(item) + (item % 2 ? ".jpg" : ".png");
        if (item != 5)
            ck_assert(cv::imwrite(path, picture(item)));
    }
    for (int user = 0; user < users; user++)
        for (int item : touched(user))
            table += "u" + std::to_string(user) + "\t" + id_of(item) + "\n";
    write_text("items.txt", list.c_str());
    write_text("clicks.tsv", table.c_str());
}

START_TEST(the_program_trains_on_pictures)
{
    enter_folder();
    write_world();
    write_network();
    const char *histograms_arguments[] = {"--data",   "clicks.tsv", "--items",    "items.txt",
                                          "--images", ".",          "--hold-out", "0.1,0.1",
                                          "--set",    "epochs=2",   "--set",      "hidden_sizes=16",
                                          "--model",  "model",      nullptr};
    ck_assert_int_eq(run(images_program, histograms_arguments), 0);
    expect_text("out", "47 items have an image, 1 have none");
    expect_text("out", "best epoch ");
    expect_text("out", ", test Recall@20 ");
    expect_text("out", "saved model\n");
    ck_assert_uint_eq(diffmm::scorer::open(diffmm::context(), "model").items(), items);

    const char *network_arguments[] = {"--data",
                                       "clicks.tsv",
                                       "--items",
                                       "items.txt",
                                       "--images",
                                       ".",
                                       "--network",
                                       "mean.prototxt",
                                       "--network-size",
                                       "32",
                                       "--network-mean",
                                       "1,2,3",
                                       "--network-scale",
                                       "0.01",
                                       "--set",
                                       "epochs=1",
                                       "--set",
                                       "hidden_sizes=16",
                                       "--model",
                                       "small",
                                       "--json",
                                       nullptr};
    ck_assert_int_eq(run(images_program, network_arguments), 0);
    expect_text("out", "{\"with_image\":47,\"without_image\":1,\"epoch\":1,\"valid\":null,");
    leave_folder();
}
END_TEST

START_TEST(the_program_says_what_is_wrong)
{
    enter_folder();
    write_world();
    static const wrong cases[] = {
        {{"--data", "clicks.tsv"}, 2, "--data, --items and --images are needed"},
        {{"--data"}, 2, "requires an argument"},
        {{"--nonsense", "1"}, 2, "--nonsense"},
        {{"--set", "epochs"}, 2, "NAME=VALUE"},
        {{"--hold-out", "0.1"}, 2, "--hold-out 0.1: expected 2 numbers"},
        {{"--network-mean", "1,2,x"}, 2, "1,2,x"},
        {{"--network-size", "0"}, 2, "--network-size 0"},
        {{"--data", "clicks.tsv", "--items", "none.txt", "--images", "."}, 1, "none.txt"},
        {{"--data", "none.tsv", "--items", "items.txt", "--images", "."}, 1, "none.tsv"},
        {{"--data", "clicks.tsv", "--items", "items.txt", "--images", "nowhere"}, 1, "nowhere"},
    };
    for (const wrong &one : cases)
        expect_wrong(images_program, &one);

    const char *arguments[] = {"--data", "clicks.tsv", "--items",   "items.txt", "--images",
                               ".",      nullptr,      "none.onnx", nullptr};
    arguments[6] = "--network";
    ck_assert_int_eq(run(images_program, arguments), 1);
    expect_text("err", "none.onnx");

    write_text("p5.png", "no image\n");
    arguments[6] = nullptr;
    ck_assert_int_eq(run(images_program, arguments), 1);
    expect_text("err", "./p5.png is not an image");
    leave_folder();
}
END_TEST

int main(int argument_count, char **argument)
{
    if (argument_count != 2)
        return EXIT_FAILURE;
    const std::string program =
        std::filesystem::absolute(argument[1]); /* tests change the folder */
    images_program = program.c_str();
    TCase *tests = tcase_create("images");
    tcase_add_test(tests, a_plain_image_has_one_colour_and_no_gradients);
    tcase_add_test(tests, stripes_have_the_direction_of_their_gradients);
    tcase_add_test(tests, pictures_of_a_group_are_alike);
    tcase_add_test(tests, a_network_gets_red_green_blue_less_the_mean);
    tcase_add_test(tests, new_items_are_placed_by_their_pictures);
    tcase_add_test(tests, the_program_trains_on_pictures);
    tcase_add_test(tests, the_program_says_what_is_wrong);
    Suite *suite = suite_create("images");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
