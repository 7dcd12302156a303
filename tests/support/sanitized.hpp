#pragma once

// SOCKETIO_SANITIZED is defined if a sanitizer delays the release of memory, or uses several times as much of it.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SOCKETIO_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SOCKETIO_SANITIZED 1
#endif
#endif
