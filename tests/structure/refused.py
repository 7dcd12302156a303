#!/usr/bin/env python3
"""Compiles refused.cpp: each line with a mark gives one error, with the sentence of the mark, and other lines give none. With
C++17, the first error of each public header is that C++20 is needed."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1])
COMPILER = sys.argv[2:]
SOURCE = ROOT / "tests/structure/refused.cpp"
MARK = re.compile(r"// refused: (.+)$")
FOLDERS = ("protocol", "net", "redis", "emitter", "adapter", "server")
INCLUDES = [f"-I{ROOT / folder / 'include'}" for folder in FOLDERS]


def old_standard():
    """Problems of the public headers with C++17: the preprocessor for all, the compiler for those that programs include."""
    sentence, problems = "socketio-redis needs C++20", []
    for folder in FOLDERS:
        base = ROOT / folder / "include"
        for path in sorted(base.rglob("*.hpp")):
            header = path.relative_to(base)
            step = "-fsyntax-only" if len(header.parts) == 2 else "-E"
            command = COMPILER + ["-std=c++17", step, "-x", "c++", *INCLUDES, "-"]
            output = subprocess.run(command, input=f"#include <{header}>\n", capture_output=True, text=True, check=False).stderr
            errors = [line for line in output.splitlines() if re.search(r"\berror: ", line)]
            if not errors or sentence not in errors[0]:
                problems.append(f"{header} with C++17: {errors[0] if errors else 'no error'}")
    return problems


def main():
    is_clang = "clang" in COMPILER[-1]
    every_error = ["-ferror-limit=0"] if is_clang else []
    command = COMPILER + ["-std=c++20", "-fsyntax-only", *every_error, *INCLUDES, str(SOURCE)]
    output = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    expected = {}
    for number, line in enumerate(SOURCE.read_text().splitlines(), 1):
        if found := MARK.search(line):
            expected[number] = found.group(1)

    problems = old_standard()
    errors = [line for line in output.splitlines() if re.search(r"\berror: ", line)]
    # clang goes on behind a failed assertion, and adds errors of msgpack-c's templates.
    if len(errors) != len(expected) and not (is_clang and len(errors) > len(expected)):
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
