#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <socketio/protocol/engineio_packet.hpp>
#include <socketio/protocol/engineio_revision3.hpp>

#include "fuzz/check.hpp"

// Property: the packets of a polling body, in any of the three forms, are valid, and written again they read as the same.
// Errors point into the body. The first byte of the input chooses the form.

using namespace socketio;
using engineio_packet::Packet;

namespace {

struct OwnPacket {
  engineio_packet::Type type;
  bool binary;
  std::string data;

  friend bool operator==(const OwnPacket&, const OwnPacket&) = default;
};

template <typename Reader>
std::vector<OwnPacket> read_all(Reader& reader) {
  std::vector<OwnPacket> packets;
  Packet packet;
  while (reader.next(packet)) {
    FUZZ_CHECK(packet.type <= engineio_packet::Type::noop);
    FUZZ_CHECK(!packet.binary || packet.type == engineio_packet::Type::message);
    packets.push_back({packet.type, packet.binary, std::string(packet.text())});
  }
  FUZZ_CHECK(!reader.next(packet));
  return packets;
}

/// `make_reader(body, scratch)` and `encode(out, packets)` are of one form.
template <typename MakeReader, typename Encode>
void check_form(std::string_view body, MakeReader make_reader, Encode encode) {
  Buffer scratch;
  auto reader = make_reader(body, scratch);
  const auto packets = read_all(reader);
  FUZZ_CHECK(reader.ok() || reader.error().offset_bytes <= body.size());
  FUZZ_CHECK(packets.size() <= body.size());
  if (packets.empty()) {
    return;
  }
  std::vector<Packet> views;
  for (const OwnPacket& packet : packets) {
    views.push_back({packet.type, packet.binary, as_bytes(packet.data)});
  }
  Buffer out;
  encode(out, views);
  auto again = make_reader(out.text(), scratch);
  FUZZ_CHECK(read_all(again) == packets);
  FUZZ_CHECK(again.ok());
}

void check_revision3(std::string_view body, engineio_revision3::PayloadForm form) {
  check_form(
      body,
      [=](std::string_view text, Buffer& scratch) { return engineio_revision3::PayloadReader(as_bytes(text), form, scratch); },
      [=](Buffer& out, const std::vector<Packet>& packets) { engineio_revision3::encode_payload(out, packets, form); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view body = as_text({data + 1, size - 1});
  switch (data[0] % 3) {
    case 0:
      check_form(
          body, [](std::string_view text, Buffer& scratch) { return engineio_packet::PayloadReader(text, scratch); },
          [](Buffer& out, const std::vector<Packet>& packets) { engineio_packet::encode_payload(out, packets); });
      break;
    case 1: check_revision3(body, engineio_revision3::PayloadForm::text); break;
    default: check_revision3(body, engineio_revision3::PayloadForm::binary); break;
  }
  return 0;
}
