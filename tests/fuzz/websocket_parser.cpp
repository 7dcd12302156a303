#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <socketio/protocol/utf8.hpp>
#include <socketio/protocol/websocket_frame.hpp>

#include "fuzz/check.hpp"

// Property: a stream gives the same messages and the same failure however it is cut, all within the limits, and text is UTF-8.
// The first byte says whether compression was agreed on, the second how many of the following bytes are sizes of pieces.

using namespace socketio;
using namespace websocket_frame;

namespace {

constexpr std::size_t message_bytes_max = 200;

struct Outcome {
  std::vector<std::string> messages;  ///< opcode, compressed, code and payload
  CloseCode failure = CloseCode::none;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

void note(const Message& message, Outcome& outcome) {
  FUZZ_CHECK(message.opcode != Opcode::continuation);
  FUZZ_CHECK(message.payload.size() <= (message.opcode >= Opcode::close ? control_bytes_max : message_bytes_max));
  if ((message.opcode == Opcode::text && !message.compressed) || message.opcode == Opcode::close) {
    FUZZ_CHECK(utf8::valid(message.text()));
  }
  outcome.messages.push_back(std::to_string(static_cast<int>(message.opcode)) + (message.compressed ? "c" : "p") +
                             std::to_string(static_cast<int>(message.code)) + " " + std::string(message.text()));
}

template <typename NextSize>
Outcome parsed(Bytes bytes, bool compression, NextSize next_size) {
  Parser parser({message_bytes_max, compression});
  Outcome outcome;
  while (!bytes.empty()) {
    const std::size_t size = std::min(next_size(), bytes.size());
    std::vector<std::uint8_t> piece(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    bytes = bytes.subspan(size);
    std::span<std::uint8_t> input(piece);
    Message message;
    Status status = Status::more;
    while ((status = parser.next(input, message)) == Status::message) {
      note(message, outcome);
    }
    FUZZ_CHECK(input.empty());
    FUZZ_CHECK((status == Status::failed) == (parser.close_code() != CloseCode::none));
  }
  outcome.failure = parser.close_code();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  const bool compression = data[0] % 2 == 1;
  const Bytes rest(data + 2, size - 2);
  const Bytes sizes = rest.first(std::min<std::size_t>(data[1], rest.size()));
  const Bytes stream = rest.subspan(sizes.size());

  const Outcome whole = parsed(stream, compression, [&] { return stream.size(); });
  FUZZ_CHECK(parsed(stream, compression, [] { return std::size_t{1}; }) == whole);
  std::size_t turn = 0;
  const auto next_size = [&] { return sizes.empty() ? std::size_t{3} : std::size_t{1} + sizes[turn++ % sizes.size()]; };
  FUZZ_CHECK(parsed(stream, compression, next_size) == whole);
  return 0;
}
