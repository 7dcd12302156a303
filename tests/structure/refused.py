#!/usr/bin/env python3
"""Compiles refused.cpp: each line with a mark is one error, with the sentence of the mark, and no other line is any."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1])
COMPILER = sys.argv[2:]
SOURCE = ROOT / "tests/structure/refused.cpp"
MARK = re.compile(r"// refused: (.+)$")


def main():
    includes = [f"-I{ROOT / folder / 'include'}" for folder in ("protocol", "net", "redis", "adapter", "server")]
    command = COMPILER + ["-std=c++20", "-fsyntax-only", *includes, str(SOURCE)]
    output = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    expected = {}
    for number, line in enumerate(SOURCE.read_text().splitlines(), 1):
        if found := MARK.search(line):
            expected[number] = found.group(1)

    problems = []
    errors = [line for line in output.splitlines() if re.search(r"\berror: ", line)]
    if len(errors) != len(expected):
        problems.append(f"{len(errors)} errors instead of {len(expected)}")
    for sentence in sorted(set(expected.values())):
        count = sum(sentence in line for line in errors)
        wanted = sum(sentence == other for other in expected.values())
        if count != wanted:
            problems.append(f'"{sentence}": {count} errors instead of {wanted}')
    named = {int(number) for number in re.findall(r"refused\.cpp:(\d+):", output)}
    problems += [f"line {number}: no error" for number in sorted(set(expected) - named)]
    for problem in problems:
        print(problem)
    if problems:
        print(output)
    print(f"{len(expected)} mistakes, {len(errors)} errors")
    return 1 if problems else 0


sys.exit(main())
