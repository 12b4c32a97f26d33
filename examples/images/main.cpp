/* SPDX-License-Identifier: BSD-2-Clause */
/* Recommendations from pictures: the features of an item are computed from its image when they are
 * asked for, by a feature loader. --help tells the rest. */
#include <getopt.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <diffmm/diffmm.hpp>
#include <exception>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common/command_line.h"
#include "common/shell_text.h"
#include "common/standard_files.h"
#include "features.hpp"

const char program_name[] = "diffmm_images";

static int print_help()
{
    std::cout
        << "usage: diffmm_images --data FILE --items FILE --images FOLDER [options]\n"
           "\n"
           "Trains a recommender on interactions and the items' images.\n"
           "\n"
           "  --data FILE           interactions: user, item, and split if there is such a column\n"
           "  --items FILE          item ids, one per line\n"
           "  --images FOLDER       with ID.png, ID.jpg or the like for each item; one without "
           "gets\n"
           "                        zeros\n"
           "  --network FILE        take the output of this network (.onnx, .prototxt, ..) instead "
           "of\n"
           "                        histograms of colours and of gradients\n"
           "  --network-size N      width and height of its input (224)\n"
           "  --network-scale X     what values, less the mean, are multiplied by (1/255)\n"
           "  --network-mean R,G,B  the mean, of values from 0 to 255 (0,0,0)\n"
           "  --hold-out V,T        where the data has no splits: shares for validation and test\n"
           "  --set NAME=VALUE      a setting, as diffmm_train --help lists them; may be repeated\n"
           "  --model FILE          where to save the model\n"
           "  --json                print the result as an object in JSON\n"
        << std::flush;
    print_common_options(24);
    print_exit_statuses("");
    return finish_output(EXIT_DONE);
}

struct arguments {
    bool help = false, version = false, json = false;
    std::string data, items, images, network, model;
    network_input input;
    double valid = 0, test = 0;
    std::vector<std::pair<std::string, std::string>> settings;
};

/* Not a failure of the work, but of the command line. */
struct usage_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/* `count` numbers with commas between them. */
static std::vector<double> numbers(const std::string &name, const std::string &text,
                                   std::size_t count)
{
    std::vector<double> found;
    std::size_t begin = 0;
    while (found.size() < count) {
        const std::size_t comma = std::min(text.find(',', begin), text.size());
        const std::string part = text.substr(begin, comma - begin);
        char *end = nullptr;
        found.push_back(std::strtod(part.c_str(), &end));
        if (part.empty() || *end != '\0' || (found.size() == count) != (comma == text.size()))
            throw usage_error(name + " " + text + ": expected " + std::to_string(count) +
                              (count == 1 ? " number" : " numbers with commas between them"));
        begin = comma + 1;
    }
    return found;
}

static const option option_table[] = {
    {"data", required_argument, nullptr, 'd'},
    {"items", required_argument, nullptr, 'i'},
    {"images", required_argument, nullptr, 'f'},
    {"network", required_argument, nullptr, 'n'},
    {"network-size", required_argument, nullptr, 'z'},
    {"network-scale", required_argument, nullptr, 'c'},
    {"network-mean", required_argument, nullptr, 'e'},
    {"hold-out", required_argument, nullptr, 'o'},
    {"set", required_argument, nullptr, 's'},
    {"model", required_argument, nullptr, 'm'},
    {"json", no_argument, nullptr, 'j'},
    {"help", no_argument, nullptr, 'h'},
    {"version", no_argument, nullptr, 'v'},
    {nullptr, 0, nullptr, 0},
};

static int read_size(const std::string &value)
{
    const double size = numbers("--network-size", value, 1)[0];
    if (!(size >= 1 && size <= 4096) || size != static_cast<int>(size))
        throw usage_error("--network-size " + value + ": expected a whole number from 1 to 4096");
    return static_cast<int>(size);
}

static std::pair<std::string, std::string> read_setting(const std::string &value)
{
    const std::size_t equals = value.find('=');
    if (equals == std::string::npos)
        throw usage_error("--set " + value + ": not of the form NAME=VALUE");
    return {value.substr(0, equals), value.substr(equals + 1)};
}

static void set_argument(arguments &out, int code, const std::string &value)
{
    switch (code) {
    case 'd': out.data = value; break;
    case 'i': out.items = value; break;
    case 'f': out.images = value; break;
    case 'n': out.network = value; break;
    case 'm': out.model = value; break;
    case 'z': out.input.size = read_size(value); break;
    case 'c': out.input.scale = numbers("--network-scale", value, 1)[0]; break;
    case 'e': {
        const std::vector<double> mean = numbers("--network-mean", value, 3);
        std::copy(mean.begin(), mean.end(), out.input.mean);
        break;
    }
    case 'o': {
        const std::vector<double> shares = numbers("--hold-out", value, 2);
        out.valid = shares[0];
        out.test = shares[1];
        break;
    }
    case 's': out.settings.push_back(read_setting(value)); break;
    case 'j': out.json = true; break;
    case 'h': out.help = true; break;
    case 'v': out.version = true; break;
    default: throw usage_error(""); /* getopt has said what is wrong */
    }
}

static arguments read_arguments(int count, char **given)
{
    arguments out;
    int code;
    while ((code = getopt_long(count, given, "", option_table, nullptr)) != -1)
        set_argument(out, code, optarg ? optarg : "");
    if (out.help || out.version)
        return out;
    if (optind < count)
        throw usage_error(std::string("unexpected argument '") + given[optind] + "'");
    if (out.data.empty() || out.items.empty() || out.images.empty())
        throw usage_error("--data, --items and --images are needed");
    return out;
}

static std::vector<std::string> read_ids(const std::string &path)
{
    std::ifstream file(path);
    std::vector<std::string> ids;
    for (std::string line; std::getline(file, line);) {
        if (!line.empty() && line.back() == '\r')
            line.pop_back();
        ids.push_back(line);
    }
    if (!file.eof() || ids.empty())
        throw std::runtime_error(path + " cannot be read, or is empty");
    return ids;
}

/* What a run has come to. */
struct result {
    std::size_t with_image = 0, without_image = 0;
    bool terminal = isatty(STDERR_FILENO) == 1; /* where progress goes */
    std::size_t epoch = 0;
    diffmm_metrics valid{}, test{}; /* for no users: nothing is held out */
};

/* Adds the modality "image": a block of rows is computed when the library asks for it. */
static void add_images(diffmm::dataset &data, const arguments &given,
                       const std::vector<std::string> &ids, result &out)
{
    std::vector<std::string> paths;
    for (const std::string &id : ids) {
        paths.push_back(image_path(given.images, id));
        ++(paths.back().empty() ? out.without_image : out.with_image);
    }
    if (out.with_image == 0)
        throw std::runtime_error(given.images + " has no image of any item, as " + ids[0] + ".png");

    std::shared_ptr<network> net;
    if (!given.network.empty())
        net = std::make_shared<network>(given.network, given.input);
    const std::size_t dimensions = net ? net->dimensions() : histograms::dimensions;
    data.add_modality("image", dimensions,
                      [=](std::size_t first, std::size_t count, diffmm::span<float> rows) {
                          for (std::size_t i = 0; i < count; i++) {
                              float *row = rows.data() + i * dimensions;
                              if (paths[first + i].empty())
                                  std::fill_n(row, dimensions, 0.0F);
                              else if (net)
                                  net->fill(read_image(paths[first + i]), row);
                              else
                                  histograms::fill(read_image(paths[first + i]), row);
                          }
                      });
}

/* Keeps the figures of the best epoch; without anything held out, of the last one. */
static void note_epoch(const diffmm::report &report, result &out)
{
    if (out.terminal)
        std::cerr << "epoch " << report.epoch << ": loss " << report.loss.total << std::endl;
    const bool judged = report.valid[0].users > 0 || report.test[0].users > 0;
    if (judged && report.epoch != report.best_epoch)
        return;
    out.epoch = report.epoch;
    out.valid = report.valid[0];
    out.test = report.test[0];
}

static void print_result(const result &result)
{
    std::cout << result.with_image << " items have an image, " << result.without_image
              << " have none\nbest epoch " << result.epoch;
    for (const auto &[name, metrics] :
         {std::pair("valid", &result.valid), std::pair("test", &result.test)})
        if (metrics->users > 0)
            std::cout << ", " << name << " Recall@" << metrics->cutoff << ' ' << metrics->recall;
    std::cout << std::endl;
}

static void print_json(const result &result)
{
    std::cout << "{\"with_image\":" << result.with_image
              << ",\"without_image\":" << result.without_image << ",\"epoch\":" << result.epoch;
    for (const auto &[name, metrics] :
         {std::pair("valid", &result.valid), std::pair("test", &result.test)}) {
        std::cout << ",\"" << name << "\":";
        if (metrics->users > 0)
            std::cout << "{\"recall@" << metrics->cutoff << "\":" << metrics->recall << '}';
        else
            std::cout << "null";
    }
    std::cout << '}' << std::endl;
}

static void train(const arguments &given)
{
    const std::vector<std::string> ids = read_ids(given.items);
    result result;
    diffmm::context context;
    diffmm::dataset data(context);
    data.declare_items(ids);
    data.read_interactions(given.data);
    if (given.valid > 0 || given.test > 0)
        data.hold_out(given.valid, given.test, 1);
    add_images(data, given, ids, result);

    diffmm::options options;
    for (const auto &[name, value] : given.settings)
        options.set(name, value);
    const diffmm::model model =
        diffmm::trainer(data, options).fit([&](const diffmm::report &report) {
            note_epoch(report, result);
        });
    if (!given.model.empty())
        model.save(given.model);
    given.json ? print_json(result) : print_result(result);
    if (!given.model.empty() && !given.json) {
        std::fputs("saved ", stdout);
        shell_word_print(stdout, given.model.c_str());
        std::fputs("\n", stdout);
    }
}

static int run(int count, char **given)
{
    const arguments arguments = read_arguments(count, given);
    if (arguments.help)
        return print_help();
    if (arguments.version)
        return print_version();
    train(arguments);
    return finish_output(EXIT_DONE);
}

int main(int argument_count, char **argument)
{
    standard_files_hold();
    try {
        return run(argument_count, argument);
    } catch (const usage_error &failure) {
        if (*failure.what())
            complain("%s", failure.what());
        return point_to_help();
    } catch (const std::exception &failure) {
        complain("%s", failure.what());
        return EXIT_FAILED;
    }
}
