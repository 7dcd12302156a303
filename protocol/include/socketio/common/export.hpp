#pragma once

// Marks what the installed library offers. Everything else is hidden.
#if defined(__GNUC__) || defined(__clang__)
#define SOCKETIO_API __attribute__((visibility("default")))
#else
#define SOCKETIO_API
#endif
