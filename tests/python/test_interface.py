# SPDX-License-Identifier: BSD-2-Clause
"""The module against the interface as abi.json describes it (tests/abi/interface.py compares that with the
compiler): layouts, signatures, values of enums, nothing forgotten."""

import ctypes
import enum
import inspect
import json
import os
import pathlib
import re
import unittest

import diffmm
from diffmm import _functions, _library, _structs, diffusion

ABI = json.loads(pathlib.Path(os.environ["DIFFMM_ABI"]).read_text(encoding="utf-8"))
NOT_BOUND = pathlib.Path(__file__).with_name("not_bound.txt")


def c_name(name):
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def structs():
    return {c_name(name): value for name, value in vars(_structs).items()
            if inspect.isclass(value) and issubclass(value, _structs.Struct)
            and value is not _structs.Struct}


class Layout(unittest.TestCase):

    def test_every_member_where_the_compiler_puts_it(self):
        for name, struct in structs().items():
            expected = ABI["structs"]["diffmm_" + name]
            members = {one["name"]: (one["offset"], one["size"]) for one in expected["members"]}
            got = {field: (getattr(struct, field).offset, getattr(struct, field).size)
                   for field, _ in struct._fields_}
            with self.subTest(name):
                self.assertEqual(expected["size"], ctypes.sizeof(struct))
                left_out = {"reserved"} - set(got)  # padding, where it is not named
                self.assertEqual({field: place for field, place in members.items()
                                  if field not in left_out}, got)

    def test_every_struct_of_the_headers(self):
        declared = {name.removeprefix("diffmm_") for name in ABI["structs"]
                    if name.startswith("diffmm_")}
        self.assertEqual(declared - not_bound("struct "), set(structs()))

    def test_hits_are_laid_out_as_the_struct(self):
        self.assertEqual(diffmm.query.HIT.itemsize, ctypes.sizeof(_structs.Hit))
        self.assertEqual(diffmm.query.HIT.fields["score"][1], _structs.Hit.score.offset)


def not_bound(kind=""):
    """Names that are deliberately left out."""
    lines = [line.split("#")[0].strip() for line in NOT_BOUND.read_text().splitlines()]
    return {line[len(kind):].removeprefix("diffmm_") if kind else line
            for line in lines if line.startswith(kind) and (kind or line.startswith("diffmm_"))}


# What each C type may be in the table of functions.
BY_C_TYPE = {
    "size_t": [_functions.size],
    "int32_t": [_functions.int32],
    "int64_t": [_functions.int64],
    "uint64_t": [_functions.uint64],
    "int": [_functions.flag],
    "double": [_functions.real],
    "diffmm_feature_loader": [_structs.FeatureLoader],
    "diffmm_feature_lookup": [_structs.FeatureLookup],
    "diffmm_epoch_function": [_structs.EpochFunction],
    "diffmm_progress_function": [_structs.ProgressFunction],
    "diffmm_hits_function": [_structs.HitsFunction],
    "const char *": [_functions.name, _functions.optional_name, _functions.path,
                     _functions.optional_path],
    "const char *const *": [_functions.strings],
    "float *": [_functions.floats],
    "double *": [_functions.doubles, ctypes.c_void_p],
    "int32_t *": [_functions.int32s, ctypes.c_void_p],
    "int64_t *": [_functions.int64s, ctypes.c_void_p],
    "size_t *": [_functions.sizes, ctypes.c_void_p],
    "uint8_t *": [_functions.octets],
}
ARRAYS_BY_ADDRESS = {  # made by the module itself
    ("diffmm_dataset_add_modality_array", "features"),  # rows may have gaps
    ("diffmm_dataset_add_interactions", "user"),  # runs of an array
    ("diffmm_dataset_add_interactions", "item"),
}


RESULTS = {
    "size_t": ctypes.c_size_t,
    "uint64_t": ctypes.c_uint64,
    "int": ctypes.c_int,
    "void": None,
    "const char *": ctypes.c_char_p,
    "diffmm_status": _functions.Status,
}


def accepted(function, kind, name):
    if (function, name) in ARRAYS_BY_ADDRESS:
        return [ctypes.c_void_p]
    if kind in BY_C_TYPE:
        return BY_C_TYPE[kind]
    bare = kind.replace("const ", "").strip()
    if bare in BY_C_TYPE:
        return BY_C_TYPE[bare]
    if bare.endswith("*"):
        return [ctypes.c_void_p]
    if bare in ABI["enums"]:
        return [_functions.enum]
    raise AssertionError(f"{function}: what is a {kind}?")


class Signatures(unittest.TestCase):

    def test_every_function_has_the_types_of_its_declaration(self):
        checked = 0
        for name, declared in ABI["functions"].items():
            if name not in _functions.FUNCTIONS:
                continue
            result, parameters = declared["result"], declared["parameters"]
            got_result, *got = _functions.FUNCTIONS[name]
            with self.subTest(name):
                pointer = result.endswith("*") and result not in RESULTS
                self.assertIs(ctypes.c_void_p if pointer else RESULTS[result], got_result)
                self.assertEqual(len(parameters), len(got))
                for parameter, type_ in zip(parameters, got):
                    self.assertIn(type_, accepted(name, parameter["type"], parameter["name"]),
                                  parameter["name"])
                checked += 1
        self.assertEqual(checked, len(_functions.FUNCTIONS))

    def test_nothing_is_forgotten(self):
        self.assertEqual(set(ABI["functions"]) - not_bound(), set(_functions.FUNCTIONS))

    def test_every_bound_function_is_used(self):
        folder = pathlib.Path(diffmm.__file__).parent
        code = "".join(path.read_text() for path in folder.glob("*.py")
                       if path.name != "_functions.py")
        unused = [name for name in _functions.FUNCTIONS
                  if not re.search(rf"\blibrary\.{name}\b", code)]
        # Exceptions know the names of statuses themselves (errors.py).
        self.assertEqual(["diffmm_status_name"], unused)


class Enums(unittest.TestCase):

    def expect(self, python_enum, name, prefix="DIFFMM_"):
        self.assertEqual({constant.removeprefix(prefix): number
                          for constant, number in ABI["enums"][name].items()},
                         {member.name: member.value for member in python_enum})

    def test_values(self):
        self.expect(diffmm.LogLevel, "diffmm_log_level", "DIFFMM_LOG_")
        self.expect(diffmm.Anchor, "diffmm_anchor", "DIFFMM_ANCHOR_")
        self.expect(diffmm.OptionType, "diffmm_option_type", "DIFFMM_OPTION_")
        self.expect(diffmm.Phase, "diffmm_phase", "DIFFMM_PHASE_")
        self.expect(diffmm.FileKind, "diffmm_file_kind", "DIFFMM_FILE_")
        self.expect(diffmm.Similarity, "diffmm_similarity")
        self.expect(diffmm.VectorsFormat, "diffmm_vectors_format", "DIFFMM_VECTORS_")
        self.expect(diffusion._Quantity, "diffmm_schedule_quantity", "DIFFMM_SCHEDULE_")
        self.expect(diffmm.Split, "diffmm_split")
        self.expect(diffmm.Side, "diffmm_side")
        self.expect(diffmm.Index, "diffmm_index", "DIFFMM_INDEX_")
        self.assertEqual({"DIFFMM_NEW_USER": diffmm.query.NEW_USER}, ABI["constants"])

    def test_statuses(self):
        statuses = {number: name for name, number in ABI["enums"]["diffmm_status"].items()}
        self.assertEqual(set(statuses), {int(status) for status in diffmm.Status})
        for status in diffmm.Status:
            self.assertEqual(statuses[status].removeprefix("DIFFMM_").removeprefix("ERROR_"),
                             status.name)
            self.assertEqual(statuses[status].encode(),
                             _library.library.diffmm_status_name(status))
        self.assertTrue(issubclass(diffmm.Status, enum.IntEnum))


class Version(unittest.TestCase):

    def test_the_running_version(self):
        self.assertEqual(tuple(map(int, ABI["version"].split("."))), diffmm.version())
        self.assertIn(ABI["version"], diffmm.build_info())

    def test_other_versions_are_refused(self):
        major, minor, patch = _library.WRITTEN_FOR
        number = major * 1000000 + minor * 1000 + patch
        _library.check_version(number)
        _library.check_version(number + 1)
        for other in (number - 1, number + 1000, number + 1000000):
            with self.assertRaisesRegex(ImportError, "written for libdiffmm 0.1.0, but the"):
                _library.check_version(other)


if __name__ == "__main__":
    unittest.main()
