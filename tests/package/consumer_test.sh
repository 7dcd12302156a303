#!/usr/bin/env bash
# Builds the programs of consumers/ as somebody else's project does, in one of the ways of docs/building.md, and runs them.
#   consumer_test.sh WAY SOURCE_FOLDER BUILD_FOLDER
# WAY is a folder of consumers/. Ends with 77 (skipped) where a build tool of that way is missing.
set -euo pipefail
way=$1
source_folder=$2
build_folder=$3
folder=$(mktemp -d)
redis_pid=
cleanup() {
  [ -z "$redis_pid" ] || { kill -9 "$redis_pid" && wait "$redis_pid"; } 2>/dev/null || true
  rm -rf "$folder"
}
trap cleanup EXIT
fail() { echo "FAILED: $*"; exit 1; }
need() { command -v "$1" >/dev/null || { echo "SKIPPED: there is no $1"; exit 77; }; }

# The programs are compiled quickly: what they do is tested elsewhere.
export CXXFLAGS=-O0 CFLAGS=-O0 CCACHE_BASEDIR=${CCACHE_BASEDIR:-$folder}
if command -v ccache >/dev/null; then export CMAKE_CXX_COMPILER_LAUNCHER=ccache CMAKE_C_COMPILER_LAUNCHER=ccache; fi
jobs=${JOBS:-$(nproc)}
cp -r "$source_folder/tests/package/consumers" "$folder/"
project=$folder/consumers/$way

# ---- what the ways share ---------------------------------------------------------------------------------------------------
# Installs with a DESTDIR, then moves the tree: nothing in it may depend on where it was.
install_library() {
  DESTDIR="$folder/staged" meson install -C "$build_folder" --no-rebuild --quiet
  mv "$folder/staged" "$folder/root"
  package=$(find "$folder/root" -name socketio-redis.pc)
  [ -n "$package" ] || fail "no socketio-redis.pc was installed"
  library_folder=$(dirname "$(dirname "$package")")
  prefix=$folder/root$(pkg-config --variable=prefix "$package")
  export LD_LIBRARY_PATH=$library_folder
}

use_pkg_config() { export PKG_CONFIG_PATH=$library_folder/pkgconfig PKG_CONFIG_SYSROOT_DIR=$folder/root; }

# Where CMake looks for what is installed. On Debian it does not look into lib64, which meson takes where dpkg-dev is missing.
find_it() {
  if [ -e /etc/debian_version ] && [ "${library_folder##*/}" = lib64 ]; then
    echo "-Dsocketio-redis_DIR=$library_folder/cmake/socketio-redis"
  else
    echo "-DCMAKE_PREFIX_PATH=$prefix"
  fi
}

build_with_cmake() { # OPTION...
  cmake -S "$project" -B "$project/build" -G Ninja -DCMAKE_BUILD_TYPE= "$@" >"$folder/log" 2>&1 || { cat "$folder/log"; fail "cmake"; }
  cmake --build "$project/build" -j "$jobs" >"$folder/log" 2>&1 || { cat "$folder/log"; fail "cmake --build"; }
}

build_with_meson() { # OPTION...
  meson setup "$project/build" "$project" -Doptimization=0 "$@" >"$folder/log" 2>&1 || { cat "$folder/log"; fail "meson setup"; }
  ninja -C "$project/build" -j "$jobs" >"$folder/log" 2>&1 || { cat "$folder/log"; fail "ninja"; }
}

# What the library's own project makes beside the library is not made in somebody else's.
nothing_unasked() {
  find "$project/build" \( -name 'socketio-emit*' -o -name 'socketio-fleet*' -o -name '*_test.cpp*' -o -name 'batch_job*' \) | grep . &&
    fail "more than the library was built"
  return 0
}

run_programs() { # FOLDER PROGRAM...
  local programs=$1
  shift
  for program in "$@"; do
    case $program in
      emit)
        "$programs/emit" "unix://$folder/redis.sock" | tee "$folder/out"
        grep -q '^1 sent' "$folder/out" || fail "emit did not send" ;;
      serve)
        "$programs/serve" | tee "$folder/out"
        grep -q '^listening [0-9]' "$folder/out" || fail "serve did not listen" ;;
    esac
  done
}

links_shared() { readelf -d "$1" | grep 'NEEDED.*libsocketio-redis\.so\.' >/dev/null; }

# ---- the ways --------------------------------------------------------------------------------------------------------------
pkg_config() {
  install_library
  use_pkg_config
  (cd "$project" && sed "s|^c++ |${CXX:-c++} $CXXFLAGS |" build.sh | bash -e)
  links_shared "$project/emit" || fail "the program does not use the shared library"
  run_programs "$project" emit serve
}

cmake_installed() {
  need cmake
  install_library
  build_with_cmake "$(find_it)"
  links_shared "$project/build/emit" || fail "the program does not use the shared library"
  run_programs "$project/build" emit serve
  echo "Another minor version is refused."
  sed -i 's/redis 0\.1 /redis 0.2 /' "$project/CMakeLists.txt"
  if cmake -S "$project" -B "$project/other" -G Ninja "$(find_it)" >"$folder/log" 2>&1; then fail "0.2 was found"; fi
  grep -q 'version: 0\.1' "$folder/log" || fail "the version was not the reason"
}

cmake_static() {
  need cmake
  install_library
  build_with_cmake "$(find_it)"
  if links_shared "$project/build/emit"; then fail "the program uses the shared library"; fi
  run_programs "$project/build" emit
}

# As a shared library that lacks nothing, so that each source that meson names must be there.
cmake_sources() {
  need cmake
  ln -s "$source_folder" "$project/socketio-redis"
  build_with_cmake -DBUILD_SHARED_LIBS=ON -DCMAKE_SHARED_LINKER_FLAGS=-Wl,--no-undefined \
    -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=50
  nothing_unasked
  run_programs "$project/build" emit serve
}

meson_installed() {
  install_library
  use_pkg_config
  build_with_meson
  links_shared "$project/build/emit" || fail "the program does not use the shared library"
  run_programs "$project/build" emit serve
}

meson_subproject() {
  mkdir "$project/subprojects"
  ln -s "$source_folder" "$project/subprojects/socketio-redis"
  build_with_meson --wrap-mode=forcefallback -Dunity=on -Dunity_size=100
  nothing_unasked
  DESTDIR="$folder/installed" meson install -C "$project/build" --no-rebuild --quiet
  [ -z "$(find "$folder/installed" -type f 2>/dev/null)" ] || fail "the library was installed with somebody else's project"
  run_programs "$project/build" emit serve
}

redis-server --port 0 --unixsocket "$folder/redis.sock" --save "" --appendonly no >/dev/null &
redis_pid=$!
for _ in $(seq 1000); do
  redis-cli -s "$folder/redis.sock" ping 2>/dev/null | grep PONG >/dev/null && break
done
"$way"
echo "All good. CPU time of the shell and of what it started, user and system:"
times
