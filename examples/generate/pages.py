#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes a program's manual page, or its completion in bash, of what its --help prints.

    pages.py man|completion OUTPUT VERSION PROGRAM [NAME-OF-A-PROGRAM..]

What --help prints: a line "usage: ..", then paragraphs, and lists of indented entries. An entry of a list is a line that
starts with two spaces; a text may follow it, two or more spaces further on, and lines that start with four or more
spaces go on with it. A list whose entries start with -- has the options. A paragraph that ends with a colon is the head
of the list after it; one that starts with "Exit status:" is a section.
"""
import datetime
import os
import re
import subprocess
import sys


class Entry:
    def __init__(self, line):
        found = re.fullmatch(r"  (\S.*?)(?:  +(\S.*))?", line)
        if not found:
            raise ValueError(f"not an entry: {line}")
        self.term, self.text = found[1], found[2] or ""


def read_help(text):
    """The usage; then paragraphs (strings) and lists (of entries), in their order."""
    lines = text.split("\n")
    if not lines[0].startswith("usage: "):
        raise ValueError(f"--help begins with '{lines[0]}'")
    blocks = []
    for line, before in zip(lines[1:], lines):
        last = blocks[-1] if blocks else None
        if not line:
            continue
        if not line.startswith("  "):
            if isinstance(last, str) and before:
                blocks[-1] = f"{last} {line}"
            else:
                blocks.append(line)
        elif not line.startswith("    "):
            entry = Entry(line)
            if entry.term.startswith("--") and not re.fullmatch(r"--[a-z-]+(\[?[ =]\S+( or \S+)?)?", entry.term):
                raise ValueError(f"no two spaces after the option: {line}")
            if isinstance(last, list) and last[0].term.startswith("--") == entry.term.startswith("--"):
                last.append(entry)
            else:
                blocks.append([entry])
        else:
            last[-1].text = f"{last[-1].text} {line.strip()}".strip()
    return lines[0][len("usage: "):], blocks


def options_of(blocks):
    found = [block for block in blocks if isinstance(block, list) and block[0].term.startswith("--")]
    if len(found) != 1:
        raise ValueError(f"{len(found)} lists of options")
    return found[0]


def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("^", "\\(ha").replace("~", "\\(ti")
    return "\\&" + text if text.startswith((".", "\\(aq")) else text


def man_list(entries):
    lines = []
    for entry in entries:
        lines += [".TP", "\\fB" + roff(entry.term) + "\\fR", roff(entry.text) or "\\&"]
    return lines


def man(name, usage, blocks, version, others):
    stamp = os.environ.get("SOURCE_DATE_EPOCH")
    date = datetime.datetime.fromtimestamp(int(stamp), datetime.timezone.utc) if stamp else datetime.date.today()
    first = re.match(r"(.+?)[.:,](\s|$)", blocks[0])[1]
    lines = [f'.\\" Made of what {name} --help prints.',
             f'.TH {name.upper()} 1 {date:%Y-%m-%d} "libdiffmm {version}" "User Commands"',
             ".SH NAME", f"{name} \\- {roff(first[0].lower() + first[1:])}",
             ".SH SYNOPSIS", "\\fB" + name + "\\fR" + roff(usage[len(name):])]
    description, options, exits, more = [], man_list(options_of(blocks)), [], []
    for at, block in enumerate(blocks):
        later = any(isinstance(earlier, list) and earlier[0].term.startswith("--") for earlier in blocks[:at])
        if isinstance(block, str) and block.startswith("Exit status: "):
            exits += [".SH EXIT STATUS", roff(block[len("Exit status: "):])]
        elif isinstance(block, str) and later and block.endswith(":"):
            more += [".SH " + roff(re.split(r"\W", block)[0].upper()), roff(block)]
        elif isinstance(block, str):
            description += [".PP"] * bool(description) + [roff(block)]
        elif not block[0].term.startswith("--"):
            (more if later else description).extend(man_list(block))
    lines += [".SH DESCRIPTION", *description, ".SH OPTIONS", *options, *more, *exits]
    others = [other for other in others if other != name]
    if others:
        lines += [".SH SEE ALSO", ",\n".join(f"\\fB{other}\\fR(1)" for other in others)]
    return "\n".join(lines) + "\n"


def completion(name, blocks):
    options = options_of(blocks)
    settings = [re.match(r"[\w.-]+", entry.term)[0] + "=" for block in blocks
                if isinstance(block, list) and not block[0].term.startswith("--")
                for entry in block if re.match(r"[a-z][\w.-]*( \(.*\))?( = .*)?$", entry.term)]
    cases, free = [], []
    for entry in options:
        option, _, value = entry.term.partition(" ")
        if not value:
            continue
        words = [word for word in value.split("|") if re.fullmatch(r"[a-z][a-z0-9-]*", word)] if "|" in value else []
        files = re.search(r"\b(FILE|FOLDER|DIR)\b", value)
        if option == "--set" and settings:
            cases.append((option, settings, "nospace"))
        elif words or files:
            cases.append((option, words, "files" if files else "words"))
        else:
            free.append(option)
    if any("=FILE" in option.term for option in options):  # NAME=FILE is three words to readline
        cases.append(("=", [], "files"))
    lines = [f"# Made of what {name} --help prints.", f"_{name}()", "{",
             "    local current=$2 previous=$3 words= how=", "    case $previous in"]
    for option, words, how in cases:
        lines.append(f"    {option}) words='{' '.join(words)}' how={how} ;;")
    if free:
        lines.append(f"    {' | '.join(free)}) return ;;")
    names = " ".join(re.match(r"--[a-z-]+", entry.term)[0] for entry in options)
    lines += [f"    *) words='{names}' how=words ;;", "    esac",
              '    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")',
              '    if [[ $how = files ]]; then',
              "        compopt -o filenames",
              '        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")',
              '    elif [[ $how = nospace ]]; then',
              "        compopt -o nospace",
              "    fi", "}", f"complete -F _{name} {name}"]
    return "\n".join(lines) + "\n"


def main():
    kind, output, version, program, *others = sys.argv[1:]
    name = os.path.basename(program)
    text = subprocess.run([os.path.abspath(program), "--help"], check=True, capture_output=True, text=True).stdout
    usage, blocks = read_help(text.rstrip("\n"))
    made = man(name, usage, blocks, version, others) if kind == "man" else completion(name, blocks)
    with open(output, "w", encoding="utf-8") as file:
        file.write(made)


if __name__ == "__main__":
    main()
