#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/reserved_events.hpp>
#include <socketio/protocol/socketio_packet.hpp>
#include <socketio/protocol/utf8.hpp>

#include "fuzz/check.hpp"

// Property: whatever messages a client sends - those that begin with a byte ff are binary, one is parted from the next by a
// byte fe - a packet that comes out is safe: its name, its data and its size are within the rules. Sent again, it is accepted
// and says the same.

using namespace socketio;
using socketio_packet::Packet;
using socketio_packet::Type;
using socketio_packet::Violation;

namespace {

constexpr socketio_packet::Limits limits_here = {.attachments_max = 10, .attachment_bytes_max = 64, .depth_max = 32};

void check_safe(const Packet& packet, std::size_t input_size) {
  FUZZ_CHECK(packet.type <= Type::connect_error);
  FUZZ_CHECK(utf8::valid(packet.nsp));
  FUZZ_CHECK(!packet.id || (*packet.id >= 0 && *packet.id <= socketio_packet::id_max));
  FUZZ_CHECK(packet.data.empty() || check_items(packet.data, 1, limits_here.depth_max).ok());
  FUZZ_CHECK(packet.data.size() <= 9 * input_size + limits_here.attachment_bytes_max);
  if (packet.type == Type::event) {
    const auto name = event_data::name(packet.data);
    FUZZ_CHECK(name.ok() && name->kind != Kind::binary && !is_reserved_client_event(name->text));
  }
}

/// Sends a packet as a server does, and reads it as a client would.
void check_sent_again(const Packet& packet) {
  Buffer text;
  std::vector<Bytes> attachments;
  FUZZ_CHECK(socketio_packet::encode(text, packet, attachments).ok());
  if (attachments.size() > limits_here.attachments_max) {
    return;  // one attachment was shown in many places
  }
  socketio_packet::Reassembler reassembler(limits_here);
  Buffer scratch;
  Packet read;
  FUZZ_CHECK(reassembler.text(text.text(), scratch, read) == Violation::none);
  for (const Bytes attachment : attachments) {
    FUZZ_CHECK(reassembler.waiting());
    FUZZ_CHECK(reassembler.binary(attachment, scratch, read) == Violation::none);
  }
  FUZZ_CHECK(!reassembler.waiting());
  FUZZ_CHECK(read.type == packet.type && read.nsp == packet.nsp && read.id == packet.id);
  Buffer again;
  FUZZ_CHECK(socketio_packet::encode(again, read, attachments).ok());
  FUZZ_CHECK(again.text() == text.text());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr char parting = '\xfe';
  std::string_view input = as_text({data, size});
  socketio_packet::Reassembler reassembler(limits_here);
  Buffer scratch;
  for (;;) {
    const std::string_view message = input.substr(0, input.find(parting));
    Packet packet;
    const Violation violation = message.starts_with('\xff') ? reassembler.binary(as_bytes(message.substr(1)), scratch, packet)
                                                            : reassembler.text(message, scratch, packet);
    if (violation != Violation::none) {
      FUZZ_CHECK(!reassembler.waiting());
      return 0;
    }
    if (!reassembler.waiting()) {
      check_safe(packet, size);
      check_sent_again(packet);
    }
    if (message.size() == input.size()) {
      return 0;
    }
    input.remove_prefix(message.size() + 1);
  }
}
