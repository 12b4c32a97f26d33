/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls the function of README.md, which stands in a file of its own. */
#include <cstdio>
#include <diffmm/diffmm.hpp>
#include <vector>

std::vector<diffmm::hit> train_and_recommend();

int main()
{
    try {
        for (auto [item, score] : train_and_recommend())
            std::printf("%d %.4f\n", item, static_cast<double>(score));
    } catch (const diffmm::error &failure) {
        std::fprintf(stderr, "%s: %s\n", diffmm_status_name(failure.status()), failure.what());
        return failure.status();
    }
}
