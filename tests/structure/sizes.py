#!/usr/bin/env python3
"""Counts the lines of every source file and the methods of every class: what is larger than the limits holds two ideas."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
FOLDERS = ["protocol", "net", "redis", "emitter", "adapter", "server", "cli"]
LINES_MAX = 400
METHODS_MAX = 25  # declarations of member functions: overloads each, without constructors, destructors and operators
# What programs call: these offer much, and do little.
FACADES = {"server Socket", "server BroadcastOperator"}
# Larger ones than the limits, with their present sizes. An entry may only get smaller, and goes when it is no longer needed.
LONG_FILES = {"cli/emit/publisher.cpp": 425, "protocol/src/json_reader.cpp": 481}
LARGE_CLASSES = {"adapter ClusterAdapter": 26, "cli Publisher": 27, "protocol Dialect": 31, "protocol MessageDialect": 27}

COMMENT_OR_TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|R"\((?:.|\n)*?\)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.DOTALL)
CLASS = re.compile(r"^[ \t]*(?:template\s*<[^{;]*>\s*)?(?:class|struct)\s+(?:\[\[\w+\]\]\s*)?(?:[A-Z_]+_API\s+)?"
                   r"([A-Za-z_][\w:]*(?:<[^{;]*>)?)\s*(?:final\s*)?(?::(?!:)[^;{]*)?\{", re.MULTILINE)
ACCESS = re.compile(r"\b(?:public|protected|private)\s*:(?!:)")
NO_METHOD = re.compile(r"^\s*(?:using|friend|static_assert|typedef|enum|class|struct|union)\b")
NAME = re.compile(r"(~?\b[A-Za-z_]\w*)\s*$")


def body_at(text, start):
    """The text between the brace before `start` and the one that closes it."""
    depth = 1
    for end in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if depth == 0:
            return text[start:end]
    return text[start:]


def without(text, opening, closing):
    """The text without what stands between these characters, at any depth; a pair of them remains."""
    kept, depth = [], 0
    for character in text:
        if character == closing and depth > 0:
            depth -= 1
        if depth == 0:
            kept.append(character)
        if character == opening:
            depth += 1
    return "".join(kept)


def methods(name, body):
    """The names of the member functions that a class declares."""
    flat = ACCESS.sub(";", without(without(body, "{", "}"), "<", ">"))
    found = []
    for statement in re.split(r";|\{\}", flat):
        before, bracket, after = statement.partition("(")
        last = NAME.search(before)
        if bracket and last and "=" not in before and "operator" not in before and not after.lstrip().startswith("*") \
                and not NO_METHOD.match(before) and last.group(1).lstrip("~") != name and last.group(1) != "alignas":
            found.append(last.group(1))
    return found


def main():
    sizes, classes, problems = {}, {}, []
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.?pp")):
            where, text = str(path.relative_to(ROOT)), path.read_text()
            sizes[where] = text.count("\n")
            code = COMMENT_OR_TEXT.sub('""', text)
            for found in CLASS.finditer(code):
                name = found.group(1).split("<")[0].split("::")[-1]
                count = len(methods(name, body_at(code, found.end())))
                if count > METHODS_MAX:
                    classes[f"{folder} {name}"] = count

    for name in FACADES:
        if classes.pop(name, 0) <= METHODS_MAX:
            problems.append(f"{name} has at most {METHODS_MAX} methods, or this test no longer reads the sources' style: remove its entry")
    for what, found, allowed, most in (("lines", {where: size for where, size in sizes.items() if size > LINES_MAX}, LONG_FILES, LINES_MAX),
                                       ("methods", classes, LARGE_CLASSES, METHODS_MAX)):
        for name, size in sorted(found.items()):
            if size > allowed.get(name, most):
                problems.append(f"{name} has {size} {what}, above {allowed.get(name, most)}: split it")
        for name, size in sorted(allowed.items()):
            if found.get(name, 0) < size:
                problems.append(f"{name} has fewer {what} than {size}: lower its entry in this test, or remove it at {most} or fewer")
    for problem in problems:
        print(problem)
    print(f"{len(sizes)} files, {sum(sizes.values())} lines, {len(problems)} problems")
    return 1 if problems or len(sizes) < 100 else 0


sys.exit(main())
