#!/usr/bin/env python3
"""The tool loads nothing but the C library with its libm, and of that nothing private: each library costs every start."""
import re
import subprocess
import sys

TOOL = sys.argv[1]
ALLOWED = re.compile(r"^(lib[cm]\.so|ld-linux|ld64?\.so)")


def readelf(*options):
    return subprocess.run(["readelf", "-W", *options, TOOL], check=True, capture_output=True, text=True).stdout


def main():
    needed = re.findall(r"\(NEEDED\).*\[(.+)\]", readelf("--dynamic"))
    problems = [f"it loads {library}" for library in needed if not ALLOWED.match(library)]
    problems += [f"it uses {symbol}" for symbol in re.findall(r"\S+@GLIBC_PRIVATE", readelf("--dyn-syms"))]
    for problem in problems:
        print(problem)
    print(f"{len(needed)} libraries, {len(problems)} problems")
    return 1 if problems or not needed else 0


sys.exit(main())
