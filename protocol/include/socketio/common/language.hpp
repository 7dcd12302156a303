#pragma once

// Included first, so that a compiler with an older standard of C++ reports this sentence before anything else.
#if __cplusplus <= 201703L
#error "socketio-redis needs C++20: compile with -std=c++20 (CMake: link socketio::redis, which sets it; meson: cpp_std=c++20)."
#endif
