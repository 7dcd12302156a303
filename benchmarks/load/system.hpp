// Functions that the load programs share: clocks, sockets, and the bytes that they send.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace bench {

/// Prints `what`, and errno if it is set, and ends the process: a failed measurement has no result.
[[noreturn]] void fail(const std::string& what);

std::uint64_t now_ns();

/// Processor time that the processes have used so far, including all their threads, from /proc/PID/task/*/schedstat.
std::uint64_t cpu_ns(const std::vector<pid_t>& processes);

/// A blocking connection to a port of this machine.
int connect_to(std::uint16_t port);

/// Port of `redis://127.0.0.1:6379`.
std::uint16_t port_of(std::string_view url);

/// Writes all bytes to a blocking socket.
void write_all(int fd, std::string_view bytes);

/// A packet as sent to a client, `42["msg",7,"xxx"]`. The load reads its id back.
std::string packet(std::uint64_t id, std::string_view text);

/// A WebSocket frame as a server sends it: final, text, not masked.
void append_frame(std::string& out, std::string_view payload);

/// The same event as the classic adapter publishes it for a room, in msgpack.
std::string broadcast(std::string_view nsp, std::string_view room, std::uint64_t id, std::string_view text);

void append_publish(std::string& out, std::string_view channel, std::string_view payload);

}  // namespace bench
