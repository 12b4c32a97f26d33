#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""lib/ keeps the rules of structure.py, and the list of formulas tells where they are; and each rule
notices when it is broken."""
import os
import pathlib
import re
import shutil
import tempfile
import unittest

import structure

LIB = pathlib.Path(os.environ["DIFFMM_LIB"])


class Structure(unittest.TestCase):

    def test_lib_keeps_the_rules(self):
        self.assertEqual([], structure.violations(LIB, LIB / "README.md"))

    def test_every_layer_is_a_folder(self):
        folders = {path.name for path in LIB.iterdir() if path.is_dir()}
        self.assertEqual(folders, set(structure.layers_of(LIB / "README.md")))


class Formulas(unittest.TestCase):
    """The list "Where each formula stands" of doc/architecture.md."""

    def test_every_function_stands_where_the_list_says(self):
        page = (LIB.parent / "doc/architecture.md").read_text(encoding="utf-8")
        section = page.split("## Where each formula stands")[1].split("\n## ")[0]
        rows = [row.split("|")[2:4] for row in section.splitlines() if "`" in row]
        self.assertGreater(len(rows), 30)
        for files, functions in rows:
            paths = re.findall(r"`(\w+/[\w/]+\.[ch])`", files)
            text = "\n".join((LIB / path).read_text(encoding="utf-8") for path in paths)
            for function in re.findall(r"`(diffmm_\w+)\(\)`", functions):
                found = re.search(rf"\b{function}\([^;]*\)\n\{{", text)
                self.assertTrue(found, f"{function} is not defined in {paths}")


class Broken(unittest.TestCase):
    """A copy of lib/ with one rule broken on purpose."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.lib = pathlib.Path(self.folder.name) / "lib"
        shutil.copytree(LIB, self.lib)

    def tearDown(self):
        self.folder.cleanup()

    def add(self, path, text):
        """Adds to a file, which need not be there."""
        place = self.lib / path
        place.parent.mkdir(exist_ok=True)
        with open(place, "a", encoding="utf-8") as file:
            file.write(text)

    def expect(self, *violations):
        self.assertEqual(sorted(violations), structure.violations(self.lib, self.lib / "README.md"))

    def test_an_include_that_points_upwards(self):
        self.add("base/random.c", '#include "linalg/kernels.h"\n')
        self.expect("layer: base/random.c includes linalg/kernels.h")

    def test_an_include_of_a_unit_beside(self):
        self.add("graph/graph.c", '#include "optim/adam.h"\n')
        self.expect("layer: graph/graph.c includes optim/adam.h")

    def test_a_folder_that_is_no_layer(self):
        self.add("attic/old.c", "int attic;\n")
        self.expect("layer: attic/old.c stands in no layer")

    def test_headers_that_include_each_other(self):
        self.add("graph/upper.h", '#include "graph/lower.h"\n')
        self.add("graph/lower.h", '#include "graph/middle.h"\n')
        self.add("graph/middle.c", '#include "graph/upper.h"\n')
        self.expect("circle: graph/lower -> graph/middle, graph/middle -> graph/upper, "
                    "graph/upper -> graph/lower")

    def test_a_declaration_in_the_header_of_another_file(self):
        self.add("graph/graph.h", "void diffmm__wanderer(int, void (*)(void *));\n")
        self.add("graph/propagate.c", "void diffmm__wanderer(int n, void (*f)(void *))\n{\n}\n")
        self.expect("home: diffmm__wanderer is declared in graph/graph.h and defined in "
                    "graph/propagate.c")

    def test_a_function_that_is_declared_twice(self):
        self.add("graph/graph.h", "void diffmm__twice(void);\n")
        self.add("graph/propagate.h", "void diffmm__twice(void);\n")
        self.expect("home: diffmm__twice is declared in graph/graph.h and graph/propagate.h")

    def test_two_files_of_one_name(self):
        self.add("optim/graph.c", "")
        self.expect("twin: graph/graph.c and optim/graph.c")

    def test_a_struct_with_the_name_of_a_function(self):
        self.add("optim/bpr.h", "struct diffmm__bpr {\n    int x;\n};\n")
        self.expect("tag: diffmm__bpr is a struct and a function")


if __name__ == "__main__":
    unittest.main()
