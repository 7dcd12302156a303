#!/usr/bin/env bash
# CPU seconds of compiling: a program that includes a public header and nothing else, beside one with <functional>, and all that
# `./run test` builds with g++. In the project's folder:
#   benchmarks/compile_time.sh            the headers, 10 rounds in turn: the least CPU seconds, and the median of the
#                                          ratios to <functional> in the same round, which other work beside it changes less
#   benchmarks/compile_time.sh --build    a first full build as well, in a folder of its own that is removed
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
compiler=${CXX:-g++}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
includes=()
for part in protocol net redis emitter adapter server; do includes+=("-I$part/include"); done
headers=(functional msgpack.hpp socketio/emitter.hpp socketio/asker.hpp socketio/server.hpp)

declare -A least ratios
TIMEFORMAT='%U %S'
for _ in $(seq 10); do
  for header in "${headers[@]}"; do
    printf '#include <%s>\nint main() {}\n' "$header" >"$folder/program.cpp"
    spent=$({ time "$compiler" -std=c++20 -DMSGPACK_NO_BOOST "${includes[@]}" -c "$folder/program.cpp" -o "$folder/program.o"; } 2>&1)
    spent=$(awk -v spent="$spent" 'BEGIN {split(spent, part, " "); print part[1] + part[2]}')
    [ "$header" = functional ] && unit=$spent
    least[$header]=$(awk -v spent="$spent" -v best="${least[$header]:-1000}" 'BEGIN {print spent < best ? spent : best}')
    ratios[$header]+=$(awk -v spent="$spent" -v unit="$unit" 'BEGIN {print spent / unit}')$'\n'
  done
done
printf '%-26s %8s %8s\n' header 'CPU s' ratio
for header in "${headers[@]}"; do
  median=$(printf '%s' "${ratios[$header]}" | sort -n | awk '{all[NR] = $1} END {print (all[int((NR + 1) / 2)] + all[int(NR / 2) + 1]) / 2}')
  awk -v name="$header" -v spent="${least[$header]}" -v ratio="$median" 'BEGIN {printf "%-26s %8.2f %8.1f\n", name, spent, ratio}'
done

if [ "${1:-}" = --build ]; then
  CCACHE_DISABLE=1 meson setup "$folder/build" --buildtype=release -Dtests=true >/dev/null
  spent=$({ time CCACHE_DISABLE=1 ninja -C "$folder/build" --quiet; } 2>&1)
  awk -v spent="$spent" 'BEGIN {split(spent, part, " "); printf "a first full build: %.0f CPU seconds\n", part[1] + part[2]}'
fi
