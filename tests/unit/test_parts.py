#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every file of lib/ has a unit test of its own name, or parts.txt names tests that go through it; and every
unit test is in the list of meson.build.

    test_parts.py ROOT"""
import ast
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
unit = root / 'tests/unit'


def test_of(title):
    """The source of a test, by its name in `meson test --list`."""
    folder, name = title.rsplit('/', 1)
    places = (unit / folder, root / 'tests' / folder)
    return next((file for place in places if (file := place / f'test_{name}.c').is_file()), None)


parts = {}
wrong = []
for line in (unit / 'parts.txt').read_text(encoding='utf-8').splitlines():
    if line.startswith('#'):
        continue
    part, tests = re.fullmatch(r'([\w/]+): (.+)', line).groups()
    if part in parts:
        wrong.append(f'{part} stands in parts.txt twice')
    parts[part] = tests.split()
    wrong += [f'{part}: there is no test {title}' for title in parts[part] if not test_of(title)]

files = {file.relative_to(root / 'lib').with_suffix('').as_posix() for file in (root / 'lib').rglob('*.c')}
own = {file for file in files if (unit / file).with_name(f'test_{pathlib.Path(file).name}.c').is_file()}
wrong += [f'lib/{file}.c has no test tests/unit/{pathlib.Path(file).parent}/test_{pathlib.Path(file).name}.c, '
          'and no line in tests/unit/parts.txt' for file in sorted(files - own - set(parts))]
wrong += [f'parts.txt: there is no lib/{part}.c' for part in sorted(set(parts) - files)]
wrong += [f'parts.txt: lib/{part}.c has a test of its own' for part in sorted(set(parts) & own)]
listed = ast.literal_eval(re.search(r'^unit_tests = (\{.*?^\})', (unit / 'meson.build').read_text(encoding='utf-8'),
                                    re.M | re.S).group(1))
wrong += [f'{file.relative_to(root)} is not in tests/unit/meson.build' for file in sorted(unit.rglob('test_*.c'))
          if file.stem[len('test_'):] not in listed.get(file.parent.relative_to(unit).as_posix(), [])]
print('\n'.join(wrong) or f'{len(own)} files with a test of their own, {len(parts)} parts')
sys.exit(bool(wrong))
