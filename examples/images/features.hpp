/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers from images, for items whose features are their pictures. */
#ifndef EXAMPLES_IMAGES_FEATURES_HPP
#define EXAMPLES_IMAGES_FEATURES_HPP

#include <cstddef>
#include <opencv2/core.hpp>
#include <opencv2/dnn.hpp>
#include <string>
#include <vector>

/* A colour histogram (hue x saturation x value, square roots of shares) and, for each quarter of the
 * image, a histogram of the directions of its gradients (lengths count, not signs; length 1). */
class histograms
{
  public:
    static constexpr int hues = 8, saturations = 3, values = 3, cells = 2, directions = 9;
    static constexpr std::size_t dimensions =
        static_cast<std::size_t>(hues * saturations * values + cells * cells * directions);

    /* `image` in BGR, 8 bit. */
    static void fill(const cv::Mat &image, float *out);
};

/* How a network wants its images. */
struct network_input {
    int size = 224;             /* width and height */
    double scale = 1 / 255.0;   /* by which values, less the mean, are multiplied */
    double mean[3] = {0, 0, 0}; /* of red, green and blue, before that */
};

/* The output of a network from a file that OpenCV reads (.onnx, .prototxt, ..): all of its last
 * layer, so a network without the classifier at its end is what to give. */
class network
{
  public:
    network(const std::string &path, const network_input &input);
    std::size_t dimensions() const
    {
        return dimensions_;
    }
    void fill(const cv::Mat &image, float *out);

  private:
    cv::Mat run(const cv::Mat &image);

    network_input input_;
    cv::dnn::Net net_;
    std::size_t dimensions_;
};

/* The path of an item's image in a folder: its id and one of the usual endings; empty if there is
 * none. */
std::string image_path(const std::string &folder, const std::string &id);

/* The image, or an exception that names the file. */
cv::Mat read_image(const std::string &path);

#endif
