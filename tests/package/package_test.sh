#!/usr/bin/env bash
# What a user does: install, compile the examples of README and docs against the installed library with pkg-config, run the
# README's with a real Redis.
#   package_test.sh SOURCE_FOLDER BUILD_FOLDER
set -euo pipefail
source_folder=$1
build_folder=$2
redis=${REDIS_SERVER:-$(command -v redis-server || echo valkey-server)}
folder=$(mktemp -d)
redis_pid= subscriber_pid=
cleanup() {
  for pid in $redis_pid $subscriber_pid; do kill -9 "$pid" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap cleanup EXIT
fail() { echo "FAILED: $*"; exit 1; }

quotes() { # PAGE FILE
  sed -n "\\|<!-- $2 -->|,/<!-- end -->/p" "$source_folder/$1" | sed '1,2d;$d' | sed '$d' >"$folder/quoted"
  diff "$folder/quoted" "$source_folder/$2" || fail "$1 and $2 differ"
}
echo "README and docs show the examples as they are."
quotes README.md examples/batch_job.cpp
quotes docs/serving.md examples/first_server.cpp
for page in "$source_folder"/docs/recipes/*.md; do
  for file in $(sed -n 's|^<!-- \(examples/.*\) -->$|\1|p' "$page"); do quotes "docs/recipes/${page##*/}" "$file"; done
done
(cd "$source_folder" && find tests/package/consumers \( -name CMakeLists.txt -o -name meson.build -o -name build.sh \)) >"$folder/consumers"
while read -r file; do quotes docs/building.md "$file"; done <"$folder/consumers"

echo "Installing into an empty folder."
DESTDIR="$folder/root" meson install -C "$build_folder" --no-rebuild --quiet
config=$(find "$folder/root" -name socketio-redis.pc)
[ -n "$config" ] || fail "no socketio-redis.pc was installed"
library_folder=$(dirname "$(dirname "$config")")
for file in "$library_folder/libsocketio-redis.so" "$library_folder/libsocketio-redis.a"; do
  [ -e "$file" ] || fail "$file was not installed"
done
find "$folder/root" -name socketio-emit -type f | grep . >/dev/null || fail "socketio-emit was not installed"
find "$folder/root" -path '*internal*' | grep . && fail "internal headers were installed"

echo "Only our own symbols are visible in the shared library."
strangers=$(nm -D --defined-only "$library_folder/libsocketio-redis.so" | awk '{print $NF}' |
  grep -vE '^_Z(T[ISV])?NK?[RO]?8socketio|^_ZThn[0-9]+_N8socketio' || true)
[ -z "$strangers" ] || fail "visible, but not ours: $strangers"

echo "Compiling the example, shared and static, and every public header by itself."
export PKG_CONFIG_PATH=$(dirname "$config") PKG_CONFIG_SYSROOT_DIR=$folder/root
compiler=${CXX:-c++}
# shellcheck disable=SC2046
$compiler -std=c++20 -Wall -Wextra -Werror "$source_folder/examples/batch_job.cpp" $(pkg-config --cflags --libs socketio-redis) -o "$folder/shared"
# shellcheck disable=SC2046
$compiler -std=c++20 "$source_folder/examples/batch_job.cpp" $(pkg-config --cflags socketio-redis) "$library_folder/libsocketio-redis.a" \
  $(pkg-config --libs-only-l --static socketio-redis | sed 's/-lsocketio-redis//') -o "$folder/static"
include_folder=$(dirname "$(find "$folder/root" -type d -name socketio -path '*include*')")
(cd "$include_folder" && find socketio -name '*.hpp' | sort | sed 's/.*/#include <&>/') >"$folder/all_headers.cpp"
# shellcheck disable=SC2046
$compiler -std=c++20 -Wall -Wextra -Werror -fsyntax-only $(pkg-config --cflags socketio-redis) "$folder/all_headers.cpp"

echo "Compiling the server of docs/serving.md, and every other snippet there and in docs/emitting.md."
# shellcheck disable=SC2046
$compiler -std=c++20 -Wall -Wextra -Werror "$source_folder/examples/first_server.cpp" $(pkg-config --cflags --libs socketio-redis) -o "$folder/server"
for page in serving emitting; do
  "$source_folder/tests/package/snippets.py" "$source_folder/docs/$page.md" >"$folder/snippets.cpp"
  # shellcheck disable=SC2046
  $compiler -std=c++20 -Wall -Wextra -Werror -fsyntax-only $(pkg-config --cflags socketio-redis) "$folder/snippets.cpp"
done

echo "Running the README's."
"$redis" --port 0 --unixsocket "$folder/redis.sock" --save "" --appendonly no >/dev/null &
redis_pid=$!
for _ in $(seq 1000); do
  "${redis%-server}-cli" -s "$folder/redis.sock" ping 2>/dev/null | grep PONG >/dev/null && break
done
if LD_LIBRARY_PATH=$library_folder "$folder/shared" "unix://$folder/redis.sock" >"$folder/out"; then
  fail "the shared example did not notice that there is no server"
fi
cat "$folder/out"
grep -q '^1000000 sent, 1000000 reached no server' "$folder/out" || fail "the shared example did not send a million"
"${redis%-server}-cli" -s "$folder/redis.sock" psubscribe 'socket.io#*' >/dev/null &  # in place of a server
subscriber_pid=$!
for _ in $(seq 1000); do
  "${redis%-server}-cli" -s "$folder/redis.sock" pubsub numpat | grep 1 >/dev/null && break
done
"$folder/static" "unix://$folder/redis.sock" >"$folder/out" || fail "the static example did not reach the subscriber"
grep '^1000000 sent, 0 reached no server' "$folder/out" || fail "the static example did not send a million"
if "$folder/static" "unix://$folder/nobody.sock" >"$folder/out" 2>&1; then fail "the example did not notice that there is no Redis"; fi
echo "All good."
