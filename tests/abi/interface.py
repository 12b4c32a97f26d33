# SPDX-License-Identifier: BSD-2-Clause
"""abi.json says of the interface what the compiler and the library say: each function, callback, member and
number is declared again as it stands there, which does not compile where anything differs; nothing that the
library exports or layout.c lists is missing.

    interface.py abi.json INCLUDE-FOLDER FOLDER-OF-WITH_MESSAGE.H layout.c LIBRARY|none COMPILER.."""
import json
import pathlib
import re
import subprocess
import sys


def declared(kind, name):
    """A declaration of `name`, or with "*" a pointer to the type; `T (*)(..)` is a pointer to a function."""
    return kind.replace("(*)", f"(*{name})") if "(*)" in kind else f"{kind} {name}"


def parameters(function, added=()):
    listed = [declared(one["type"], one["name"]) for one in function["parameters"]] + list(added)
    return ", ".join(listed) or "void"


def program(abi):
    """C that compiles only if all is as it stands in the file."""
    yield "#include <stddef.h>\n#include <diffmm/with_message.h>"
    for name, struct in abi["structs"].items():
        yield f'_Static_assert(sizeof({name}) == {struct["size"]}, "{name}");'
        yield f'_Static_assert(_Alignof({name}) == {struct["alignment"]}, "{name}");'
        for member in struct["members"]:
            at = f'{name}, {member["name"]}'
            value = f'(({name} *)NULL)->{member["name"]}'
            pointer = declared(member["type"], "*")
            yield f'_Static_assert(offsetof({at}) == {member["offset"]}, "{at}");'
            yield f'_Static_assert(sizeof({value}) == {member["size"]}, "{at}");'
            address = f"&{value}[0]" if "count" in member else f"&{value}"
            yield f'_Static_assert(_Generic({address}, {pointer}: 1, default: 0), "{at}");'
    for name, numbers in abi["enums"].items():
        yield f'_Static_assert(sizeof({name}) == 4, "{name}");'
        for constant, number in numbers.items():
            yield f'_Static_assert((int){constant} == {number}, "{constant}");'
            yield f"static const {name} of_{constant} = {constant};"
    for constant, number in abi["constants"].items():
        yield f'_Static_assert({constant} == {number}, "{constant}");'
    for name, callback in abi["callbacks"].items():
        yield f'typedef {callback["result"]} (*{name})({parameters(callback)});'
    for name in abi["handles"]:
        yield f"typedef struct {name} {name};"
    for name, function in abi["functions"].items():
        yield f'{function["result"]} {name}({parameters(function)});'
        if "with_message" in function:
            yield (f'{function["result"]} {function["with_message"]}('
                   f'{parameters(function, ["char *message", "size_t message_size"])});')
    yield "int main(void)\n{\n    return 0;\n}"


def compiles(text, arguments):
    return subprocess.run([*arguments, "-std=c11", "-Wall", "-Wno-unused-const-variable", "-Wno-unused-variable",
                           "-Wno-unknown-warning-option", "-Wno-array-parameter", "-Werror", "-x", "c", "-fsyntax-only", "-"], input=text, capture_output=True, text=True,
                          check=False)


def missing(abi, layout, library):
    """What the file lacks, or has for itself."""
    listed = set(re.findall(r"^SIZE\((\w+),", layout, flags=re.MULTILINE))
    yield from listed - set(abi["structs"]) - set(abi["enums"])
    numbers = set(re.findall(r"^IS\((\w+),", layout, flags=re.MULTILINE))
    yield from numbers - {constant for enum in abi["enums"].values() for constant in enum}
    if library != "none":
        printed = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True,
                                 text=True).stdout
        exported = set(re.findall(r"\b(diffmm_\w+)", printed))
        own = set(abi["functions"]) | {function["with_message"] for function in abi["functions"].values()
                                       if "with_message" in function}
        yield from exported ^ own


def changed(abi):
    """The file with one thing wrong in each."""
    def copy():
        return json.loads(json.dumps(abi))
    for key, value in (("offset", 4), ("size", 1), ("type", "const char *const *")):
        other = copy()
        other["structs"]["diffmm_report"]["members"][1][key] = value
        yield other
    other = copy()
    other["functions"]["diffmm_recommend"]["parameters"][1]["type"] = "int64_t"
    yield other
    other = copy()
    other["functions"]["diffmm_scorer_users"]["result"] = "int"
    yield other
    other = copy()
    other["enums"]["diffmm_status"]["DIFFMM_CANCELLED"] = 12
    yield other
    other = copy()
    other["callbacks"]["diffmm_hits_function"]["parameters"].pop()
    yield other


def main():
    path, include, written, layout, library, *compiler = sys.argv[1:]
    abi = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    arguments = [*compiler, f"-I{include}", f"-I{written}/.."]
    got = compiles("\n".join(program(abi)) + "\n", arguments)
    wrong = [got.stderr] if got.returncode else []
    wrong += [f"{name} is missing, here or there"
              for name in missing(abi, pathlib.Path(layout).read_text(encoding="utf-8"), library)]
    wrong += [f"a wrong file is not noticed: number {number}" for number, other in enumerate(changed(abi))
              if compiles("\n".join(program(other)) + "\n", arguments).returncode == 0]
    print("\n".join(wrong) or f'{len(abi["functions"])} functions, {len(abi["structs"])} structs')
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
