#!/usr/bin/env python3
"""Reads the definitions of types, enumerations, inline functions and constants: one qualified name has one of them.

Two types of one name in two .cpp files of one program break the one-definition rule, and no linker notices.
"""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
LIBRARY = ["protocol", "net", "redis", "emitter", "adapter", "server"]
# Folders whose files end up in one program, with those of the library.
PROGRAMS = [LIBRARY + ["cli"], LIBRARY]

NAMESPACE = re.compile(r"^(?:inline )?namespace\s*([A-Za-z0-9_:]*)\s*\{")
NAMESPACE_END = re.compile(r"^\}\s*// namespace")
TYPE = re.compile(r"^(?:template\s*<.*>\s*)?(?:class|struct|union|enum class|enum struct|enum)\s+(?:[A-Z_]+_API\s+)?"
                  r"([A-Za-z0-9_]+(?:::[A-Za-z0-9_]+)*)\s*(?:final\s*)?(?::(?!:)[^;]*)?\{")
ALIAS = re.compile(r"^using\s+([A-Za-z0-9_]+)\s*=\s*(.*);")
INLINE = re.compile(r"^inline\s+.*?([A-Za-z0-9_]+)\s*(?:\(|=|\{|\[)")


def definitions(path):
    """Yields (qualified name, line) of what has external linkage. The style does not indent what stands in a namespace."""
    scopes = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if NAMESPACE_END.match(line):
            if scopes:
                scopes.pop()
            continue
        namespace = NAMESPACE.match(line)
        if namespace and "}" not in line:
            scopes.append(namespace.group(1))
            continue
        if "" in scopes:  # a namespace without a name
            continue
        found = TYPE.match(line) or INLINE.match(line)
        if found:
            yield "::".join(scopes + [found.group(1)]), number
        alias = ALIAS.match(line)
        if alias and path.suffix == ".hpp":
            yield "::".join(scopes + [alias.group(1)]), number


def main():
    problems, count = set(), 0
    for folders in PROGRAMS:
        where = collections.defaultdict(set)
        for folder in folders:
            for path in sorted((ROOT / folder).rglob("*.?pp")):
                for name, line in definitions(path):
                    where[name].add((str(path.relative_to(ROOT)), line))
                    count += 1
        for name, places in where.items():
            if len({path for path, _ in places}) > 1:
                problems.add(f"{name} is defined in " + " and in ".join(f"{path}:{line}" for path, line in sorted(places)))
    for problem in sorted(problems):
        print(problem)
    if count < 400:
        print(f"Only {count} definitions found: this test no longer reads the sources' style.")
        return 1
    print(f"{count} definitions, {len(problems)} names with two")
    return 1 if problems else 0


sys.exit(main())
