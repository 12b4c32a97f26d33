/* SPDX-License-Identifier: BSD-2-Clause */
#include "features.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

/* Large images are reduced to this first: histograms do not need more. */
static constexpr int side = 128;

static cv::Mat reduced(const cv::Mat &image)
{
    const int longer = std::max(image.cols, image.rows);
    if (longer <= side)
        return image;
    const double factor = static_cast<double>(side) / longer;
    cv::Mat out;
    cv::resize(image, out,
               {std::max(1, static_cast<int>(std::lround(image.cols * factor))),
                std::max(1, static_cast<int>(std::lround(image.rows * factor)))},
               0, 0, cv::INTER_AREA);
    return out;
}

static void fill_colours(const cv::Mat &image, float *out)
{
    cv::Mat hsv, counts;
    cv::cvtColor(image, hsv, cv::COLOR_BGR2HSV); /* hue 0 .. 179 */
    const std::array<int, 3> channels = {0, 1, 2};
    const std::array<int, 3> bins = {histograms::hues, histograms::saturations, histograms::values};
    const std::array<float, 2> hue = {0, 180}, other = {0, 256};
    std::array<const float *, 3> ranges = {hue.data(), other.data(), other.data()};
    cv::calcHist(&hsv, 1, channels.data(), cv::noArray(), counts, 3, bins.data(), ranges.data());
    const auto *count = counts.ptr<float>();
    for (std::size_t i = 0; i < counts.total(); i++)
        out[i] = std::sqrt(count[i] / static_cast<float>(image.total()));
}

static void fill_cell(const cv::Mat &length, const cv::Mat &angle, float *out)
{
    std::array<double, histograms::directions> sum = {};
    for (int y = 0; y < length.rows; y++)
        for (int x = 0; x < length.cols; x++) {
            const double turn = std::fmod(static_cast<double>(angle.at<float>(y, x)), 180.0);
            const auto bin = static_cast<std::size_t>(turn / 180 * histograms::directions);
            sum[std::min(bin, sum.size() - 1)] += static_cast<double>(length.at<float>(y, x));
        }
    double square = 0;
    for (double value : sum)
        square += value * value;
    const double norm = std::sqrt(square);
    for (std::size_t i = 0; i < sum.size(); i++)
        out[i] = norm > 0 ? static_cast<float>(sum[i] / norm) : 0.0F;
}

static void fill_gradients(const cv::Mat &image, float *out)
{
    cv::Mat grey, across, down, length, angle;
    cv::cvtColor(image, grey, cv::COLOR_BGR2GRAY);
    cv::Sobel(grey, across, CV_32F, 1, 0);
    cv::Sobel(grey, down, CV_32F, 0, 1);
    cv::cartToPolar(across, down, length, angle, true);
    for (int row = 0; row < histograms::cells; row++)
        for (int column = 0; column < histograms::cells; column++) {
            const cv::Range rows(grey.rows * row / histograms::cells,
                                 grey.rows * (row + 1) / histograms::cells);
            const cv::Range columns(grey.cols * column / histograms::cells,
                                    grey.cols * (column + 1) / histograms::cells);
            fill_cell(length(rows, columns), angle(rows, columns), out);
            out += histograms::directions;
        }
}

void histograms::fill(const cv::Mat &image, float *out)
{
    const cv::Mat small = reduced(image);
    fill_colours(small, out);
    fill_gradients(small, out + hues * saturations * values);
}

network::network(const std::string &path, const network_input &input)
    : input_(input), net_(cv::dnn::readNet(path)), dimensions_(0)
{
    dimensions_ = run(cv::Mat::zeros(input.size, input.size, CV_8UC3)).total();
}

cv::Mat network::run(const cv::Mat &image)
{
    net_.setInput(cv::dnn::blobFromImage(image, input_.scale, {input_.size, input_.size},
                                         {input_.mean[0], input_.mean[1], input_.mean[2]},
                                         true /* BGR to RGB */));
    return net_.forward();
}

void network::fill(const cv::Mat &image, float *out)
{
    const cv::Mat found = run(image);
    std::copy_n(found.ptr<float>(), dimensions_, out);
}

std::string image_path(const std::string &folder, const std::string &id)
{
    for (const char *ending : {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"}) {
        std::string path = folder + "/" + id + ending;
        if (std::filesystem::is_regular_file(path))
            return path;
    }
    return {};
}

cv::Mat read_image(const std::string &path)
{
    cv::Mat image = cv::imread(path, cv::IMREAD_COLOR);
    if (image.empty())
        throw std::runtime_error(path + " is not an image that OpenCV can read");
    return image;
}
