#pragma once

// Responses of the vectors' server and of its client.

#include <cstdint>
#include <string>
#include <vector>

#include <socketio/protocol/pack.hpp>

#include "node.hpp"
#include "unit/protocol/classic_fixture.hpp"

namespace nodes {

/// The client's ack, as the socket passes it to the adapter.
inline Buffer ack_of(const golden::Json& frames) {
  Buffer out;
  if (frames.size() == 1) {
    const std::string text = frames[0];
    return packed(text.substr(text.find('[')));
  }
  socketio::pack::array_header(out, 1);  // the only ack with binary: [bytes]
  golden::append_packed(out, frames[1]);
  return out;
}

/// The response of the vectors' server to events of other servers.
inline Buffer event_answer(const std::string& event) {
  if (event.find("withbin") != std::string::npos) {
    Buffer out;
    socketio::pack::array_header(out, 1);
    const std::vector<std::uint8_t> bytes{1, 2};
    socketio::pack::binary(out, bytes);
    return out;
  }
  return packed(event.find("withundef") != std::string::npos ? "[]" : R"([{"got":1}])");
}

}  // namespace nodes
