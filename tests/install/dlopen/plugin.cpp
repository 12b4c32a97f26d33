/* SPDX-License-Identifier: BSD-2-Clause */
/* train_small() in C++: the same bits, though a callable throws on the way. */
#include <algorithm>
#include <diffmm/diffmm.hpp>

extern "C" {
#include "checksum.h"
#include "training.h"
}

static diffmm::model train(diffmm::dataset &data)
{
    diffmm::options options;
    options.set("epochs", 2).set("batch", 128).set("hidden_sizes", {32});
    diffmm::trainer trainer(data, options);
    bool thrown = false;
    try {
        trainer.fit([](const diffmm::report &) { throw 1; });
    } catch (int) {
        thrown = true;
    }
    diffmm::model model = trainer.fit();
    if (!thrown || trainer.best().epoch == 0)
        throw diffmm::error(DIFFMM_ERROR_STATE, "the exception did not arrive");
    return model;
}

extern "C" diffmm_status train_small(size_t threads, uint64_t *checksum, diffmm_hit hits[5])
{
    try {
        diffmm::context context(threads);
        diffmm_synthetic spec = {};
        spec.users = 120;
        spec.items = 80;
        diffmm::dataset data = diffmm::dataset::synthesize(context, spec);
        const diffmm::model model = train(data);
        const auto users = model.user_embeddings(), items = model.item_embeddings();
        *checksum = checksum_of(users.data(), users.size() * sizeof(float)) ^
                    3 * checksum_of(items.data(), items.size() * sizeof(float));
        const auto found = diffmm::scorer(model).recommend(3, 5);
        std::copy(found.begin(), found.end(), hits);
        return found.size() == 5 ? DIFFMM_OK : DIFFMM_ERROR_NOT_FOUND;
    } catch (const diffmm::error &failure) {
        return failure.status();
    }
}
