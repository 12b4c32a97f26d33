#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""diffmm_train --report and --csv: a page that is well-formed and needs nothing else, with the log's
numbers; names that are markup; files that cannot be written.

    test_report.py DIFFMM_TRAIN"""

import csv
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as tree
from html.parser import HTMLParser

PROGRAM = ""
SMALL = ["--set", "hidden_sizes=8", "--set", "embedding_size=8", "--set", "batch=512",
         "--set", "patience=0", "--set", "cutoffs=5,20", "--threads", "2"]
HOSTILE = "<script>alert(1)&\"' --><!--"
XHTML = "{http://www.w3.org/1999/xhtml}"


def flat(line, prefix=""):
    """Numbers of a line of the log by their paths."""
    found = {}
    for key, value in line.items():
        if isinstance(value, dict):
            found.update(flat(value, f"{prefix}{key}."))
        elif value is not None:
            found[prefix + key] = value
    return found


class Names(HTMLParser):
    """The elements, and the text that is not style, as an HTML parser sees them."""

    def __init__(self):
        super().__init__()
        self.elements, self.attributes, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        if self.elements[-1:] != ["style"]:
            self.text += data


class Report(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="diffmm-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def train(self, *arguments, data="synthetic", status=0):
        """Run the program; what it says on stderr. `self.said` is what it says on stdout."""
        done = subprocess.run([PROGRAM, "--data", data, *SMALL, *arguments], cwd=self.folder,
                              capture_output=True, text=True, errors="replace", check=False)
        self.assertEqual(status, done.returncode, done.stderr)
        self.said = done.stdout
        return done.stderr

    def page(self, name="page.html"):
        """The page, well-formed, as a tree."""
        text = (self.folder / name).read_text(encoding="utf-8")
        root = tree.fromstring(text)
        names = Names()
        names.feed(text)
        self.assertEqual([], sorted({"script", "img", "link", "iframe", "object", "a"} &
                                    set(names.elements)))
        for key, value in names.attributes:
            self.assertFalse(key.startswith("on") or key in ("src", "href", "style"), key)
            self.assertTrue(key == "xmlns" or "//" not in (value or ""), value)
        style = root.find(f".//{XHTML}style").text
        self.assertNotRegex(style, r"url\(|@import")
        self.assertIn("prefers-color-scheme: dark", style)
        return root

    def log(self, name="log"):
        lines = [json.loads(line) for line in (self.folder / name).read_text().splitlines()]
        return [flat(line) for line in lines[:-1]], lines[-1]["result"]

    def check_epochs(self, root, epochs):
        """The page's table and the CSV have exactly the log's numbers."""
        table = root.find(f".//{XHTML}table[@id='epochs']")
        rows = [["".join(cell.itertext()) for cell in row] for row in table]
        with open(self.folder / "table.csv", newline="", encoding="utf-8") as file:
            from_csv = list(csv.reader(file))
        self.assertEqual(from_csv[0], rows[0])
        self.assertEqual({name for epoch in epochs for name in epoch}, set(rows[0]))
        self.assertEqual(len(rows[0]), len(set(rows[0])))
        for table in (rows, from_csv):
            self.assertEqual(epochs, [{name: float(cell) for name, cell in zip(table[0], row) if cell}
                                      for row in table[1:]])

    def charts(self, root):
        """Pictures by title: each line's name with its points."""
        found = {}
        for figure in root.iter(f"{XHTML}figure"):
            title = figure.find(f"{XHTML}figcaption").text
            self.assertNotIn(title, found)
            points = {}
            for point in figure.iter(f"{XHTML}circle"):
                name, epoch, value = re.fullmatch(r"(.*), epoch (\d+): (\S+)",
                                                  point[0].text, re.DOTALL).groups()
                points.setdefault(name, {})[int(epoch)] = (float(point.get("cy")), float(value))
            found[title] = points
        return found

    def test_numbers_are_those_of_the_log(self):
        self.train("--epochs", "4", "--set", "measure=full", "--report", "page.html", "--csv",
                   "table.csv", "--log", "log")
        root, (epochs, result) = self.page(), self.log()
        self.check_epochs(root, epochs)
        charts = self.charts(root)
        self.assertEqual(
            {f"{metric}@{cutoff}" for metric in ("recall", "precision", "ndcg")
             for cutoff in (5, 20)} |
            {"contrastive", "bpr", "regularizer", "denoisers", "seconds", "distinct neighbours",
             "share of hubs: edges of the ten commonest items", "share of edges that training has",
             "mean rank of neighbours by popularity", "agreement with the epoch before",
             "similarity to own items, beyond random ones", "hit rate on held-out items",
             "recall@5 of denoisers", "training items that denoisers restore"}, set(charts))
        for title, column, lines in (("recall@20", "{}.recall@20", ("valid", "test")),
                                     ("bpr", "loss.{}", ("bpr",)),
                                     ("denoisers", "loss.denoiser.{}", ("image", "text")),
                                     ("distinct neighbours", "graph.{}.distinct_items",
                                      ("image", "text"))):
            self.assertEqual(set(lines), set(charts[title]))
            for name in lines:
                values = {epoch: value for epoch, (_, value) in charts[title][name].items()}
                self.assertEqual({number: epoch[column.format(name)]
                                  for number, epoch in enumerate(epochs, 1)}, values)
                heights = sorted((value, -y) for y, value in charts[title][name].values())
                self.assertEqual(heights, sorted(heights, key=lambda pair: (pair[1], pair[0])))
        text = "".join(root.itertext())
        self.assertIn(f"best: {result['epoch']}", text)
        self.assertIn(f"Epoch {result['epoch']} of 4, the best by valid.", text)
        for split in ("valid", "test"):
            for name, value in result["popularity"][split].items():
                self.assertIn(f"{value:.4g}", text)
                self.assertIn(f"{result[split][name]:.4g}", text)
        self.assertIn("hidden_sizes8", text)
        self.assertIn("contrastive.enabledtrue", text)

    def test_one_epoch_without_anything_held_out(self):
        (self.folder / "few.tsv").write_text("user\titem\n" + "".join(
            f"{user}\t{(user * 7 + k) % 20}\n" for user in range(20) for k in range(4)))
        self.train("--epochs", "1", "--report", "page.html", "--csv", "table.csv", "--log", "log",
                   "--set", "diffusion.enabled=false", "--set", "contrastive.enabled=false",
                   data="few.tsv")
        root = self.page()
        self.check_epochs(root, self.log()[0])
        self.assertEqual({"bpr", "regularizer", "seconds"}, set(self.charts(root)))
        self.assertIn("the last: nothing is held out", "".join(root.itertext()))

    def test_beside_json(self):
        self.train("--epochs", "1", "--json", "--report", "page.html", "--log", "log")
        self.page()
        self.assertEqual(self.log()[1], json.loads(self.said)["result"])

    def test_many_epochs(self):
        self.train("--epochs", "100", "--set", "diffusion.enabled=false", "--set", "batch=100000",
                   "--report", "page.html")
        root = self.page()
        self.assertEqual({}, self.charts(root)["bpr"])  # a line alone
        paths = [path.get("d") for path in root.iter(f"{XHTML}path")]
        self.assertTrue(any(path.count("L") == 99 for path in paths))

    def test_names_that_are_markup(self):
        data = self.folder / f"{HOSTILE}.tsv"
        data.write_text("user\titem\tsplit\n" + "".join(
            f"{user}\t{(user * 7 + k) % 20}\t{'test' if k == 3 else 'train'}\n"
            for user in range(20) for k in range(5)))
        name = os.fsencode(data.name) + b"\xff\x01\xc3"
        os.rename(data, os.fsencode(self.folder) + b"/" + name + b".tsv")
        self.train("--epochs", "1", "--report", "page.html", data=name + b".tsv")
        root, names = self.page(), Names()
        names.feed((self.folder / "page.html").read_text(encoding="utf-8"))
        for text in ("".join(root.find(f".//{XHTML}h1").itertext()),
                     root.find(f".//{XHTML}title").text):
            self.assertEqual(f"Training on {HOSTILE}.tsv\ufffd\ufffd\ufffd.tsv", text)
        self.assertIn(HOSTILE, names.text)

    def test_a_resumed_run_has_what_the_log_has(self):
        files = ("--log", "log", "--checkpoint", "state", "--report", "page.html", "--csv",
                 "table.csv")
        self.train("--epochs", "2", *files)
        log = self.folder / "log"
        lines = log.read_text().splitlines()
        strange = json.loads(lines[0])
        strange["loss"][HOSTILE + ",\n"] = 0.5
        strange["text"] = "not a number"
        log.write_text("\n".join([json.dumps(strange), *lines[1:]]) + "\n")
        self.train("--epochs", "3", "--resume", *files)
        root, (epochs, _) = self.page(), self.log()
        self.assertEqual([1, 2, 3], [epoch["epoch"] for epoch in epochs])
        del epochs[0]["text"]
        self.check_epochs(root, epochs)
        self.assertIn(HOSTILE + ",\n", self.charts(root))
        self.train("--epochs", "4", "--resume", "--checkpoint", "state", "--report", "page.html",
                   "--csv", "table.csv")
        with open(self.folder / "table.csv", newline="", encoding="utf-8") as file:
            self.assertEqual(["4"], [row["epoch"] for row in csv.DictReader(file)])

    def test_files_that_cannot_be_written(self):
        for option in ("--report", "--csv"):
            for path, reason in (("none/file", "No such file"), (".", "Is a directory")):
                said = self.train("--epochs", "100000", option, path, "--model", "model", status=1)
                self.assertIn(f"cannot write {path}: {reason}", said)
                self.assertFalse((self.folder / "model").exists())
            said = self.train("--epochs", "1", option, "/dev/full", "--model", "model", status=1)
            self.assertIn("cannot write /dev/full: No space left", said)
            (self.folder / "model").unlink()  # saved before
        said = self.train("--epochs", "100000", "--model", "none/model", status=1)
        self.assertIn("cannot write none/model: No such file", said)
        self.train("--epochs", "1", "--report", "/dev/stdout")
        self.assertEqual([], sorted(path.name for path in self.folder.iterdir()))

    def test_an_old_file_stays_until_the_new_one_is_whole(self):
        page = self.folder / "page.html"
        page.write_text("old")
        self.train("--epochs", "0", "--report", "page.html", status=2)
        self.train("--report", "page.html", data="none.tsv", status=1)
        self.train("--forecast", "--report", "page.html")
        self.assertEqual("old", page.read_text())
        self.train("--epochs", "1", "--report", "page.html")
        self.page()


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
