#!/usr/bin/env python3
"""docs/serving.md names every option of the server, with the default that the headers give it."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
OPTIONS = [ROOT / f"server/include/socketio/server/{name}.hpp" for name in ("http_options", "engine_options", "options")]
RECOVERY = ROOT / "adapter/include/socketio/adapter/adapter.hpp"
LIMITS = ROOT / "protocol/include/socketio/common/limits.hpp"
PAGE = ROOT / "docs/serving.md"

# Structs whose members are options, and how ServerOptions names them.
STRUCTS = {"ServerOptions": "", "EngineOptions": "engine.", "HttpOptions": "http.", "CorsOptions": "engine.cors.",
           "CookieOptions": "engine.cookie.", "TrustProxyOptions": "http.trust_proxy.", "RecoveryOptions": "recovery."}
MEMBER = re.compile(r"^  ([\w:<>(),& *]+?)[ *](\w+)(?: = ([^;]+)|\{([^;]*)\})?;", re.MULTILINE)
ROW = re.compile(r"^\| `([\w.]+)` \| ([^|]+) \|", re.MULTILINE)
UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "ms": 1, "s": 1000}  # the headers have milliseconds


def number(text, constants):
    """The value of a number in C++ or in the docs; None when it is none."""
    text = constants.get(text.removeprefix("limits::"), text)
    text = re.sub(r"std::size_t\{(\d+)\}", r"\1", text).replace("'", "").replace(",", "").replace("64U", "64")
    size, _, unit = text.partition(" ")
    if unit in UNITS:
        return int(size) * UNITS[unit]
    return eval(text) if re.fullmatch(r"[\d *<]+", text) else None  # digits, * and << only


def members(text):
    for struct, prefix in STRUCTS.items():
        found = re.search(rf"^struct {struct} \{{\n(.*?)^\}};", text, re.MULTILINE | re.DOTALL)
        if not found:
            sys.exit(f"there is no struct {struct}")
        for kind, name, value, braced in MEMBER.findall(found.group(1)):
            if not re.search(r"^static |\b(Http|Engine|Cors|Cookie|TrustProxy|Recovery)Options$", kind):
                yield prefix + name, value or braced


def main():
    constants = dict(re.findall(r"constexpr \S+ (\w+) = ([^;]+);", LIMITS.read_text()))
    section = PAGE.read_text().partition("\n## Options and limits\n")[2].partition("\n## ")[0]
    rows, problems, seen = dict(ROW.findall(section)), [], set()
    for name, default in members("".join(page.read_text() for page in [*OPTIONS, RECOVERY])):
        seen.add(name)
        if name not in rows:
            problems.append(f"{name}: docs/serving.md does not name it")
            continue
        told, real = number(rows[name].strip(), constants), number(default, constants)
        if told != real or (default in {"true", "false"} and rows[name].strip() != default):
            problems.append(f"{name}: docs/serving.md says {rows[name].strip()}, the header {default}")
    problems += [f"{name}: docs/serving.md names it, no header does" for name in rows if name not in seen]
    for problem in problems:
        print(problem)
    print(f"{len(seen)} options, {len(problems)} problems")
    return 1 if problems or len(seen) < 40 else 0


sys.exit(main())
