# SPDX-License-Identifier: BSD-2-Clause
"""Writes spectral_basis_numbers.h: what numpy's singular value decomposition makes of small data.

    python3 spectral_basis_numbers.py >spectral_basis_numbers.h

The data are drawn by both sides from the same generator (support/draws.h). Since singular vectors are
known up to signs and rotations only, the numbers are projections B B^T w of vectors w.
"""

import numpy as np

WORD = (1 << 64) - 1


class Draws:
    """SplitMix64, as in tests/support/draws.h."""

    def __init__(self, seed):
        self.state = seed

    def real(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & WORD
        z = self.state
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & WORD
        z = (z ^ z >> 27) * 0x94D049BB133111EB & WORD
        return ((z ^ z >> 31) >> 11) * 2.0 ** -53


def world(case):
    """As begin_world() of test_spectral_basis.c."""
    draws = Draws(case['seed'])
    users, items, groups, width = case['users'], case['items'], case['groups'], case['width']
    train = np.zeros((users, items))
    for u in range(users):
        for i in range(items):
            like = 0.5 + 0.05 * (i % groups) if u % groups == i % groups else 0.05
            train[u, i] = draws.real() < like
    features = np.zeros((items, width), np.float32)
    for i in range(items):
        for c in range(width):
            features[i, c] = 3.0 * ((i % groups) == c) + (i % groups) * (c == 1) + 2.0 * draws.real() + 5.0
    vectors = np.array([[draws.real() for _ in range(3)] for _ in range(items)], np.float32)
    return train, features.astype(float), vectors.astype(float)


def basis(train, features, rank):
    users, items = train.sum(1), train.sum(0)
    scaled = train / np.sqrt((users[:, None] + 1) * (items[None, :] + 1))
    weight = 1 / np.sqrt(items + 1)
    known = np.linalg.qr(np.column_stack([weight * items, weight]))[0]
    right = np.linalg.svd(scaled - scaled @ known @ known.T)[2].T
    left, values, _ = np.linalg.svd(features - features.mean(0), full_matrices=False)
    of_features = min(rank // 4, int((values > 1e-3 * values[0]).sum()) if values.size else 0)
    columns = np.column_stack([items, np.ones(len(items)), right[:, :rank - 2 - of_features] / weight[:, None],
                               left[:, :of_features]])
    return np.linalg.qr(columns)[0]


# As many directions are asked of the interactions as there are contrasts of groups, behind which the singular values
# fall: where they do not, the directions are hardly defined. (With few items, all are computed exactly.)
CASES = [
    dict(name='few_items', seed=1, users=40, items=14, groups=3, width=4, rank=9),
    dict(name='groups', seed=2, users=160, items=90, groups=6, width=5, rank=9),
    dict(name='no_features', seed=3, users=120, items=70, groups=5, width=0, rank=6),
    dict(name='narrow_features', seed=4, users=300, items=60, groups=4, width=1, rank=6),
]

print('/* SPDX-License-Identifier: BSD-2-Clause */')
print('/* Written by spectral_basis_numbers.py. */')
print('#ifndef DIFFMM_TESTS_SPECTRAL_BASIS_NUMBERS_H')
print('#define DIFFMM_TESTS_SPECTRAL_BASIS_NUMBERS_H\n')
print('#include <stddef.h>\n#include <stdint.h>\n')
print('struct numbers {\n    const char *name;\n    uint64_t seed;\n'
      '    size_t users, items, groups, width, rank;\n    const float *projected; /* items x 3 */\n};\n')
for case in CASES:
    train, features, vectors = world(case)
    b = basis(train, features, case['rank'])
    numbers = ['%.8gf' % x if '.' in '%.8g' % x or 'e' in '%.8g' % x else '%.1ff' % x
               for x in (b @ (b.T @ vectors)).ravel()]
    print(f'static const float {case["name"]}_projected[] = {{')
    for k in range(0, len(numbers), 6):
        print('    ' + ', '.join(numbers[k:k + 6]) + ',')
    print('};\n')
print('static const struct numbers all_numbers[] = {')
for c in CASES:
    print(f'    {{"{c["name"]}", {c["seed"]}, {c["users"]}, {c["items"]}, {c["groups"]}, '
          f'{c["width"]}, {c["rank"]}, {c["name"]}_projected}},')
print('};\n\n#endif')
