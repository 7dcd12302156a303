#!/usr/bin/env python3
"""Prints a C++ file made of the snippets of a page of the docs, so that a compiler can say whether they are true.

Each ```cpp block that is no program of its own becomes a function; structs at its beginning go before it. What the page says
that snippets have at hand (io, socket, loop, options) are its parameters.
"""
import pathlib
import re
import sys

PROLOGUE = """\
#include <chrono>
#include <csignal>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>
#include <socketio/server.hpp>
using namespace socketio;
using namespace std::chrono_literals;
"""
BLOCK = re.compile(r"^```cpp\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INCLUDE = re.compile(r"^#include .*\n", re.MULTILINE)
STRUCT = re.compile(r"\Astruct .*?^};\n", re.MULTILINE | re.DOTALL)


def main():
    page = pathlib.Path(sys.argv[1])
    text = page.read_text()
    print("".join(sorted(set(INCLUDE.findall("".join(BLOCK.findall(text)))))) + PROLOGUE)
    count = 0
    for block in BLOCK.finditer(text):
        code = block.group(1)
        if "int main(" in code:
            continue
        count += 1
        code = INCLUDE.sub("\n", code)
        line = text.count("\n", 0, block.start()) + 2
        structs = ""
        if found := STRUCT.match(code):
            structs, code = found.group(), code[found.end():]
        print(f"namespace snippet_{count} {{")
        print(f'#line {line} "{page}"\n{structs}')
        print("void run([[maybe_unused]] Loop& loop, [[maybe_unused]] Server& io, [[maybe_unused]] ServerOptions& options,")
        print("         [[maybe_unused]] const Socket& socket) {")
        print(f'#line {line + structs.count(chr(10))} "{page}"\n{code}}}\n}}')
    if count < 10:
        sys.exit(f"{page}: only {count} snippets")


main()
