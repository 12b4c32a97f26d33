#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""From data to recommendations: train, follow the epochs, save, open the file again, recommend.

    python3 train.py --data clicks.tsv --epochs 30 --model model.safetensors --set ssl_reg=0.1

Ctrl-C stops at the next step; the best epoch so far is saved all the same."""

import argparse
import sys

import diffmm


def read_arguments():
    parser = argparse.ArgumentParser(description="Train a recommender and recommend with it.")
    parser.add_argument("--data", default="synthetic",
                        help="a folder or an interactions file, with NAME_feat.npy beside it; "
                        "by default made-up data")
    parser.add_argument("--preset", choices=["tiktok", "baby", "sports", "tiktok-spectral",
                                             "debian-spectral"])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="settings",
                        help="a setting; may be repeated")
    parser.add_argument("--model", default="model.safetensors", help="where to save the model")
    parser.add_argument("--user", help="whom to recommend to; by default the first user")
    parser.add_argument("--count", type=int, default=10)
    return parser.parse_args()


def print_epoch(report):
    took = sum(report.seconds)
    held_out = report.valid.users or report.test.users  # else the last epoch is the best
    print(f"epoch {report.epoch}: loss {report.loss.total:.4f}, " +
          (f"valid Recall@{report.valid.cutoff} {report.valid.recall:.4f}, "
           if report.valid.users else "") + f"{took:.1f} s" +
          (", the best so far" if held_out and report.epoch == report.best_epoch else ""))


def train(arguments, context):
    if arguments.data == "synthetic":
        data = diffmm.Dataset.synthetic(context=context)
    else:
        data = diffmm.Dataset.open(arguments.data, context=context)
    data.seal()
    print(f"{data.users} users, {data.items} items, {data.interactions()} training pairs, "
          f"modalities {data.modalities}")

    options = diffmm.Options(preset=arguments.preset, epochs=arguments.epochs, context=context)
    for setting in arguments.settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise ValueError(f"--set {setting}: not of the form NAME=VALUE")
        options[name] = value
    expected = diffmm.forecast(data, options)
    print(f"at most {expected.peak_bytes / 1e6:.0f} MB")

    trainer = diffmm.Trainer(data, options)
    interrupted = False
    try:
        trainer.fit(on_epoch=print_epoch)
    except KeyboardInterrupt:
        interrupted = True
    best = trainer.best()  # raises, if not even one epoch was done
    if best.test.users:
        print(f"best epoch {best.epoch}: test Recall@{best.test.cutoff} {best.test.recall:.4f}")
    elif best.valid.users:
        print(f"best epoch {best.epoch}, chosen by valid: nothing is held out for a test")
    else:
        print(f"last epoch {best.epoch}: nothing is held out to choose or test by")

    # However it ended, fit() has made the best epoch's parameters the model's: numpy arrays.
    embedding = trainer.model.parameters["user_embedding"]
    print(f"user_embedding: {embedding.shape}, mean square {(embedding**2).mean():.4f}")
    trainer.model.save(arguments.model)
    return 130 if interrupted else 0


def recommend(arguments, context):
    """As another process would: a scorer needs the model's file alone."""
    scorer = diffmm.Scorer(arguments.model, context=context)
    user = arguments.user or scorer.user_id(0)
    count = min(arguments.count, scorer.items)
    print(f"the best {count} items for user {user}, from {arguments.model}:")
    for item, score in scorer.recommend(user, count):
        print(f"{score:10.4f}  {item}")


def main():
    arguments = read_arguments()
    sys.stdout.reconfigure(errors="backslashreplace")  # paths and ids need not be UTF-8
    try:
        context = diffmm.Context(threads=arguments.threads)
        code = train(arguments, context)
        recommend(arguments, context)
        return code
    except (diffmm.Error, OverflowError, ValueError) as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
