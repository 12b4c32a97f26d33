/* SPDX-License-Identifier: BSD-2-Clause */
/* Recommendations from pictures: the features of an item are computed from its image when they are
 * asked for, by a feature loader. --help tells the rest. */
#include <algorithm>
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

#include "features.hpp"

static const char *const help =
    "usage: diffmm_images --data FILE --items FILE --images FOLDER [options]\n"
    "\n"
    "Trains a recommender on interactions and the items' images.\n"
    "\n"
    "  --data FILE        interactions: user, item, and split if there is such a column\n"
    "  --items FILE       item ids, one per line\n"
    "  --images FOLDER    with ID.png, ID.jpg or the like for each item; one without gets zeros\n"
    "  --network FILE     take the output of this network (.onnx, .prototxt, ..) instead of\n"
    "                     histograms of colours and of gradients\n"
    "  --network-size N   width and height of its input (224)\n"
    "  --network-scale X  what values, less the mean, are multiplied by (1/255)\n"
    "  --network-mean R,G,B  the mean, of values from 0 to 255 (0,0,0)\n"
    "  --hold-out V,T     where the data has no splits: shares for validation and test\n"
    "  --set NAME=VALUE   a setting; may be repeated\n"
    "  --model FILE       where to save the model\n";

struct arguments {
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

static void set_argument(arguments &out, const std::string &name, const std::string &value)
{
    if (name == "--data")
        out.data = value;
    else if (name == "--items")
        out.items = value;
    else if (name == "--images")
        out.images = value;
    else if (name == "--network")
        out.network = value;
    else if (name == "--model")
        out.model = value;
    else if (name == "--network-size") {
        const double size = numbers(name, value, 1)[0];
        if (!(size >= 1 && size <= 4096) || size != static_cast<int>(size))
            throw usage_error(name + " " + value + ": expected a whole number from 1 to 4096");
        out.input.size = static_cast<int>(size);
    } else if (name == "--network-scale")
        out.input.scale = numbers(name, value, 1)[0];
    else if (name == "--network-mean") {
        const std::vector<double> mean = numbers(name, value, 3);
        std::copy(mean.begin(), mean.end(), out.input.mean);
    } else if (name == "--hold-out") {
        const std::vector<double> shares = numbers(name, value, 2);
        out.valid = shares[0];
        out.test = shares[1];
    } else if (name == "--set") {
        const std::size_t equals = value.find('=');
        if (equals == std::string::npos)
            throw usage_error("--set " + value + ": not of the form NAME=VALUE");
        out.settings.emplace_back(value.substr(0, equals), value.substr(equals + 1));
    } else
        throw usage_error("there is no option " + name + "; --help lists them");
}

static arguments read_arguments(const std::vector<std::string> &given)
{
    arguments out;
    for (std::size_t i = 0; i < given.size(); i += 2) {
        if (i + 1 == given.size())
            throw usage_error(given[i] + " needs a value");
        set_argument(out, given[i], given[i + 1]);
    }
    if (out.data.empty() || out.items.empty() || out.images.empty())
        throw usage_error("--data, --items and --images are needed; --help tells more");
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

/* Adds the modality "image": a block of rows is computed when the library asks for it. */
static void add_images(diffmm::dataset &data, const arguments &given,
                       const std::vector<std::string> &ids)
{
    std::vector<std::string> paths;
    std::size_t missing = 0;
    for (const std::string &id : ids) {
        paths.push_back(image_path(given.images, id));
        missing += paths.back().empty() ? 1 : 0;
    }
    if (missing == ids.size())
        throw std::runtime_error(given.images + " has no image of any item, as " + ids[0] + ".png");
    std::cout << ids.size() - missing << " items have an image, " << missing << " have none\n";

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

static void print_epoch(const diffmm::report &report)
{
    std::cout << "epoch " << report.epoch << ": loss " << report.loss.total;
    if (report.valid[0].users > 0)
        std::cout << ", valid Recall@" << report.valid[0].cutoff << ' ' << report.valid[0].recall;
    if (report.test[0].users > 0)
        std::cout << ", test Recall@" << report.test[0].cutoff << ' ' << report.test[0].recall;
    std::cout << std::endl;
}

static void train(const arguments &given)
{
    const std::vector<std::string> ids = read_ids(given.items);
    diffmm::context context;
    diffmm::dataset data(context);
    data.declare_items(ids);
    data.read_interactions(given.data);
    if (given.valid > 0 || given.test > 0)
        data.hold_out(given.valid, given.test, 1);
    add_images(data, given, ids);

    diffmm::options options;
    for (const auto &[name, value] : given.settings)
        options.set(name, value);
    const diffmm::model model = diffmm::trainer(data, options).fit(print_epoch);
    if (!given.model.empty())
        model.save(given.model);
}

int main(int argument_count, char **argument)
{
    const std::vector<std::string> given(argument + 1, argument + argument_count);
    try {
        if (given == std::vector<std::string>{"--help"})
            std::cout << help;
        else
            train(read_arguments(given));
    } catch (const usage_error &failure) {
        std::cerr << "diffmm_images: " << failure.what() << '\n';
        return 2;
    } catch (const std::exception &failure) {
        std::cerr << "diffmm_images: " << failure.what() << '\n';
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
