#include "dry_run.hpp"

#include <socketio/protocol/transcode.hpp>

namespace socketio::cli {
namespace {

std::string hex(Bytes bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text.push_back(digits[byte >> 4U]);
    text.push_back(digits[byte & 0x0fU]);
  }
  return text;
}

/// The message as JSON: requests are JSON already, broadcasts are msgpack.
void append_message(Buffer& out, Bytes payload, Op op) {
  if (op != Op::emit) {
    out.append(payload);
    return;
  }
  transcode::MsgpackOptions options;
  options.binary = transcode::BinaryForm::base64;
  if (!transcode::msgpack_to_json(payload, out, options).ok()) {
    out.append(std::string_view("null"));  // our own message: cannot happen
  }
}

}  // namespace

EmitId Rehearsal::keep(const Encoder::Publication& publication) {
  publication_ = publication;
  return ++last_id_;
}

EmitId Rehearsal::send_event(const Target& target, Bytes data) { return keep(encoder_.event(target, data)); }
EmitId Rehearsal::send_join(const Target& target, std::span<const Room> rooms) { return keep(encoder_.join(target, rooms)); }
EmitId Rehearsal::send_leave(const Target& target, std::span<const Room> rooms) { return keep(encoder_.leave(target, rooms)); }
EmitId Rehearsal::send_disconnect(const Target& target, bool close) { return keep(encoder_.disconnect(target, close)); }
EmitId Rehearsal::send_server_side(std::string_view nsp, Bytes data) { return keep(encoder_.server_side(nsp, data)); }

std::string describe_publication(const Encoder::Publication& publication, Op op, Output output) {
  Buffer out;
  const auto add = [&out](std::string_view text) { out.append(text); };
  if (output == Output::json) {
    add("{\"channel\":");
    transcode::append_json_string(out, publication.channel);
    add(",\"command\":\"PUBLISH\",\"message\":");
    append_message(out, publication.payload, op);
    add(",\"hex\":\"");
    add(hex(publication.payload));
    add("\"}\n");
  } else {
    add("channel  ");
    add(publication.channel);
    add("\ncommand  PUBLISH\nmessage  ");
    append_message(out, publication.payload, op);
    add("\nhex      ");
    add(hex(publication.payload));
    add("\n");
  }
  return std::string(out.text());
}

void DryRun::send(const Operation& operation, Position) {
  perform(rehearsal_, operation);
  if (console_.output() == Output::quiet) {
    return;
  }
  if (printed_ && console_.output() == Output::text) {
    console_.data("\n");
  }
  printed_ = true;
  console_.data(describe_publication(rehearsal_.publication(), operation.op, console_.output()));
}

Halt DryRun::keep_up() { return console_.output_error() == 0 ? Halt::none : Halt::output_closed; }

Halt DryRun::pause() {
  console_.flush();
  return keep_up();
}

}  // namespace socketio::cli
