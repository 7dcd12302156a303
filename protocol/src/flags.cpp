#include <socketio/protocol/flags.hpp>

namespace socketio {

static_assert(sizeof(Flags) == 12);

std::string_view wire_name(Flag flag) noexcept {
  switch (flag) {
    case Flag::is_volatile: return "volatile";
    case Flag::compress: return "compress";
    case Flag::timeout: return "timeout";
    case Flag::expect_single_response: return "expectSingleResponse";
    case Flag::broadcast: return "broadcast";
    case Flag::json: return "json";
  }
  return {};
}

}  // namespace socketio
