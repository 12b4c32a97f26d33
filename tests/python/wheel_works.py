# SPDX-License-Identifier: BSD-2-Clause
"""In a process with a wheel that brings the library: trains on compressed files, recommends, and looks
where the libraries in this process come from. usage: wheel_works.py FOLDER-OF-THE-MODULE"""

import gzip
import os
import re
import sys
import tempfile

import numpy as np

import diffmm

module = os.path.realpath(sys.argv[1])
assert os.path.realpath(diffmm.__file__).startswith(module + os.sep), diffmm.__file__

with tempfile.TemporaryDirectory(prefix="diffmm-") as folder:
    os.chdir(folder)
    with gzip.open("clicks.tsv.gz", "wt", encoding="utf-8") as table:
        table.write("user\titem\n")
        for k in range(240):
            table.write(f"u{k % 40}\t{k % 2 * 15 + k * k // 7 % 15}\n")
    np.savez("cover.npz", np.repeat(np.eye(2, dtype=np.float32), 15, axis=0))
    data = diffmm.Dataset()
    data.declare_items(range(30))
    data.read_interactions("clicks.tsv.gz")
    data.add_modality("cover", "cover.npz")
    model = diffmm.fit(data, epochs=2, hidden_sizes=16, embedding_size=8)
    model.save("model.safetensors")
    hits = diffmm.Scorer("model.safetensors").recommend(["u3", "u4"], count=5)
    os.chdir("/")
assert [len(row) for row in hits] == [5, 5], hits

with open("/proc/self/maps", encoding="utf-8") as file:
    loaded = set(re.findall(r"(/\S*/(?:libdiffmm|libblis|libjansson|libzip|libzstd)\b\S*)", file.read()))
assert len(loaded) == 5, loaded
for path in loaded:
    assert path.startswith(module + os.sep), f"{path} is not the wheel's"
print(diffmm.version(), hits[0][0])
