#include "dry_run.hpp"

#include <socketio/protocol/base64.hpp>

#include "common/json_object.hpp"
#include "common/text.hpp"

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

/// Appends the message as JSON. The payload is JSON already, or msgpack, which in a stream is encoded as base64.
void append_message(Buffer& out, const Encoder::Publication& publication) {
  if (publication.payload.front() == '{') {
    out.append(publication.payload);
    return;
  }
  Buffer decoded;
  const bool is_base64 =
      publication.command == Encoder::Command::add_entry && base64::decode(decoded, as_text(publication.payload));
  JsonObject::append_packed(out, is_base64 ? decoded.bytes() : publication.payload);
}

/// The arguments of an XADD between the name of the stream and the data.
std::span<const std::string_view> entry_words(const Encoder::Publication& publication) {
  return publication.words.subspan(2, publication.words.size() - 3);
}

}  // namespace

Rehearsal::Rehearsal(const Options& options) {
  for (const Transport transport : options.transports) {
    encoders_.emplace_back(options.fleet(transport));
  }
  if (encoders_.empty()) {  // transport not known yet; it hardly affects whether an operation can be sent
    encoders_.emplace_back(options.fleet(Transport::classic));
  }
  publications_.resize(encoders_.size());
}

EmitId Rehearsal::publish(const Operation& operation) {
  for (std::size_t index = 0; index < encoders_.size(); ++index) {
    publications_[index] = encoders_[index].encode(operation);
  }
  return ++last_id_;
}

std::string describe_publication(const Encoder::Publication& publication, Output output) {
  Buffer out;
  const bool is_entry = publication.command == Encoder::Command::add_entry;
  if (output == Output::json) {
    JsonObject object(out);
    object.text(is_entry ? "stream" : "channel", publication.channel).text("command", name_of(publication.command));
    if (is_entry) {
      object.texts("arguments", entry_words(publication));
    }
    append_message(object.member("message"), publication);
    object.text("hex", hex(publication.payload)).end_line();
    return std::string(out.text());
  }
  out.append((is_entry ? "stream   " : "channel  ") + text::printable(publication.channel) + "\ncommand  ");
  out.append(name_of(publication.command));
  if (is_entry) {
    out.append(" " + text::joined(entry_words(publication), " ", text::printable));
  }
  out.append(std::string_view("\nmessage  "));
  append_message(out, publication);
  out.append("\nhex      " + hex(publication.payload) + "\n");
  return std::string(out.text());
}

void DryRun::send(const OwnedOperation& operation, Position) {
  perform(rehearsal_, operation);
  if (console_.output() == Output::quiet) {
    return;
  }
  if (operation.target.nobody) {
    const bool json = console_.output() == Output::json;
    console_.data(json ? "{\"selected_nobody\":true}\n"
                       : std::string(printed_ ? "\n" : "") + "nobody   an empty list of rooms: nothing would be sent\n");
    printed_ = true;
    return;
  }
  for (const Encoder::Publication& publication : rehearsal_.publications()) {
    if (printed_ && console_.output() == Output::text) {
      console_.data("\n");
    }
    printed_ = true;
    console_.data(describe_publication(publication, console_.output()));
  }
}

Halt DryRun::keep_up() { return console_.output_error() == 0 ? Halt::none : Halt::output_closed; }

Halt DryRun::pause() {
  console_.flush();
  return keep_up();
}

}  // namespace socketio::cli
