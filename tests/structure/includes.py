#!/usr/bin/env python3
"""Reads every #include and holds the dependency table: who may know whom."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
FOLDERS = ["protocol", "net", "redis", "emitter", "adapter", "server", "cli", "examples"]

# Folder -> folders whose headers it may include. "common" is protocol's small common headers, socketio/common/.
MAY_INCLUDE = {
    "protocol": {"protocol", "common"},
    "net": {"net", "common"},
    "redis": {"redis", "net", "common"},
    "emitter": {"emitter", "redis", "protocol", "common"},
    "adapter": {"adapter", "protocol", "redis", "common"},
    "server": {"server", "adapter", "protocol", "net", "common"},
    "cli": {"cli", "emitter", "redis", "protocol", "common"},
    "examples": {"server", "adapter", "emitter", "redis", "net", "protocol", "common"},
}
# Folder -> what others wrote, by the first part of the include's path.
THIRD_PARTY = {
    "protocol": {"msgpack", "openssl"},
    "net": {"uv.h", "openssl"},
    "redis": {"hiredis"},
    "emitter": set(),
    "adapter": set(),
    "server": {"llhttp.h", "malloc.h", "zlib.h"},
    "cli": {"cxxopts.hpp"},
    "examples": set(),
}
# Public headers include the C++ library, parts of msgpack-c and each other, nothing else. <msgpack.hpp> is all of it: twice the
# compile time of the parts that are needed.
PUBLIC_THIRD_PARTY = {"msgpack"}
SYSTEM = {"arpa", "fcntl.h", "netdb.h", "netinet", "poll.h", "pthread.h", "signal.h", "sys", "unistd.h"}
# Headers of the C++ library that cost much compile time and that no program needs by including ours; nor do the public headers of
# the library include each other to them. (<algorithm> alone is a tenth of socketio/emitter.hpp.)
PROGRAM_HEADERS = ("socketio/emitter.hpp", "socketio/asker.hpp", "socketio/server.hpp")
COSTLY = {
    "algorithm", "any", "deque", "filesystem", "format", "forward_list", "fstream", "future", "iostream", "list", "map", "memory_resource",
    "mutex", "numeric", "ostream", "random", "ranges", "regex", "set", "sstream", "thread", "unordered_map", "unordered_set", "variant",
}
# The rooms of server/src from the bottom up: a room may include those before it, never those behind it.
ROOMS = ["http", "websocket", "engine", "socketio"]
# Headers in server/include and server/internal that are not of the last room.
ROOM_OF = {"http": "http", "http_options": "http", "http_request": "http", "http_routes": "http", "static_files": "http",
           "frame": "websocket", "decision": "engine", "engine": "engine", "engine_options": "engine", "engine_socket": "engine",
           "id": "engine"}
# The files of server/src/socketio from the bottom up, by stem: a file includes those before it, and names no type of those behind
# it. Who reads them in this order meets no word that comes later.
SOCKETIO_FILES = [
    # values, and what holds them
    "counters", "backlog", "packet_writer", "ack", "handshake", "socket_handlers", "pending_acks",
    # what everything on a server, and everything on one of its loops, shares
    "server_context", "loop_context",
    # a socket, and its view of its namespace and of its connection (SocketOwner)
    "socket_namespace", "socket_shard", "socket_data", "socket_core", "socket_sending", "socket_events",
    # a namespace: owns its shards and its adapter
    "namespace_shard", "shard_group", "namespace_handlers", "namespace_core", "namespace_operations", "admission",
    # a connection: owns its sockets
    "connection", "namespace_lookup",
    # the server: owns its loops and namespaces
    "server_loop", "server_core",
    # the handles that programs have
    "remote_socket", "broadcast_operator", "socket", "namespace", "http_routes", "server",
]
SOCKETIO_FOLDER = "server/src/socketio"
DEFINITION = re.compile(r"^(?:class|struct)\s+([A-Z]\w+)[^;{]*\{", re.MULTILINE)
COMMENT = re.compile(r"//[^\n]*")

# The folders of cli/: folder -> others that it may include.
MAY_INCLUDE_IN_CLI = {"common": set(), "emit": {"common"}, "fleet": {"common"}, "shell": {"common", "emit", "fleet"}}
MSGPACK_PLACE = "protocol/include/socketio/protocol/msgpack_types.hpp"
STANDARD = re.compile(r"^[a-z0-9_]+$")  # <vector>, <cstdint>
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def owner_of(header, includes_by_folder):
    if header.startswith("socketio/common/"):
        return "common"
    for folder, headers in includes_by_folder.items():
        if header in headers:
            return folder
    return None


def room_of(path):
    """The room of a file of the server, by its path from the project's root; None for others."""
    parts = path.parts
    if parts[:2] == ("server", "src"):
        return ROOMS.index(parts[2])
    return ROOMS.index(ROOM_OF.get(path.stem, "socketio")) if parts[0] == "server" else None


def included_room(quote, header):
    first, *rest = header.split("/")
    if quote == '"' and rest and first in ROOMS:
        return ROOMS.index(first)
    return ROOMS.index(ROOM_OF.get(pathlib.PurePath(header).stem, "socketio")) if header.startswith("socketio/server/") else None


def costly_includes():
    """What a program gets by including one of our headers, through all others of ours."""
    problems = []
    for program_header in PROGRAM_HEADERS:
        waiting, found = [program_header], {program_header}
        while waiting:
            header = waiting.pop()
            for base in FOLDERS:
                path = ROOT / base / "include" / header
                if not path.exists():
                    continue
                for _, included in INCLUDE.findall(path.read_text()):
                    if included in COSTLY:
                        problems.append(f"{path.relative_to(ROOT)}: #include {included}: {program_header} would cost more to compile")
                    elif included.startswith("socketio/") and included not in found:
                        found.add(included)
                        waiting.append(included)
    return problems


def out_of_order():
    """What a file of SOCKETIO_FILES includes or names that comes after it."""
    problems, defined = [], {}
    paths = {path: path.read_text() for path in sorted((ROOT / SOCKETIO_FOLDER).glob("*.?pp"))}
    for path, text in paths.items():
        if path.stem not in SOCKETIO_FILES:
            return [f"{path.relative_to(ROOT)}: is not in SOCKETIO_FILES of this test"]
        if path.suffix == ".hpp":
            defined.update({name: SOCKETIO_FILES.index(path.stem) for name in DEFINITION.findall(text)})
    for path, text in paths.items():
        own = SOCKETIO_FILES.index(path.stem)
        included = {header: pathlib.PurePath(header).stem for quote, header in INCLUDE.findall(text) if quote == '"' and "/" not in header}
        named = {name: SOCKETIO_FILES[defined[name]] for name in re.findall(r"\w+", COMMENT.sub("", text)) if name in defined}
        problems += [f"{path.relative_to(ROOT)}: {what}: {other} comes after {path.stem}"
                     for what, other in sorted((included | named).items()) if SOCKETIO_FILES.index(other) > own]
    for stem in set(SOCKETIO_FILES) - {path.stem for path in paths}:
        problems.append(f"{SOCKETIO_FOLDER}: SOCKETIO_FILES names {stem}, which is not there")
    if len(defined) < 20:
        problems.append("too few types found: DEFINITION no longer reads the sources' style")
    return problems


def headers_in(base):
    return {str(path.relative_to(base)) for path in base.rglob("*.hpp")}


def main():
    includes_by_folder, internal = {}, set()
    for folder in FOLDERS:
        not_installed = headers_in(ROOT / folder / "internal")
        includes_by_folder[folder] = headers_in(ROOT / folder / "include") | not_installed
        internal |= not_installed

    problems, files, seen = costly_includes() + out_of_order(), 0, 0
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix not in {".hpp", ".cpp", ".h", ".c"}:
                continue
            files += 1
            public = "include" in path.relative_to(ROOT).parts
            installed_only = public or folder == "examples"
            for quote, header in INCLUDE.findall(path.read_text()):
                seen += 1
                where = f"{path.relative_to(ROOT)}: #include {header}"
                first = header.split("/")[0]
                room, other = room_of(path.relative_to(ROOT)), included_room(quote, header)
                if room is not None and other is not None and other > room:
                    problems.append(f"{where}: {ROOMS[room]} may not know {ROOMS[other]}")
                if first == "socketio" and quote == "<":
                    owner = owner_of(header, includes_by_folder)
                    if owner is None:
                        problems.append(f"{where}: no folder has this header")
                    elif owner not in MAY_INCLUDE[folder]:
                        problems.append(f"{where}: {folder} may not know {owner}")
                    elif installed_only and header in internal:
                        problems.append(f"{where}: is not installed")
                elif quote == '"':
                    places = [(base / header).resolve() for base in (path.parent, ROOT / folder / ("." if folder == "cli" else "src"))]
                    found = [place for place in places if place.exists()]
                    if public or not found or (ROOT / folder).resolve() not in found[0].parents:
                        problems.append(f"{where}: private headers live in their folder, beside the file or named from src/ (cli/)")
                    elif folder == "cli" and "/" in header and header.split("/")[0] not in MAY_INCLUDE_IN_CLI[path.parent.name]:
                        problems.append(f"{where}: cli/{path.parent.name} may not know it")
                elif STANDARD.match(header):
                    continue
                elif public and first == "msgpack" and str(path.relative_to(ROOT)) != MSGPACK_PLACE:
                    problems.append(f"{where}: {MSGPACK_PLACE} includes msgpack-c, no other public header does")
                elif public and first not in PUBLIC_THIRD_PARTY:
                    problems.append(f"{where}: public headers include the C++ library, msgpack-c and each other")
                elif first not in THIRD_PARTY[folder] and first not in SYSTEM:
                    problems.append(f"{where}: {folder} may not use it")
    for problem in problems:
        print(problem)
    print(f"{seen} includes in {files} files, {len(problems)} problems")
    if files < 20:
        print("too few files: is this the right folder?")
        return 1
    return 1 if problems else 0


sys.exit(main())
