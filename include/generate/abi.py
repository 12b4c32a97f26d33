# SPDX-License-Identifier: BSD-2-Clause
"""The binary interface as JSON, for programs that write bindings: functions, structs with offsets, enums,
callbacks, handles, numbers. doc/bindings.md says what stands in it.

    abi.py HEADER-FOLDER SONAME OUTPUT DEPFILE

The layouts are those of x86-64 and AArch64, whose pointers and size_t have 8 bytes, and where each type
stands at a multiple of its size; tests/abi/interface.py has the compiler confirm all of it."""
import json
import pathlib
import re
import sys

import declarations

SIZES = {"char": 1, "uint8_t": 1, "int8_t": 1, "uint16_t": 2, "int16_t": 2, "int": 4, "int32_t": 4, "uint32_t": 4,
         "float": 4, "int64_t": 8, "uint64_t": 8, "double": 8, "size_t": 8}
POINTER, ENUM = 8, 4


class Layouts:
    """Size and alignment of each type."""

    def __init__(self, interface):
        self.interface = interface

    def of(self, kind):
        if "*" in kind or kind in self.interface.callbacks:
            return POINTER, POINTER
        kind = kind.replace("const ", "")
        if kind in self.interface.enums or kind.removeprefix("enum ") in self.interface.enums:
            return ENUM, ENUM
        if kind in self.interface.structs:
            size, alignment, _ = self.struct(kind)
            return size, alignment
        return SIZES[kind], SIZES[kind]

    def struct(self, name):
        """Size and alignment of a struct, and its members."""
        offset, largest, members = 0, 1, []
        for member in self.interface.structs[name]:
            size, alignment = self.of(member.type)
            offset = -(-offset // alignment) * alignment
            described = {"name": member.name, "type": member.type, "offset": offset,
                         "size": size * (1 if member.count is None else member.count)}
            if member.count is not None:
                described["count"] = member.count
            members.append(described)
            offset += described["size"]
            largest = max(largest, alignment)
        return -(-offset // largest) * largest, largest, members


def function(described):
    parameters = [{key: value for key, value in parameter._asdict().items() if value is not None}
                  for parameter in described.parameters]
    return {"header": f"diffmm/{described.header}", "result": described.result, "parameters": parameters}


def version(interface):
    text = "".join(path.read_text(encoding="utf-8") for path in interface.headers)
    return ".".join(re.search(rf"#define DIFFMM_VERSION_{part} (\d+)", text)[1]
                    for part in ("MAJOR", "MINOR", "PATCH"))


def abi(interface, soname):
    layouts = Layouts(interface)
    structs = {}
    for name in interface.structs:
        size, alignment, members = layouts.struct(name)
        structs[name] = {"size": size, "alignment": alignment, "members": members}
    functions = {}
    for name, described in interface.functions.items():
        functions[name] = function(described)
        if described.result == "diffmm_status":
            functions[name]["with_message"] = name + "_r"
    return {"library": soname, "version": version(interface), "data_model": "LP64",
            "handles": interface.handles, "enums": interface.enums, "constants": interface.constants,
            "callbacks": {name: function(described) for name, described in interface.callbacks.items()},
            "structs": structs, "functions": functions}


def main():
    folder, soname, output, depfile = sys.argv[1:]
    interface = declarations.read(folder)
    pathlib.Path(output).write_text(json.dumps(abi(interface, soname), indent=1) + "\n", encoding="utf-8")
    declarations.write_depfile(depfile, output, interface)


if __name__ == "__main__":
    main()
