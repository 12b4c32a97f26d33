#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Write the seeds of every harness into a folder (tests/fuzz/corpus): small files of each kind, as
other programs write them, and some that are wrong. Needs numpy and scipy, and the library and two
programs of a build folder, for model files and checkpoints:

    python3 tests/fuzz/make_corpus.py tests/fuzz/corpus build
"""
import gzip
import io
import json
import os
import pickle
import random
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from scipy import sparse

ENTRIES = ([0, 0, 1, 2, 2], [1, 3, 0, 2, 3])


def matrix(kind, dtype, shape=(3, 4)):
    coo = sparse.coo_matrix((np.ones(5, dtype), ENTRIES), shape=shape)
    return coo if kind == "coo" else coo.tocsr()


def npy(array):
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def npy_seeds():
    values = np.sin(np.arange(12)).reshape(4, 3)
    for dtype in "<f2", "<f4", "<f8", ">f4", ">f8", "<i4":
        yield dtype.replace("<", "little_").replace(">", "big_"), npy(values.astype(dtype))
    yield "fortran", npy(np.asfortranarray(values.astype("<f4")))
    yield "empty", npy(np.zeros((0, 3), "<f4"))
    yield "one", npy(np.ones((1, 1), "<f4"))
    yield "nan", npy(np.full((2, 2), np.nan, "<f4"))
    yield "three_dimensions", npy(np.zeros((2, 2, 2), "<f4"))
    whole = npy(values.astype("<f4"))
    yield "version_2", whole[:6] + b"\2\0" + struct.pack("<I", len(whole) - 10 - 48) + whole[10:]
    claim = whole[:10] + whole[10:128].replace(b"(4, 3)", b"(1000000000000, 3)")
    yield "claims_too_much", claim[:128]
    yield "cut", whole[:-5]


def pickle_seeds():
    for protocol in 2, 3, 4, 5:
        yield f"coo_{protocol}", pickle.dumps(matrix("coo", "<f4"), protocol)
        yield f"csr_{protocol}", pickle.dumps(matrix("csr", "<f8"), protocol)
    yield "int8", pickle.dumps(matrix("coo", "i1"), 4)
    yield "bool", pickle.dumps(matrix("csr", "?"), 4)
    yield "none", pickle.dumps(sparse.coo_matrix((3, 4)), 4)
    yield "many_rows", pickle.dumps(matrix("coo", "<f4", (5000, 6000)), 4)
    yield "claims_too_much", pickle.dumps(matrix("coo", "<f4", (2**31 - 1, 4)), 4)
    yield "csc", pickle.dumps(matrix("csr", "<f4").tocsc(), 4)
    yield "list", pickle.dumps([1, 2.5, "three", None, {4: 5}], 4)
    yield "calls", b"\x80\x02cposix\nsystem\nX\x04\0\0\0true\x85R."
    yield "cut", pickle.dumps(matrix("coo", "<f4"), 4)[:-30]


def features_npz_seeds():
    values = np.sin(np.arange(12, dtype="<f4")).reshape(4, 3)
    ids = {"text": np.array(["a", "b", "0", "\u00e9"]), "bytes": np.array([b"a", b"1", b"b", b"c"]),
           "integers": np.arange(4), "twice": np.array(["a", "b", "a", "c"]),
           "too_few": np.arange(3), "big": np.array(["a", "1", "x", "y"], ">U2")}
    for name, array in ids.items():
        for save in np.savez, np.savez_compressed:
            out = io.BytesIO()
            save(out, features=values, ids=array)
            yield f"{name}_{save.__name__}", out.getvalue()
    out = io.BytesIO()
    np.savez(out, np.asfortranarray(values.astype("<f2")))
    yield "fortran", out.getvalue()


def safetensors(tensors):
    """Tensors by name: type, shape, bytes."""
    at, header, data = 0, {}, b""
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(content)]}
        at += len(content)
        data += content
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def features_safetensors_seeds():
    values = np.sin(np.arange(12)).reshape(4, 3)
    for dtype, name in ("<f2", "F16"), ("<f4", "F32"), ("<f8", "F64"), ("i1", "I8"), ("<i8", "I64"):
        yield name, safetensors({"a": (name, [4, 3], values.astype(dtype).tobytes())})
    half = values.astype("<f4").view("<u2")[:, 1::2].tobytes()
    ids = np.array([1, 0, 7, 9], "<i8").tobytes()
    yield "BF16_with_ids", safetensors({"ids": ("I64", [4], ids), "b": ("BF16", [4, 3], half)})
    yield "two", safetensors({"a": ("BF16", [4, 3], half), "b": ("BF16", [3, 4], half)})
    yield "does_not_fit", safetensors({"a": ("F16", [4, 4], half)})


def features_text_seeds():
    yield "word2vec", b"3 2\na 0.5 1\nb 2 -3e-1\n0 1 1\n"
    yield "glove", b"a 0.5 1\nb 2 -3e-1\n"
    yield "fasttext", b"2 2\na 0.5 1 \n0 2 -3e-1 \n"
    yield "one_number", b"a 1\nb 2\n"
    yield "wrong_header", b"3 2\na 0.5 1\n"
    yield "twice", b"a 0.5 1\na 2 3\n"
    yield "no_number", b"a 0.5 x\n"
    yield "large", b"a 1e39\n"


def row_id_seeds():
    yield "plain", b"a\nb\n0\n\xc3\xa9\n"
    yield "integers", b"3\r\n1\r\n0\r\n2"
    yield "none_match", b"x\ny\nz\nw\n"
    yield "twice", b"a\nb\na\nc\n"
    yield "too_few", b"a\nb\n"
    yield "empty_line", b"a\n\nb\nc\n"
    yield "not_utf8", b"a\n\xff\nb\nc\n"


def npz_seeds():
    for kind in "coo", "csr":
        for compressed in False, True:
            out = io.BytesIO()
            sparse.save_npz(out, matrix(kind, "<f4"), compressed)
            yield f"{kind}_{'deflated' if compressed else 'stored'}", out.getvalue()
    out = io.BytesIO()
    sparse.save_npz(out, matrix("coo", "<f4").tocsc(), False)
    yield "csc", out.getvalue()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("format.npy", npy(np.array(b"coo")))
        archive.writestr("data.npy", npy(np.zeros(100000, "<f8")))
    yield "packed_tight", out.getvalue()
    yield "empty", b"PK\5\6" + bytes(18)
    yield "claims_many_members", b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 65535, 65535, 0, 0, 0)
    yield "claims_more_members", (
        b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 2**40, 2**40, 46, 0)
        + b"PK\6\7" + struct.pack("<IQI", 0, 0, 1)
        + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0))


def member_seeds():
    """Of fuzz_npz_members.c: which member, its length, its bytes."""
    names = ["format", "shape", "data", "row", "col", "indptr", "indices"]
    coo, csr = matrix("coo", "<f4"), matrix("csr", "i1")
    contents = {
        "coo": {"format": np.array(b"coo"), "shape": np.array((3, 4)), "data": coo.data,
                "row": coo.row, "col": coo.col},
        "csr": {"format": np.array("csr"), "shape": np.array((3, 4), ">i8"), "data": csr.data,
                "indptr": csr.indptr, "indices": csr.indices},
        "claims_too_much": {"format": np.array(b"coo"), "shape": np.array((10**12, 4)),
                            "data": coo.data, "row": coo.row, "col": coo.col},
    }
    for name, members in contents.items():
        pieces = [(names.index(member), npy(array)) for member, array in members.items()]
        yield name, b"".join(struct.pack("<BH", i, len(data)) + data for i, data in pieces)


def table_seeds():
    yield "tabs", b"user\titem\tsplit\nann\tred\ttrain\nann\tblue\tvalid\nbob\tred\t\n"
    yield "commas", b'user,item\n"a ""quoted"" one",x\n"two\nlines",y\r\nz,"x"\n'
    yield "more_columns", b"when,item,user\n1,i,u\n2,j,u\n"
    yield "mark", b"\xef\xbb\xbfuser\titem\r\nu\ti\r\n\r\n"
    yield "no_header", b"1\t2\n3\t4\n"
    yield "not_utf8", b"user\titem\n\xff\xfe\ti\n"
    yield "empty_value", b"user\titem\nu\t\n"
    yield "numbers", b"user\titem\n0\t1\n1\t0\n2\t2\n"
    yield "nothing", b""
    yield "u.data", b"196\t242\t3\t881250949\n186\t302\t3\t891717742\n"
    yield "ratings.dat", b"1::1193::5::978300760\n1::661::3::978302109\n"
    yield "mmrec.inter", b"userID\titemID\trating\ttimestamp\tx_label\n0\t1\t5.0\t13\t0\n0\t2\t4.0\t14\t1\n"
    yield "book-crossing", b'"User-ID";"ISBN";"Book-Rating"\r\n"276725";"034545104X";"0"\r\n'
    yield "amazon", b"0001713353,A1C6M8LCIX4M6M,5.0,1123804800\n"
    yield "dates", b"user,item,time\nu,i,2024-05-31T10:00:00Z\nv,j,2024-02-29 10:00+02:00\n"
    yield "spaces", b"1 2 5\n 1   3 4 \n"
    yield "format", b"\x0b\x11\x03\x00who;what;how;part\nu;i;3;0\nv;j;;2\n"
    packed = b"user,item,rating\n" + b"".join(b"u%d,i%d,%d\n" % (i % 7, i % 11, i % 5) for i in range(90))
    yield "gzip", gzip.compress(packed, mtime=0) + gzip.compress(b"x,y,1\n", mtime=0)
    yield "gzip_cut", gzip.compress(packed, mtime=0)[:-9]
    # A zstd frame of one raw block, by RFC 8878.
    yield "zstd", (b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", len(packed)) +
                   struct.pack("<I", 1 | len(packed) << 3)[:3] + packed)
    yield "long", b"user,item\n" + b"".join(b"u%d,i%d\n" % (i % 7, i % 11) for i in range(60))


def item_id_seeds():
    yield "two", b"a\nb\n"
    yield "more", b"x\r\nb\r\ny\r\na"
    yield "repeated", b"a\na\nb\n"
    yield "missing", b"a\n"
    yield "empty_line", b"a\n\nb\n"


def option_seeds():
    yield "presets", b"tiktok\nbaby\nsports\nnone"
    yield "numbers", b"learning_rate=1e-3\ntemperature=0.5\nseed=18446744073709551615\nepochs=007"
    yield "lists", b"hidden_sizes=200, 600\ncutoffs=10,20,50\nhidden_sizes=1,,2"
    yield "words", b"projection=linear\nmodality.image.projection=leaky\nselect=test\nnorm=yes"
    yield "symbols", b"tau=0.1\nd=32\nL=2\nrho=0.5\nK=5\nlr=1"
    yield "wrong", b"tau=-1\nepochs=1.5\nmodality.*.projection=leaky\nunknown=1\n=\nnorm="


# Adds an item to a model file that was not trained.
EXTEND = "import sys, diffmm; diffmm.Scorer(sys.argv[1]).extend([[1, 2]], ids=['new']).save(sys.argv[1])"


def model_seeds(train):
    with tempfile.TemporaryDirectory() as folder:
        table, model = Path(folder, "clicks.tsv"), Path(folder, "model.safetensors")
        for kind, users in ("names", ["ann", "bob", "cid"]), ("numbers", ["0", "1", "2"]):
            rows = [f"{user}\t{i}" for u, user in enumerate(users) for i in range(4) if (u + i) % 3]
            table.write_text("user\titem\n" + "\n".join(rows) + "\n")
            np.save(Path(folder, "image_feat.npy"), np.sin(np.arange(8, dtype="<f4")).reshape(4, 2))
            for projection in "leaky", "linear":
                sizes = ["embedding_size=2", "hidden_sizes=2", "time_embedding_size=2", "epochs=1",
                         f"projection={projection}"]
                sets = [word for size in sizes for word in ("--set", size)]
                subprocess.run([train, "--data", table, "--model", model, *sets], check=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                yield f"{kind}_{projection}", model.read_bytes()
        splits = "train", "train", "valid", "test"  # what was held out is marked in the file
        rows = [f"{u}\t{i}\t{splits[(u + i) % 4]}" for u in range(3) for i in range(4)]
        table.write_text("user\titem\tsplit\n" + "\n".join(rows) + "\n")
        subprocess.run([train, "--data", table, "--model", model, *sets], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        yield "held_out", model.read_bytes()
        subprocess.run([sys.executable, "-c", EXTEND, model], check=True, env={
            **os.environ, "DIFFMM_LIBRARY": str(train.parents[1] / "lib/libdiffmm.so.1"),
            "PYTHONPATH": str(Path(__file__).parents[2] / "examples/python")})
        yield "extended", model.read_bytes()
    whole = model.read_bytes() if model.exists() else b""
    yield "no_tensors", struct.pack("<Q", 2) + b"{}" + whole
    yield "claims_too_much", struct.pack("<Q", 10**12) + b"{"


# Calls of fuzz_api.c, as kinds and numbers of its tables.
PREPARE, OPTIONS, WAYS, SEAL, EVALUATE = (2, 1), (2, 13), (2, 12), (2, 9), (2, 11)
MODEL, FORWARD, OBJECTIVE, TRAINER, EPOCH, FIT = (5, 0), (5, 1), (5, 2), (5, 5), (5, 7), (5, 9)
SCORER, RECOMMEND, SCORE, SAVE, RESUME = (5, 11), (5, 12), (5, 13), (5, 14), (5, 16)


def api_seeds():
    draw = random.Random(1)
    lives = {
        "train": [PREPARE, OPTIONS, WAYS, TRAINER, EPOCH, EPOCH, SCORER, RECOMMEND, SCORE],
        "fit": [PREPARE, OPTIONS, WAYS, WAYS, TRAINER, FIT, RESUME, EPOCH, SCORER, RECOMMEND, SAVE],
        "model": [PREPARE, SEAL, MODEL, FORWARD, OBJECTIVE, FORWARD, SCORER, RECOMMEND, EVALUATE],
        "arrays": [(0, i) for i in range(14)],
        "graphs": [(0, 8)] + [(1, i) for i in range(6)],
        "datasets": [(2, i) for i in range(18)],
    }
    for name, calls in lives.items():
        for version in range(3):
            records = (bytes(call) + bytes(draw.randrange(256) & (127 if version else 1)
                                           for _ in range(22)) for call in calls)
            yield f"{name}_{version}", b"".join(records)


def arrow_seeds():
    """Bytes that fuzz_arrow.c makes tables of; half of them small, as kinds and lengths are."""
    draw = random.Random(4)
    for number in range(24):
        yield f"made_{number:02}", bytes(draw.choice((draw.randrange(256), draw.randrange(8)))
                                         for _ in range(40 + 20 * number))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    corpus, build = Path(sys.argv[1]), Path(sys.argv[2])
    targets = {
        "arrow": arrow_seeds(),
        "npy": npy_seeds(), "npz": npz_seeds(), "npz_members": member_seeds(),
        "pickle": pickle_seeds(), "table": table_seeds(), "item_ids": item_id_seeds(),
        "features_npz": features_npz_seeds(), "features_safetensors": features_safetensors_seeds(),
        "features_text": features_text_seeds(), "row_ids": row_id_seeds(),
        "options": option_seeds(), "model": model_seeds(build / "examples/diffmm_train"), "api": api_seeds(),
    }
    for target, seeds in targets.items():
        folder = corpus / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in seeds:
            (folder / name).write_bytes(data)
    (corpus / "checkpoint").mkdir(exist_ok=True)
    subprocess.run([build / "tests/fuzz/fuzz_make_checkpoints", corpus / "checkpoint",
                    corpus / "module"], check=True)


if __name__ == "__main__":
    main()
