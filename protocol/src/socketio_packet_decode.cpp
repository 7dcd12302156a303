#include <algorithm>
#include <string>
#include <utility>

#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/socketio_packet.hpp>
#include <socketio/protocol/transcode.hpp>
#include <socketio/protocol/utf8.hpp>

#include "placeholders.hpp"
#include "socketio_payload.hpp"

namespace socketio::socketio_packet {
namespace {

constexpr bool is_digit(char character) noexcept { return character >= '0' && character <= '9'; }

/// Removes the digits at the front of `text` and returns their value; max + 1 for values above `max`.
std::uint64_t take_number(std::string_view& text, std::uint64_t max) noexcept {
  std::uint64_t value = 0;
  std::size_t size = 0;
  for (; size < text.size() && is_digit(text[size]); ++size) {
    value = std::min(value * 10 + static_cast<std::uint64_t>(text[size] - '0'), max + 1);
  }
  text.remove_prefix(size);
  return value;
}

Violation take_attachment_count(std::string_view& text, std::size_t count_max, std::size_t& count) noexcept {
  const bool digits = !text.empty() && is_digit(text.front());
  count = static_cast<std::size_t>(take_number(text, count_max));
  if (!digits || count == 0 || !text.starts_with('-')) {
    return Violation::bad_attachment_count;
  }
  text.remove_prefix(1);
  return count > count_max ? Violation::too_many_attachments : Violation::none;
}

/// Removes a namespace from the front of `text`: it extends to a comma, which is removed with it, or to the end.
Violation take_namespace(std::string_view& text, std::string_view& nsp) noexcept {
  nsp = text.substr(0, text.find(','));
  text.remove_prefix(std::min(nsp.size() + 1, text.size()));
  return utf8::valid(nsp) ? Violation::none : Violation::bad_namespace;
}

bool is_binary(Type type) noexcept { return type == Type::binary_event || type == Type::binary_ack; }

Violation violation_of(Errc code) noexcept { return code == Errc::too_deep ? Violation::too_deep : Violation::bad_syntax; }

/// Transcodes the JSON and checks it against the rules for its type.
Violation decode_data(const Header& header, const Limits& limits, Buffer& scratch, Packet& packet) {
  scratch.clear();
  packet = {header.type, header.nsp, header.id, {}};
  if (is_binary(header.type)) {
    packet.type = header.type == Type::binary_event ? Type::event : Type::ack;
  }
  if (!header.json.empty()) {
    if (header.json.front() <= ' ') {
      return Violation::bad_syntax;
    }
    transcode::JsonOptions options;
    options.depth_max = limits.depth_max;
    options.proto_members = true;
    options.lone_surrogates = true;
    const auto result = transcode::json_to_msgpack(header.json, scratch, options);
    if (!result.ok()) {
      return violation_of(result.error().code);
    }
  } else if (packet.type == Type::ack) {
    pack::array_header(scratch, 0);
  }
  packet.data = scratch.bytes();
  return socketio_payload::check(packet.type, packet.data);
}

}  // namespace

/// A packet whose attachments have not all been received.
struct Reassembler::Pending {
  Type type;
  std::string nsp;
  std::optional<std::int64_t> id;
  Buffer data;  ///< msgpack, with placeholders
  std::vector<placeholders::Slot> slots;
  std::size_t count;  ///< number of attachments

  Buffer arrived;                  ///< attachments received so far that a slot uses, one after the other
  std::vector<std::size_t> sizes;  ///< sizes of all received so far; 0 for unused ones, which are not in `arrived`
  std::size_t arrived_bytes = 0;   ///< total size of all received so far, unused ones too
};

Violation decode_header(std::string_view text, const Limits& limits, Header& header) noexcept {
  header = {};
  if (text.empty() || text.front() < '0' || text.front() > '6') {
    return Violation::bad_type;
  }
  header.type = static_cast<Type>(text.front() - '0');
  text.remove_prefix(1);
  if (is_binary(header.type)) {
    if (const auto violation = take_attachment_count(text, limits.attachments_max, header.attachment_count);
        violation != Violation::none) {
      return violation;
    }
  }
  if (text.starts_with('/')) {
    if (const auto violation = take_namespace(text, header.nsp); violation != Violation::none) {
      return violation;
    }
  }
  if (!text.empty() && is_digit(text.front())) {
    const std::uint64_t id = take_number(text, static_cast<std::uint64_t>(id_max));
    if (id > static_cast<std::uint64_t>(id_max)) {
      return Violation::bad_id;
    }
    header.id = static_cast<std::int64_t>(id);
  }
  header.json = text;
  return Violation::none;
}

Reassembler::Reassembler(const Limits& limits) noexcept : limits_(&limits) {}
Reassembler::Reassembler(Reassembler&& other) noexcept = default;
Reassembler& Reassembler::operator=(Reassembler&& other) noexcept = default;
Reassembler::~Reassembler() = default;

Violation Reassembler::text(std::string_view text, Buffer& scratch, Packet& packet) {
  if (waiting()) {
    pending_.reset();
    return Violation::text_while_waiting;
  }
  Header header;
  if (const auto violation = decode_header(text, *limits_, header); violation != Violation::none) {
    return violation;
  }
  if (const auto violation = decode_data(header, *limits_, scratch, packet); violation != Violation::none) {
    return violation;
  }
  if (!is_binary(header.type)) {
    return Violation::none;
  }
  std::vector<placeholders::Slot> slots;
  if (!placeholders::find(packet.data, header.attachment_count, slots)) {
    return Violation::bad_placeholder;
  }
  if (slots.size() > limits_->attachments_max) {  // receivers of the event get one attachment for each
    return Violation::too_many_attachments;
  }
  Buffer data;
  data.append(packet.data);
  pending_ = std::make_unique<Pending>(Pending{
      packet.type, std::string(packet.nsp), packet.id, std::move(data), std::move(slots), header.attachment_count, {}, {}, 0});
  return Violation::none;
}

Violation Reassembler::binary(Bytes message, Buffer& scratch, Packet& packet) {
  if (!waiting()) {
    return Violation::unexpected_binary;
  }
  Pending& pending = *pending_;
  if (message.size() > limits_->attachment_bytes_max - pending.arrived_bytes) {
    pending_.reset();
    return Violation::too_large;
  }
  pending.arrived_bytes += message.size();
  const std::size_t number = pending.sizes.size();
  const bool last = number + 1 == pending.count;
  pending.sizes.push_back(message.size());
  if (!last) {
    const bool used =
        std::any_of(pending.slots.begin(), pending.slots.end(), [&](auto& slot) { return slot.number == number; });
    if (used) {
      pending.arrived.append(message);
    } else {
      pending.sizes.back() = 0;
    }
    return Violation::none;
  }
  const std::unique_ptr<Pending> done = std::move(pending_);
  scratch.clear();
  scratch.append(done->nsp);
  if (!placeholders::splice(done->data.bytes(), done->slots, {done->arrived.bytes(), done->sizes, message},
                            limits_->attachment_bytes_max, scratch)) {
    return Violation::too_large;
  }
  packet = {done->type, scratch.text().substr(0, done->nsp.size()), done->id, scratch.bytes_from(done->nsp.size())};
  return Violation::none;
}

ConnectTarget split_query_revision4(std::string_view nsp) noexcept {
  nsp = nsp.substr(0, nsp.find('#'));
  const std::size_t mark = nsp.find('?');
  return {nsp.substr(0, mark), mark == std::string_view::npos ? std::string_view() : nsp.substr(mark + 1)};
}

const char* describe(Violation violation) noexcept {
  switch (violation) {
    case Violation::none: return "none";
    case Violation::bad_type: return "unknown packet type";
    case Violation::bad_attachment_count: return "Illegal attachments";
    case Violation::too_many_attachments: return "too many attachments";
    case Violation::bad_namespace: return "invalid namespace";
    case Violation::bad_id: return "invalid packet id";
    case Violation::bad_syntax:
    case Violation::bad_payload:
    case Violation::reserved_event: return "invalid payload";
    case Violation::too_deep: return "nesting is too deep";
    case Violation::bad_placeholder: return "illegal attachments";
    case Violation::too_large: return "attachments are too large";
    case Violation::text_while_waiting: return "got plaintext data when reconstructing a packet";
    case Violation::unexpected_binary: return "got binary data when not reconstructing a packet";
  }
  return "unknown";
}

}  // namespace socketio::socketio_packet
