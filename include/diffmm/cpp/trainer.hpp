/* SPDX-License-Identifier: BSD-2-Clause */
/** @file trainer.hpp
 *  Training: all epochs, or one at a time. */
#ifndef DIFFMM_CPP_TRAINER_HPP
#define DIFFMM_CPP_TRAINER_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <diffmm/cpp/model.hpp>
#include <diffmm/cpp/span.hpp>
#include <diffmm/peers.h>
#include <diffmm/trainer.h>

namespace diffmm
{
inline namespace DIFFMM_CPP
{

using forecast = diffmm_forecast;
using progress = diffmm_progress;

/** What an epoch did. Spans are borrowed until the next epoch or the trainer's end. */
struct report {
    std::size_t epoch = 0;      /**< 1 for the first */
    std::size_t best_epoch = 0; /**< the best so far */
    bool finished = false;      /**< all epochs done, or stopped early */
    diffmm_seconds seconds = {};
    losses loss = {};                         /**< means over the epoch's batches */
    span<const double> denoiser_loss;         /**< per modality */
    span<const metrics> valid, test;          /**< per cutoff; users = 0 where the split is empty */
    std::array<double, 4> counted_flops = {}; /**< by diffmm_phase */
    double straight_flops = 0;
    span<const loss_term> terms; /**< every term of the objective, then the denoisers' */
    std::size_t valid_cold_users =
        0; /**< whom metrics leave out: nothing of theirs was trained on */
    std::size_t test_cold_users = 0; /**< the same of test */
    /** Per modality; empty where the option `measure` does not ask for them. */
    span<const diffmm_graph_measures *const> graph_measures;
    span<const diffmm_denoiser_measures *const> denoiser_measures;
};

/** The best epoch so far. Spans are borrowed until the next epoch or the trainer's end. */
struct best_epoch {
    std::size_t epoch = 0;
    span<const metrics> valid, test;
};

/** How a process reaches the peers of a training, for trainer::join().
 *  @see diffmm_peers */
struct peers {
    std::uint32_t rank = 0; /**< of this process */
    std::uint32_t size = 1; /**< how many there are */
    /** Sends bytes to one peer and receives bytes from one; -1 with an empty span: from nobody, to
     *  nobody. Returns whether it worked. */
    std::function<bool(std::int32_t to, span<const std::uint8_t> send, std::int32_t from,
                       span<std::uint8_t> receive)>
        exchange;
    /** Told once when this process leaves its peers because a call ended early; or empty. */
    std::function<void(diffmm_status)> abandon;
};

/** @see diffmm_trainer
 *
 *  A callable that is told of something may return nothing, or whether to go on. */
class trainer : public detail::handle<diffmm_trainer>
{
  public:
    /** The data set is sealed if it was not. */
    explicit trainer(dataset &data)
        : trainer(
              made(data, [](auto *c, auto out) { return diffmm_trainer_create(c, nullptr, out); }))
    {
    }
    trainer(dataset &data, const options &wanted)
        : trainer(made(
              data, [&](auto *c, auto out) { return diffmm_trainer_create(c, wanted.get(), out); }))
    {
    }
    /** One whose new model inherits what another has learnt, with its options, also on a data set
     * to which users, items and interactions were added since.
     *  @see diffmm_trainer_create_from() */
    static trainer create_from(dataset &data, const diffmm::model &from)
    {
        return create_with(data, nullptr, from);
    }
    static trainer create_from(dataset &data, const options &wanted, const diffmm::model &from)
    {
        return create_with(data, wanted.get(), from);
    }
    /** One that goes on from a checkpoint, with its options, to the same bits as if it had never
     * been interrupted.
     *  @param data  the data set the training was begun with, or an equal one */
    static trainer resume(dataset &data, const std::string &path)
    {
        return resume_with(data, path, nullptr);
    }
    /** The same, where `epochs`, `patience`, `memory_limit` and `seen` may differ from the
     *  checkpoint's. */
    static trainer resume(dataset &data, const std::string &path, const options &wanted)
    {
        return resume_with(data, path, wanted.get());
    }
    /** From a checkpoint in memory, borrowed during the call. */
    static trainer resume_memory(dataset &data, span<const std::uint8_t> checkpoint)
    {
        return resume_memory_with(data, checkpoint, nullptr);
    }
    static trainer resume_memory(dataset &data, span<const std::uint8_t> checkpoint,
                                 const options &wanted)
    {
        return resume_memory_with(data, checkpoint, wanted.get());
    }

    /** From a checkpoint, with peers, who all make this call: with the option `peers.divide` each reads its
     *  own users' rows alone.
     *  @see diffmm_trainer_resume_peer() */
    static trainer resume_peer(dataset &data, const std::string &path, const options &wanted,
                               diffmm::peers with)
    {
        const auto next = std::make_shared<const diffmm::peers>(std::move(with));
        const diffmm_peers c = in_c(*next);
        trainer joined = made(data, [&](auto *on, auto out) {
            return diffmm_trainer_resume_peer(on, detail::text(path), wanted.get(), &c, out);
        });
        joined.called_->peers = next;
        return joined;
    }

    /** Memory and work, known beforehand. */
    static diffmm::forecast forecast(dataset &data)
    {
        return foresee(data, nullptr);
    }
    static diffmm::forecast forecast(dataset &data, const options &wanted)
    {
        return foresee(data, wanted.get());
    }
    /** Those of peer `rank` of `size`.
     *  @see diffmm_trainer_forecast_peer() */
    static diffmm::forecast forecast_peer(dataset &data, const options &wanted, std::size_t rank,
                                          std::size_t size)
    {
        return foresee(data, wanted.get(), rank, size);
    }

    /** Seconds of an epoch by phase, estimated by measuring for about so many. */
    static diffmm_seconds measure(dataset &data, double seconds)
    {
        return try_out(data, nullptr, seconds);
    }
    static diffmm_seconds measure(dataset &data, const options &wanted, double seconds)
    {
        return try_out(data, wanted.get(), seconds);
    }

    /** Be told of every step: `void (const progress &)`, or `bool` with false to stop, which
     * abandons the epoch. */
    template <class OnProgress> void on_progress(OnProgress function)
    {
        progress_function next = [told = std::move(function)](const progress &at) mutable {
            return detail::goes_on(told, at);
        };
        auto shared_next = std::make_shared<progress_function>(std::move(next));
        check(diffmm_trainer_on_progress(get(), tell_progress, called_.get()));
        called_->on_progress = std::move(shared_next);
    }
    /** No longer. */
    void on_progress(std::nullptr_t)
    {
        check(diffmm_trainer_on_progress(get(), nullptr, nullptr));
        called_->on_progress.reset();
    }

    /** Share the training with peers, who all make this call.
     *  @see diffmm_trainer_join() */
    void join(diffmm::peers with)
    {
        const auto next = std::make_shared<const diffmm::peers>(std::move(with));
        const auto kept = called_; /* a callback may end this object */
        const diffmm_peers c = in_c(*next);
        run_on([&](diffmm_trainer *joining) { return diffmm_trainer_join(joining, &c); });
        kept->peers = next;
    }
    /** Train without peers from now on. */
    void leave()
    {
        check(diffmm_trainer_join(get(), nullptr));
        called_->peers.reset();
    }

    /** Train one epoch. */
    diffmm::report epoch()
    {
        diffmm_report c = {};
        c.struct_size = sizeof c;
        run_on([&](diffmm_trainer *trained) { return diffmm_trainer_epoch(trained, &c); });
        return lend(c);
    }
    /** Train until all epochs are done or validation has not improved for long enough; the model is
     *  then that of the best epoch. */
    diffmm::model fit()
    {
        diffmm::model trained = model(); /* lives when a callback has ended this object */
        run_on([](diffmm_trainer *c) { return diffmm_trainer_fit(c, nullptr, nullptr); });
        return trained;
    }
    /** The same, told of each epoch: `void (const report &)`, or `bool` with false to stop there,
     * which is no failure. Stopped by cancel() or a progress function, it throws DIFFMM_CANCELLED.
     */
    template <class OnEpoch> diffmm::model fit(OnEpoch &&on_epoch)
    {
        following<std::remove_reference_t<OnEpoch>> state{&on_epoch, false};
        diffmm::model trained = model();
        const diffmm_status status = outcome_of([&](diffmm_trainer *c) {
            return diffmm_trainer_fit(c, tell_epoch<decltype(state)>, &state);
        });
        if (status != DIFFMM_CANCELLED || !state.stopped)
            check(status);
        return trained;
    }
    /** The trainer of a final fit: on the interactions of all splits, for as many epochs as best()
     * has chosen.
     *  @see diffmm_trainer_create_final() */
    trainer create_final() const
    {
        diffmm_trainer *created = nullptr;
        run_on([&](const diffmm_trainer *c) { return diffmm_trainer_create_final(c, &created); });
        auto called = std::make_shared<functions>();
        return trainer(detail::own(created, diffmm_trainer_destroy, root(), shared(), called),
                       root(), called);
    }
    /** The final fit in one call; gives the final model.
     *  @see diffmm_trainer_fit_final() */
    diffmm::model fit_final()
    {
        return final_model([](diffmm_trainer *c, auto out) {
            return diffmm_trainer_fit_final(c, nullptr, nullptr, out);
        });
    }
    /** The same, told of each epoch as fit() tells; stopped, it throws DIFFMM_CANCELLED. */
    template <class OnEpoch> diffmm::model fit_final(OnEpoch &&on_epoch)
    {
        following<std::remove_reference_t<OnEpoch>> state{&on_epoch, false};
        return final_model([&](diffmm_trainer *c, auto out) {
            return diffmm_trainer_fit_final(c, tell_epoch<decltype(state)>, &state, out);
        });
    }
    /** Make the best epoch's parameters the model's, as fit() does at its end. */
    void restore_best()
    {
        run_on([](diffmm_trainer *c) { return diffmm_trainer_restore_best(c); });
    }
    /** Stop a running epoch, or the next one, at its next step. From any thread or a signal
     * handler. */
    void cancel() const noexcept
    {
        diffmm_trainer_cancel(get());
    }
    /** What the last epoch did that came to its end, also one before the checkpoint; epoch is 0
     * before any. */
    diffmm::report report() const
    {
        diffmm_report c = {};
        c.struct_size = sizeof c;
        check(diffmm_trainer_report(get(), &c));
        return lend(c);
    }
    /** Write all that the rest of the training depends on, for resume(); between two epochs, or
     * when fit() tells of one. */
    void checkpoint(const std::string &path) const
    {
        run_on([&](const diffmm_trainer *c) {
            return diffmm_trainer_checkpoint(c, detail::text(path));
        });
    }
    /** Write it into memory instead. */
    std::vector<std::uint8_t> checkpoint_memory() const
    {
        return detail::written(diffmm_trainer_checkpoint_memory, get());
    }
    /** Write the checkpoint, or the model, at peer `rank`: all peers make this call, and those that do
     *  not write may give any path. With the option `peers.divide` the only way to both; its final fit
     *  is create_final(), join(), fit() and save_at().
     *  @see diffmm_trainer_checkpoint_at(), diffmm_trainer_save_at() */
    void checkpoint_at(std::size_t rank, const std::string &path)
    {
        run_on([&](diffmm_trainer *c) {
            return diffmm_trainer_checkpoint_at(c, rank, detail::text(path));
        });
    }
    void save_at(std::size_t rank, const std::string &path)
    {
        run_on([&](diffmm_trainer *c) {
            return diffmm_trainer_save_at(c, rank, detail::text(path));
        });
    }
    best_epoch best() const
    {
        best_epoch found;
        const metrics *valid = nullptr, *test = nullptr;
        check(diffmm_trainer_best(get(), &found.epoch, &valid, &test));
        const std::size_t cutoffs = count_cutoffs();
        found.valid = {valid, cutoffs};
        found.test = {test, cutoffs};
        return found;
    }
    /** The model in training. It may outlive this object. */
    diffmm::model model() const
    {
        return diffmm::model(std::shared_ptr<diffmm_model>(shared(), diffmm_trainer_model(get())),
                             root());
    }

  private:
    using progress_function = std::function<bool(const progress &)>;
    /** Where C code finds the functions; one that runs while it is replaced lives until it returns.
     */
    struct functions {
        std::shared_ptr<progress_function> on_progress;
        std::shared_ptr<const diffmm::peers> peers;
    };

    template <class OnEpoch> struct following {
        OnEpoch *on_epoch;
        bool stopped;
    };

    trainer(std::shared_ptr<diffmm_trainer> owned, std::shared_ptr<const void> root,
            std::shared_ptr<functions> called)
        : handle(std::move(owned), std::move(root)), called_(std::move(called))
    {
    }
    static trainer create_with(dataset &data, const diffmm_options *wanted,
                               const diffmm::model &from)
    {
        const auto source = from.shared();
        return made(data, [&](auto *c, auto out) {
            return diffmm_trainer_create_from(c, wanted, source.get(), out);
        });
    }
    static trainer resume_with(dataset &data, const std::string &path, const diffmm_options *wanted)
    {
        return made(data, [&](auto *c, auto out) {
            return diffmm_trainer_resume(c, detail::text(path), wanted, out);
        });
    }
    static trainer resume_memory_with(dataset &data, span<const std::uint8_t> checkpoint,
                                      const diffmm_options *wanted)
    {
        return made(data, [&](auto *c, auto out) {
            return diffmm_trainer_resume_memory(c, checkpoint.data(), checkpoint.size(), wanted,
                                                out);
        });
    }
    /** A trainer that a C function makes on a data set. */
    template <class Create> static trainer made(dataset &data, Create create)
    {
        diffmm_trainer *created = nullptr;
        const auto root = data.root(); /* a loader may end the object `data` */
        const auto held = data.shared();
        auto called = std::make_shared<functions>();
        detail::run([&] { return create(held.get(), &created); });
        return trainer(detail::own(created, diffmm_trainer_destroy, root, held, called), root,
                       called);
    }
    /** The model of a final trainer that a C function makes of this one. It keeps alive what this one
     * keeps, such as features that were lent. */
    template <class Fit> diffmm::model final_model(const Fit &fit)
    {
        diffmm_trainer *finished = nullptr;
        const auto kept = shared(); /* a callback may end this object */
        const auto from = root();
        run_on([&](diffmm_trainer *c) { return fit(c, &finished); });
        const auto owned = detail::own(finished, diffmm_trainer_destroy, from, kept);
        return diffmm::model(std::shared_ptr<diffmm_model>(owned, diffmm_trainer_model(finished)),
                             from);
    }
    static diffmm_peers in_c(const diffmm::peers &with)
    {
        diffmm_peers c = {};
        c.struct_size = sizeof c;
        c.rank = with.rank;
        c.size = with.size;
        c.exchange = with.exchange ? exchange : nullptr;
        c.abandon = with.abandon ? abandon : nullptr;
        c.user_data = const_cast<diffmm::peers *>(&with);
        return c;
    }
    static diffmm::forecast foresee(dataset &data, const diffmm_options *wanted,
                                    std::size_t rank = 0, std::size_t size = 1)
    {
        diffmm::forecast out = {};
        out.struct_size = sizeof out;
        const auto held = data.shared();
        detail::run([&] {
            return diffmm_trainer_forecast_peer(held.get(), wanted, rank, size, &out);
        });
        return out;
    }
    static diffmm_seconds try_out(dataset &data, const diffmm_options *wanted, double seconds)
    {
        diffmm_seconds out = {};
        const auto held = data.shared();
        detail::run([&] { return diffmm_trainer_measure(held.get(), wanted, seconds, &out); });
        return out;
    }

    static int tell_progress(const diffmm_progress *at, void *user_data) noexcept
    {
        return detail::guarded([&] {
            const auto running = static_cast<functions *>(user_data)->on_progress;
            return (*running)(*at);
        });
    }
    static int exchange(std::int32_t to, const void *send, std::size_t send_bytes,
                        std::int32_t from, void *receive, std::size_t receive_bytes,
                        void *user_data) noexcept
    {
        return detail::guarded([&] {
            return static_cast<diffmm::peers *>(user_data)->exchange(
                to, {static_cast<const std::uint8_t *>(send), send_bytes}, from,
                {static_cast<std::uint8_t *>(receive), receive_bytes});
        });
    }
    static void abandon(std::int32_t status, void *user_data) noexcept
    {
        detail::guarded([&] {
            static_cast<diffmm::peers *>(user_data)->abandon(static_cast<diffmm_status>(status));
            return true;
        });
    }
    template <class State> static int tell_epoch(const diffmm_report *c, void *user_data) noexcept
    {
        return detail::guarded([&] {
            auto *state = static_cast<State *>(user_data);
            state->stopped = !detail::goes_on(*state->on_epoch, lend(*c));
            return !state->stopped;
        });
    }
    static diffmm::report lend(const diffmm_report &c)
    {
        diffmm::report out;
        out.epoch = c.epoch;
        out.best_epoch = c.best_epoch;
        out.finished = c.finished != 0;
        out.seconds = c.seconds;
        out.loss = c.loss;
        out.denoiser_loss = {c.denoiser_loss, c.modality_count};
        out.valid = {c.valid, c.cutoff_count};
        out.test = {c.test, c.cutoff_count};
        for (std::size_t phase = 0; phase < out.counted_flops.size(); phase++)
            out.counted_flops[phase] = c.counted_flops[phase];
        out.straight_flops = c.straight_flops;
        out.terms = {c.losses, c.loss_count};
        out.valid_cold_users = c.valid_cold_users;
        out.test_cold_users = c.test_cold_users;
        if (c.graph_measures)
            out.graph_measures = {c.graph_measures, c.modality_count};
        if (c.denoiser_measures)
            out.denoiser_measures = {c.denoiser_measures, c.modality_count};
        return out;
    }
    /** The option `cutoffs` is a list with a comma between two. */
    std::size_t count_cutoffs() const
    {
        std::size_t count = 1;
        for (char letter : model().setting("cutoffs"))
            count += letter == ',';
        return count;
    }

    std::shared_ptr<functions> called_;
};

/** Training pairs, each with an item that the user has not touched. */
struct training_pairs {
    std::vector<std::int32_t> user, positive, negative;
};

/** The pairs of an epoch in random order; the data set must be sealed.
 *  @see diffmm_sample_pairs() */
inline training_pairs sample_pairs(const dataset &data, detail::word seed, detail::word epoch)
{
    std::size_t count = data.interactions(DIFFMM_TRAIN);
    training_pairs pairs;
    for (std::vector<std::int32_t> *each : {&pairs.user, &pairs.positive, &pairs.negative})
        each->resize(count);
    check(diffmm_sample_pairs(data.get(), seed, epoch, pairs.user.data(), pairs.positive.data(),
                              pairs.negative.data(), &count));
    for (std::vector<std::int32_t> *each : {&pairs.user, &pairs.positive, &pairs.negative})
        each->resize(count);
    return pairs;
}

} // namespace DIFFMM_CPP
} // namespace diffmm

#endif
