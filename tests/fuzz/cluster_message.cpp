#include <cstddef>
#include <cstdint>
#include <vector>

#include <socketio/protocol/cluster_message.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/reserved_events.hpp>

#include "fuzz/check.hpp"

// Property: a message that is accepted has what its type needs, its event is safe to pass on, and when its data is sent again,
// as JSON where that can hold it, or as msgpack, it is accepted again and says the same. Errors point into the input.

using namespace socketio;
using cluster_message::Type;

namespace {

void check_event(const cluster_message::View& view) {
  const auto name = event_data::name(view.event);
  FUZZ_CHECK(name.ok());
  FUZZ_CHECK(view.type == Type::broadcast ? !is_reserved_client_event(name->text) : !is_ignored_server_side_event(name->text));
}

void check_same(Bytes payload, const cluster_message::Envelope& first, const cluster_message::View& view) {
  Buffer scratch;
  const auto envelope = cluster_message::open(payload, scratch);
  FUZZ_CHECK(envelope.ok());
  FUZZ_CHECK(envelope->type == first.type && envelope->uid == first.uid && envelope->nsp == first.nsp);
  const auto again = cluster_message::decode(static_cast<Type>(envelope->type), envelope->data);
  FUZZ_CHECK(again.ok());
  FUZZ_CHECK(again->close == view.close && again->client_count == view.client_count);
  FUZZ_CHECK(again->request_id.has_value() == view.request_id.has_value());
  FUZZ_CHECK(again->rooms.size() == view.rooms.size() && again->target.rooms.size() == view.target.rooms.size());
  FUZZ_CHECK(again->target.except.size() == view.target.except.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Buffer scratch;
  const auto envelope = cluster_message::open({data, size}, scratch);
  if (!envelope.ok()) {
    FUZZ_CHECK(envelope.error().offset_bytes <= size);
    return 0;
  }
  if (!cluster_message::is_known(envelope->type)) {
    return 0;
  }
  const Type type = static_cast<Type>(envelope->type);
  const auto view = cluster_message::decode(type, envelope->data);
  if (!view.ok()) {
    return 0;
  }
  FUZZ_CHECK(view->request_id.has_value() || !(cluster_message::is_answer(type) || type == Type::fetch_sockets));
  if (type == Type::broadcast || type == Type::server_side_event) {
    check_event(view.value());
  }
  Buffer again;
  cluster_message::encode_msgpack(again, type, envelope->data, envelope->uid, envelope->nsp);
  check_same(again.bytes(), envelope.value(), view.value());
  return 0;
}
