#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Holds the sources in lib/ against the rules of lib/README.md and prints each violation.

    structure.py LIB [LAYERS]

LAYERS is the file whose indented block lists the layers, the highest first (lib/README.md where it is not
given). A unit is NAME.c with NAME.h. The rules:

    layer        a file includes headers of its own folder's layer and of lower layers only
    circle       the includes between units have no circles
    home         a private function is declared in the header of the file that defines it, and only there
    twin         no two .c files have the same name
    tag          no struct has the name of a function
"""
import collections
import os
import re
import sys


def layers_of(path):
    """The rank of each folder, from lines of four spaces and folder names."""
    with open(path, encoding='utf-8') as file:
        block = [line.split() for line in file if re.fullmatch(r'    [a-z_/]+(\s+[a-z_/]+)*\n', line)]
    return {folder: rank for rank, row in enumerate(reversed(block)) for folder in row}


def sources_of(lib):
    sources = {}
    for folder, _, names in os.walk(lib):
        for name in names:
            if name.endswith(('.c', '.h')):
                path = os.path.join(folder, name)
                with open(path, encoding='utf-8') as file:
                    sources[os.path.relpath(path, lib)] = file.read()
    return sources


def code_of(text):
    """Without comments, strings and preprocessor lines."""
    text = re.sub(r'/\*.*?\*/', ' ', text, flags=re.S)
    text = re.sub(r'"(\\.|[^"\\\n])*"', '""', text)
    return re.sub(r'^[ \t]*#(\\\n|[^\n])*', '', text, flags=re.M)


def at_top(code):
    """Without what stands in braces, which are left: the declarations of a file, and `{` of bodies."""
    depth, kept = 0, []
    for part in re.split(r'([{}])', code):
        if part == '{':
            if depth == 0:
                kept.append('{')
            depth += 1
        elif part == '}':
            depth -= 1
            if depth == 0:
                kept.append('}')
        elif depth == 0:
            kept.append(part)
    return ''.join(kept)


FUNCTION = re.compile(r'\b(diffmm_\w+)\s*\(((?:[^(){};]|\([^()]*\))*)\)\s*(?:__attribute__\s*\(\(.*?\)\)\s*)?([;{])', re.S)


def functions(sources):
    """Where each private function is declared and defined, and the names of all functions."""
    declared, defined, names = collections.defaultdict(set), {}, set()
    for path, text in sources.items():
        top = at_top(code_of(text))
        for name, _, end in FUNCTION.findall(top):
            names.add(name)
            if end == '{' and path.endswith('.c'):
                defined[name] = path
            elif end == ';' and path.endswith('.h') and name.startswith('diffmm__'):
                declared[name].add(path)
    return declared, defined, names


def unit_of(path):
    return path[:-2]


def includes(sources):
    for path, text in sources.items():
        for header in re.findall(r'^[ \t]*#[ \t]*include "([^"]+)"', text, flags=re.M):
            yield path, header


def layer_violations(sources, ranks):
    def folder(path):
        parts = path.split('/')[:-1]
        while parts and '/'.join(parts) not in ranks:
            parts.pop()
        return '/'.join(parts)
    for path in sources:
        if not folder(path):
            yield f'layer: {path} stands in no layer'
    for path, header in includes(sources):
        own, other = folder(path), folder(header)
        if own and other and own != other and ranks[own] <= ranks[other]:
            yield f'layer: {path} includes {header}'


def circles(sources):
    graph = collections.defaultdict(set)
    for path, header in includes(sources):
        if unit_of(path) != unit_of(header):
            graph[unit_of(path)].add(unit_of(header))
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph[node]):
            if other not in index:
                visit(other)
            if other in stack:
                low[node] = min(low[node], low[other])
        if low[node] == index[node]:
            circle = stack[stack.index(node):]
            del stack[stack.index(node):]
            if len(circle) > 1:
                found.append(circle)
    for node in sorted(list(graph)):
        if node not in index:
            visit(node)
    for circle in found:
        arrows = ', '.join(f'{a} -> {b}' for a in circle for b in sorted(graph[a]) if b in circle)
        yield f'circle: {arrows}'


def home_violations(sources):
    declared, defined, _ = functions(sources)
    for name, path in sorted(defined.items()):
        homes = declared.get(name, set())
        for home in sorted(homes):
            if unit_of(home) != unit_of(path):
                yield f'home: {name} is declared in {home} and defined in {path}'
    for name, homes in sorted(declared.items()):
        if len(homes) > 1:
            yield f'home: {name} is declared in {" and ".join(sorted(homes))}'


def twins(sources):
    places = collections.defaultdict(list)
    for path in sources:
        if path.endswith('.c'):
            places[os.path.basename(path)].append(path)
    for paths in places.values():
        if len(paths) > 1:
            yield f'twin: {" and ".join(sorted(paths))}'


def tags(sources):
    names = functions(sources)[2]
    code = '\n'.join(code_of(text) for text in sources.values())
    for tag in sorted(set(re.findall(r'\b(?:struct|union|enum) (diffmm_\w+)\s*\{', code)) & names):
        yield f'tag: {tag} is a struct and a function'


def violations(lib, layers):
    sources = sources_of(lib)
    return sorted([*layer_violations(sources, layers_of(layers)), *circles(sources),
                   *home_violations(sources), *twins(sources), *tags(sources)])


def main():
    lib = sys.argv[1]
    found = violations(lib, sys.argv[2] if len(sys.argv) > 2 else os.path.join(lib, 'README.md'))
    for violation in found:
        print(violation)
    counts = collections.Counter(violation.split(':')[0] for violation in found)
    rules = ', '.join(f'{counts[rule]} {rule}' for rule in ('layer', 'circle', 'home', 'twin', 'tag'))
    print(f'{len(sources_of(lib))} files: {rules}')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
