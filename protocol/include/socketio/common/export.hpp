#pragma once

#include <socketio/common/language.hpp>

// Marks the symbols that the installed library exports. All others are hidden.
#if defined(__GNUC__) || defined(__clang__)
#define SOCKETIO_API __attribute__((visibility("default")))
#else
#define SOCKETIO_API
#endif
