# SPDX-License-Identifier: BSD-2-Clause
"""examples/catalogue as a user runs it, on indices of a few made-up packages.

Packages belong to topics: a source package builds with packages of its own topic, and each package's
description and tags are made of its topic's words. So texts tell who builds with a new package, and
texts that were dealt out anew do not."""

import gzip
import lzma
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from collections import Counter

import numpy

SOURCE = os.environ["DIFFMM_SOURCE"]
CATALOGUE = os.path.join(SOURCE, "examples", "catalogue")
sys.path.insert(0, CATALOGUE)
import extract  # noqa: E402
import indices  # noqa: E402
import vectors  # noqa: E402

TOPICS, ITEMS, USERS = 8, 20, 40  # items and users of each topic
SMALL = ["--set", "hidden_sizes=16", "--set", "embedding_size=16", "--set", "batch=128",
         "--set", "learning_rate=0.02", "--threads", "1"]


def topic_of(name):
    return int(re.match(r"[a-z]+-(\d+)-", name)[1])


def write_text(path, text):
    opener = {".gz": gzip.open, ".xz": lzma.open}.get(os.path.splitext(path)[1], open)
    with opener(path, "wt", encoding="utf-8") as file:
        file.write(text)
    return path


def write_indices(folder, seed=1):
    """Sources, Packages (xz) and Translation-en (gz), and the pairs that they hold."""
    draw = random.Random(seed)
    sources, packages, translations, pairs = [], [], [], set()
    words = [[f"w{topic}x{number}".replace("w", "word") for number in range(30)]
             for topic in range(TOPICS)]
    for topic in range(TOPICS):
        for number in range(ITEMS):
            name = f"lib-{topic}-{number:02}"
            said = " ".join(draw.choices(words[topic], k=12) + ["library", "with"])
            packages.append(f"Package: {name}\nSection: libs{topic}\nDescription: short\n"
                            f"Tag: role::devel-lib, topic::t{topic},\n use::u{topic}\n")
            translations.append(f"Package: {name}\nDescription-md5: 0\nDescription-en: {said[:20]}\n"
                                f" {said[20:]}\n .\n The end.\n")
        for number in range(USERS):
            user = f"src-{topic}-{number:02}"
            found = draw.sample(range(ITEMS), 9)
            names = [f"lib-{topic}-{item:02}" for item in found]
            pairs.update((user, name) for name in names)
            first = ", ".join([names[0] + " (>= 1.2~)", names[1] + ":any | lib-0-00",
                               names[2] + " [amd64 !i386] <!nocheck>", *names[3:6]])
            sources.append(f"Package: {user}\nBinary: {user}\nBuild-Depends: debhelper-compat (= 13),\n"
                           f" debhelper, dh-thing, lib-unknown, {first}\n"
                           f"Build-Depends-Indep: {names[6]},\n {names[7]}\n"
                           f"Build-Depends-Arch: {names[8]}, {names[0]}\n"
                           f"Build-Conflicts: lib-{(topic + 1) % TOPICS}-00\n")
    packages += ["Package: debhelper\nSection: devel\n", "Package: dh-thing\nSection: devel\n",
                 "Package: lib-0-lonely\nSection: libs0\n"]
    sources.append("Package: src-0-small\nBuild-Depends: lib-0-lonely, lib-0-00, lib-0-01\n")
    pairs.update(("src-0-small", "lib-0-" + name) for name in ("lonely", "00", "01"))
    return {"sources": write_text(os.path.join(folder, "Sources"), "\n".join(sources)),
            "packages": write_text(os.path.join(folder, "Packages.xz"), "\n".join(packages)),
            "translations": write_text(os.path.join(folder, "Translation-en.gz"),
                                       "\n".join(translations))}, pairs


def run(program, *arguments):
    return subprocess.run([sys.executable, os.path.join(CATALOGUE, program), *arguments],
                          capture_output=True, text=True, check=False)


def lines_of(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read().splitlines()


class Whole(unittest.TestCase):
    """The steps of README.md, in their order, on one folder."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.indices, cls.pairs = write_indices(cls.folder)
        cls.data = os.path.join(cls.folder, "data")
        cls.prepared = cls.prepare("--out", cls.data)
        cls.trained = run("catalogue.py", "train", "--data", cls.data, "--epochs", "10",
                          "--final-fit", *SMALL)

    @classmethod
    def prepare(cls, *more):
        given = [word for name, path in cls.indices.items() for word in ("--" + name, path)]
        return run("catalogue.py", "prepare", *given, *more)

    def pairs_of(self, part):
        header, *rows = lines_of(self.data, part, "builds.tsv")
        self.assertEqual("user\titem", header)
        return [tuple(row.split("\t")) for row in rows]

    def vectors_of(self, part, modality):
        return numpy.load(os.path.join(self.data, part, modality + "_feat.npy"))

    def test_pairs(self):
        self.assertEqual("", self.prepared.stderr)
        self.assertIn(f"as found: {TOPICS * USERS + 1} users, {TOPICS * ITEMS + 1} items, "
                      f"{len(self.pairs)} pairs", self.prepared.stdout)
        known, new = self.pairs_of("known"), self.pairs_of("new")
        wanted = {pair for pair in self.pairs if not pair[0].endswith("small")}
        self.assertEqual(sorted(wanted), sorted(known + new))  # none twice either
        self.assertEqual(lines_of(self.data, "known", "item_ids.txt"),
                         sorted({item for _, item in known}))
        new_items = lines_of(self.data, "new", "item_ids.txt")
        self.assertEqual(new_items, sorted({item for _, item in new}))
        self.assertEqual(TOPICS * ITEMS // 10, len(new_items))

    def test_vectors(self):
        for modality, size in ("text", 128), ("tags", 64):
            known, new = self.vectors_of("known", modality), self.vectors_of("new", modality)
            self.assertEqual((144, size), known.shape)
            self.assertEqual((16, size), new.shape)
            # A new item is nearest to those of its topic, though it was not there when they were made.
            near = numpy.argmax(new @ known.T, axis=1)
            known_ids = lines_of(self.data, "known", "item_ids.txt")
            for name, row in zip(lines_of(self.data, "new", "item_ids.txt"), near):
                self.assertEqual(topic_of(name), topic_of(known_ids[row]))

    def test_recommendations(self):
        self.assertEqual("", self.trained.stderr)
        self.assertIn("test Recall@20 ", self.trained.stdout)
        new, hits = set(lines_of(self.data, "new", "item_ids.txt")), Counter()
        users = [f"src-{topic}-03" for topic in range(TOPICS)]
        out = run("catalogue.py", "recommend", "--data", self.data, "--count", "6",
                  "--boost", "2", *users)
        self.assertEqual("", out.stderr)
        for line in out.stdout.splitlines():
            if " builds with " in line:
                user = line.split()[0]
                seen = set(line.split(": ")[1].split(", "))
                continue
            item = line.split()[1]
            self.assertNotIn(item, seen)
            self.assertEqual(item in new, line.endswith(" *"))
            hits[topic_of(item) == topic_of(user)] += 1
            hits["new"] += item in new
        self.assertEqual(6 * TOPICS, hits[True] + hits[False])
        self.assertGreater(hits[True], 5 * TOPICS)
        self.assertGreater(hits["new"], 0)

    def test_a_text_is_placed(self):
        out = run("catalogue.py", "place", "--data", self.data, "--count", "5", "--text",
                  "word3x1 word3x2 word3x5 word3x7 word3x9", "--tag", "topic::t3")
        self.assertEqual("", out.stderr)
        names = [line.split()[1] for line in out.stdout.splitlines() if line.startswith(" ")]
        self.assertEqual(10, len(names))
        self.assertEqual({3}, {topic_of(name) for name in names})

    def test_what_texts_are_worth(self):
        out = run("measure.py", "--data", self.data, "--count", "3", "--epochs", "3", *SMALL)
        self.assertEqual("", out.stderr)
        found = {}
        for line in out.stdout.splitlines():
            match = re.match(r" *1 (as they are|permuted|none|popularity) +([01]\.\d+) +([01]\.\d+)", line)
            if match:
                found[match[1]] = float(match[2]), float(match[3])
        for name in "none", "popularity":  # chance
            self.assertEqual(3 / 16, round(found[name][1], 4))
        for name in "as they are", "permuted", "none":
            self.assertGreater(found[name][0], 2 * found["popularity"][0])
        self.assertGreater(found["as they are"][1], 0.9)
        self.assertLess(found["permuted"][1], 0.6)
        mean, error = re.search(r"permuted, new: +([+-][.\d]+) \+- ([.\d]+)", out.stdout).groups()
        self.assertAlmostEqual(found["as they are"][1] - found["permuted"][1], float(mean), delta=2e-4)
        self.assertTrue(0 < float(error) < float(mean))
        self.assertIn("as they are - none, known: ", out.stdout)

    def test_seeds(self):
        again, other = (os.path.join(self.folder, name) for name in ("again", "other"))
        self.prepare("--out", again)
        self.prepare("--out", other, "--seed", "2")
        for path in ("known/builds.tsv", "known/text_feat.npy", "new/tags_feat.npy",
                     "new/item_ids.txt"):
            parts = []
            for folder in self.data, again, other:
                with open(os.path.join(folder, path), "rb") as file:
                    parts.append(file.read())
            self.assertEqual(parts[0], parts[1])
            self.assertNotEqual(parts[0], parts[2])

    @unittest.skipUnless(shutil.which("fasttext"), "there is no program fasttext")
    def test_fasttext(self):
        folder = os.path.join(self.folder, "fasttext")
        self.assertEqual("", self.prepare("--out", folder, "--vectors", "fasttext").stderr)
        rows = numpy.load(os.path.join(folder, "new", "text_feat.npy"))
        self.assertEqual((16, 128), rows.shape)
        self.assertTrue(rows.any(axis=1).all())
        run("catalogue.py", "train", "--data", folder, "--epochs", "1", *SMALL)
        out = run("catalogue.py", "place", "--data", folder, "--text", "word3x1 word3x2")
        self.assertEqual("", out.stderr)
        # Vectors of the other kind take their place.
        self.prepare("--out", folder)
        self.assertFalse(os.path.exists(os.path.join(folder, "text_vectors.bin")))

    def test_refusals(self):
        odd = write_text(os.path.join(self.folder, "odd"), "no such index\n")
        broken = os.path.join(self.folder, "broken.xz")
        with open(self.indices["packages"], "rb") as file, open(broken, "wb") as cut:
            cut.write(file.read()[:200])
        out = os.path.join(self.folder, "refused")
        for more, wanted in (
                (["--sources", odd], f"{odd} has no paragraph with a field Package"),
                (["--packages", broken], f"{broken} cannot be read: "),
                (["--translations", os.path.join(self.folder, "none")], "No such file"),
                (["--core", "100"], "no user and item have 100 pairs"),
        ):
            refused = self.prepare("--out", out, *more)
            self.assertEqual(1, refused.returncode)
            self.assertRegex(refused.stderr, "^catalogue.py: ")
            self.assertIn(wanted, refused.stderr)
        nothing = run("catalogue.py", "prepare", "--out", out)
        self.assertIn("prepare needs --fetch, --this-machine, or --sources", nothing.stderr)
        self.assertFalse(os.path.exists(out))
        for command in ["recommend", "--data", out, "x"], ["place", "--data", out, "--text", "x"]:
            refused = run("catalogue.py", *command)
            self.assertEqual(1, refused.returncode)
            self.assertRegex(refused.stderr, "^catalogue.py: .*refused")
        unknown = run("catalogue.py", "recommend", "--data", self.data, "src-9-99")
        self.assertRegex(unknown.stderr, "^catalogue.py: .*src-9-99")


class Parts(unittest.TestCase):

    def test_core(self):
        # u3 goes for its one pair, then c for its one, and u2 with it.
        pairs = {("u1", "a"), ("u1", "b"), ("u4", "a"), ("u4", "b"), ("u2", "c"), ("u2", "a"),
                 ("u3", "c")}
        self.assertEqual({("u1", "a"), ("u1", "b"), ("u4", "a"), ("u4", "b")},
                         extract.core(pairs, 2))
        self.assertEqual(pairs, extract.core(pairs, 1))
        self.assertEqual(set(), extract.core(pairs, 3))

    def test_paragraphs(self):
        with tempfile.TemporaryDirectory() as folder:
            path = write_text(os.path.join(folder, "Index"),
                              "Package: a\nOther: x\nTag: t,\n u\n\n\nTag: none\n \n\nPackage:b\n")
            self.assertEqual([{"Package": "a", "Tag": "t,\n u"}, {"Package": "b"}],
                             list(indices.paragraphs(path, "Package", "Tag")))

    def test_decomposition(self):
        """The rows have the inner products of the best approximation of that rank."""
        draw = numpy.random.default_rng(3)
        documents = [[f"t{number}" for number in draw.integers(0, 40, 15) + 20 * (row % 4)]
                     for row in range(200)]
        mapping = vectors.HashedText.fit(documents + [[]], 8)
        rows = mapping.of(documents + [[]])
        self.assertFalse(rows[-1].any())
        whole = vectors.HashedText.fit(documents, 200).of(documents).astype(float)
        numpy.testing.assert_allclose(1, numpy.linalg.norm(whole, axis=1), atol=1e-5)
        left, values, _ = numpy.linalg.svd(whole, full_matrices=False)
        best = left[:, :8] * values[:8]
        numpy.testing.assert_allclose(numpy.linalg.svd(rows, compute_uv=False), values[:8], rtol=0.01)
        error = numpy.linalg.norm(rows[:-1] @ rows[:-1].T - best @ best.T)
        self.assertLess(error, 0.02 * numpy.linalg.norm(best @ best.T))

    def test_no_words(self):
        with self.assertRaises(vectors.VectorFailure):
            vectors.HashedText.fit([[], []], 4)


if __name__ == "__main__":
    unittest.main()
