# SPDX-License-Identifier: BSD-2-Clause
"""What several tests need: small data, and settings with which an epoch takes a moment."""

import os
import tempfile

import numpy as np

import diffmm

SETTINGS = {"hidden_sizes": 16, "embedding_size": 8, "batch": 64, "epochs": 3, "patience": 0,
            "cutoffs": "5,10"}


def address(array):
    return array.__array_interface__["data"][0]


def data(**fields):
    return diffmm.Dataset.synthetic(users=80, items=50, seed=7, **fields)


def trainer(dataset=None, **keywords):
    return diffmm.Trainer(dataset or data(), **{**SETTINGS, **keywords})


def pairs():
    """Two groups of 20 users and 15 items each; users touch items of their group."""
    user = np.repeat(np.arange(40), 6)
    item = (user % 2) * 15 + (user * 7 + np.tile([0, 1, 4, 9, 2, 7], 40)) % 15
    return user, item


def features(items=30, columns=4):
    """Features that name the group."""
    table = np.zeros((items, columns), np.float32)
    table[:items // 2, 0] = table[items // 2:, 1] = 1
    return table


def temporary_folder():
    return tempfile.TemporaryDirectory(prefix="diffmm-")


def path_in(folder, name):
    return os.path.join(folder, name)
