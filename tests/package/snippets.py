#!/usr/bin/env python3
"""Prints a C++ file made of the snippets of a page of the docs, so that a compiler can check them.

Each ```cpp block that is not a program of its own becomes a function; structs at its beginning go before it. Functions of the
page about the server have the parameters that the page names (io, socket, loop, options); those of other pages have none.
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
using namespace std::chrono_literals;
"""
SERVER_PROLOGUE = """\
#include <socketio/server.hpp>
using namespace socketio;
"""
AT_HAND = """[[maybe_unused]] Loop& loop, [[maybe_unused]] Server& io, [[maybe_unused]] ServerOptions& options,
         [[maybe_unused]] const Socket& socket"""
BLOCK = re.compile(r"^```cpp\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INCLUDE = re.compile(r"^#include .*\n", re.MULTILINE)
STRUCT = re.compile(r"\Astruct .*?^};\n", re.MULTILINE | re.DOTALL)


def main():
    page = pathlib.Path(sys.argv[1])
    text = page.read_text()
    is_server = page.name == "serving.md"
    print("".join(sorted(set(INCLUDE.findall("".join(BLOCK.findall(text)))))) + PROLOGUE + (SERVER_PROLOGUE if is_server else ""))
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
        print(f"void run({AT_HAND if is_server else ''}) {{")
        print(f'#line {line + structs.count(chr(10))} "{page}"\n{code}}}\n}}')
    if count < (10 if is_server else 5):
        sys.exit(f"{page}: only {count} snippets")


main()
