// OpenSSL's general interface to digests costs 2 MB of memory at first use (it loads all its algorithms) and a search for each
// digest. So SHA-1 is computed with OpenSSL's older functions, which are deprecated but stay available.
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

#include <socketio/protocol/base64.hpp>
#include <socketio/protocol/utf8.hpp>
#include <socketio/protocol/websocket_frame.hpp>

#include "websocket_bits.hpp"
#include "websocket_mask.hpp"

namespace socketio::websocket_frame {
void write_header(std::uint8_t* at, Opcode opcode, std::uint64_t payload_size, bool compressed) noexcept {
  assert(opcode < Opcode::close || payload_size <= control_bytes_max);
  *at++ = static_cast<std::uint8_t>(final_bit | (compressed ? compressed_bit : 0) | static_cast<int>(opcode));
  const std::size_t length_bytes = header_size(payload_size) - 2;
  *at++ = static_cast<std::uint8_t>(length_bytes == 0 ? payload_size : length_bytes == 2 ? 126 : 127);
  for (std::size_t i = length_bytes; i > 0; --i) {
    *at++ = static_cast<std::uint8_t>(payload_size >> (8 * (i - 1)));
  }
}

void encode(Buffer& out, Opcode opcode, Bytes payload, bool compressed) {
  const std::size_t size = header_size(payload.size());
  std::uint8_t* const at = out.reserve(size + payload.size());
  write_header(at, opcode, payload.size(), compressed);
  out.commit(size);
  out.append(payload);
}

void encode_close(Buffer& out, CloseCode code, std::string_view reason) {
  if (code == CloseCode::none) {
    return encode(out, Opcode::close, {});
  }
  if (reason.size() > reason_bytes_max) {
    reason = reason.substr(0, utf8::valid_prefix(reason.substr(0, reason_bytes_max)));
  }
  std::uint8_t payload[control_bytes_max];
  payload[0] = static_cast<std::uint8_t>(static_cast<unsigned>(code) >> 8);
  payload[1] = static_cast<std::uint8_t>(code);
  std::copy(reason.begin(), reason.end(), payload + 2);
  encode(out, Opcode::close, {payload, 2 + reason.size()});
}

void encode_masked(Buffer& out, const ClientFrame& frame, Bytes payload) {
  const std::size_t size = header_size(payload.size());
  std::uint8_t* const at = out.reserve(size + frame.mask.size() + payload.size());
  // Only tests encode a client's frames, and they may break the rules for control frames.
  write_header(at, Opcode::text, payload.size(), frame.compressed);
  at[0] = static_cast<std::uint8_t>((at[0] & compressed_bit) | (frame.final ? final_bit : 0) | static_cast<int>(frame.opcode));
  at[1] |= masked_bit;
  std::copy(frame.mask.begin(), frame.mask.end(), at + size);
  apply_mask(at + size + frame.mask.size(), payload.data(), payload.size(), frame.mask, 0);
  out.commit(size + frame.mask.size() + payload.size());
}

bool is_valid_key(std::string_view key) noexcept {
  const auto is_digit = [](char character) {
    return (character >= 'A' && character <= 'Z') || (character >= 'a' && character <= 'z') ||
           (character >= '0' && character <= '9') || character == '+' || character == '/';
  };
  return key.size() == 24 && key.ends_with("==") && std::all_of(key.begin(), key.end() - 2, is_digit);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
void append_accept(Buffer& out, std::string_view key) {
  constexpr std::string_view magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  SHA_CTX state;
  std::array<std::uint8_t, SHA_DIGEST_LENGTH> digest{};
  SHA1_Init(&state);
  SHA1_Update(&state, key.data(), key.size());
  SHA1_Update(&state, magic.data(), magic.size());
  SHA1_Final(digest.data(), &state);
  base64::encode(out, digest);
}
#pragma GCC diagnostic pop

}  // namespace socketio::websocket_frame
