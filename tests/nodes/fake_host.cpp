#include "fake_host.hpp"

#include <algorithm>
#include <stdexcept>

#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/transcode.hpp>

namespace nodes {
namespace {

using socketio::adapter::Form;
using socketio::adapter::Member;
using socketio::adapter::RoomIndex;
using socketio::adapter::RoomNames;
using socketio::adapter::Sockets;
namespace pack = socketio::pack;
namespace transcode = socketio::transcode;

FakeSocket& socket_of(Member* member) { return static_cast<FakeSocket&>(*member); }

/// The packet that a client receives.
golden::Json packet(Bytes data, std::optional<std::uint64_t> ack_id) {
  std::vector<Bytes> attachments;
  transcode::MsgpackOptions options;
  options.binary = transcode::BinaryForm::placeholder;
  options.attachments = &attachments;
  Buffer text;
  if (!transcode::msgpack_to_json(data, text, options).ok()) {
    throw std::runtime_error("a shard got what is no msgpack");
  }
  std::string whole = attachments.empty() ? "2" : "5" + std::to_string(attachments.size()) + "-";
  whole += ack_id ? std::to_string(*ack_id) : "";
  golden::Json frames = golden::Json::array({whole + std::string(text.text())});
  for (const Bytes attachment : attachments) {
    frames.push_back({{"$bin", golden::to_hex(attachment)}});
  }
  return frames;
}

}  // namespace

Buffer packed(std::string_view json) {
  Buffer out;
  if (!transcode::json_to_msgpack(json, out).ok()) {
    throw std::runtime_error("not JSON: " + std::string(json));
  }
  return out;
}

std::string json(Bytes packed) {
  Buffer out;
  return transcode::msgpack_to_json(packed, out).ok() ? std::string(out.text()) : "not msgpack";
}

void FakeSocket::acknowledge(Bytes array) {
  for (const auto& listener : std::exchange(asked, {})) {
    listener->on_ack(array);
  }
}

// ---- shard -----------------------------------------------------------------------------------------------------------------

FakeShard::~FakeShard() {
  index_.set_observer(nullptr);
  for (const auto& socket : sockets_) {
    index_.remove(*socket);
  }
}

FakeSocket& FakeShard::add(std::string id, std::initializer_list<std::string_view> rooms) {
  FakeSocket& socket = *sockets_.emplace_back(std::make_unique<FakeSocket>(std::move(id)));
  index_.add(socket);
  for (const std::string_view room : rooms) {
    index_.join(socket, room);
  }
  return socket;
}

void FakeShard::remove(FakeSocket& socket) { index_.remove(socket); }

std::vector<std::string> FakeShard::rooms_of(const FakeSocket& socket) const {
  std::vector<std::string> rooms;
  RoomIndex::for_each_room(socket, [&rooms](std::string_view room) { rooms.emplace_back(room); });
  return rooms;
}

void FakeShard::answer_now_or_late(std::function<void()> answer) {
  if (late_ms) {
    time_.call_after(std::chrono::milliseconds(*late_ms), std::move(answer));
  } else {
    answer();
  }
}

void FakeShard::apply(const socketio::adapter::ShardOperation& operation) {
  using Kind = socketio::Operation::Kind;
  const auto& [kind, selection, data, flags, rooms, close] = operation;
  delivery_count += kind == Kind::emit ? 1 : 0;
  for (Member* const member : index_.collect(selection)) {
    if (kind == Kind::emit) {
      socket_of(member).received.push_back(packet(data, std::nullopt));
    } else if (kind == Kind::disconnect) {
      socket_of(member).disconnected = true;
      socket_of(member).closed = close;
      index_.remove(*member);
    }
    for (std::size_t index = 0; index < rooms.size(); ++index) {
      kind == Kind::join ? index_.join(*member, rooms[index]) : index_.leave(*member, rooms[index]);
    }
  }
}

void FakeShard::deliver_with_ack(const Selection& selection, Bytes data, const socketio::Flags&, std::uint64_t ack_id,
                                 std::shared_ptr<AckListener> listener) {
  const std::vector<Member*> members = index_.collect(selection);
  answer_now_or_late([count = members.size(), listener] { listener->on_clients(count); });
  for (Member* const member : members) {
    FakeSocket& socket = socket_of(member);
    socket.received.push_back(packet(data, ack_id));
    if (socket.answer) {
      time_.call_after(std::chrono::milliseconds(late_ms.value_or(0) + socket.answers_after_ms),
                       [answer = *socket.answer, listener] {
                         const Buffer array = packed(answer);
                         listener->on_ack(array.bytes());
                       });
    } else {
      socket.asked.push_back(listener);
    }
  }
}

void FakeShard::fetch(const Selection& selection, Form form, std::function<void(Sockets)> done) {
  auto found = std::make_shared<Sockets>();
  for (Member* const member : index_.collect(selection)) {
    const FakeSocket& socket = socket_of(member);
    const golden::Json told = {{"id", socket.id()},
                               {"handshake", golden::Json::parse(socket.handshake)},
                               {"rooms", rooms_of(socket)},
                               {"data", golden::Json::parse(socket.data)}};
    if (form == Form::msgpack && socket.packed_data) {
      const Buffer map = packed(told.dump());
      const std::size_t data_size = packed(socket.data).bytes().size();
      found->packed.append(map.bytes().first(map.bytes().size() - data_size));
      found->packed.append(socket.packed_data->bytes());
    } else if (form == Form::msgpack) {
      found->packed.append(packed(told.dump()).bytes());
    } else {
      found->packed.append(found->count == 0 ? "" : ",");
      found->packed.append(told.dump());
    }
    ++found->count;
  }
  answer_now_or_late([found, done = std::move(done)] { done(std::move(*found)); });
}

void FakeShard::rooms(std::function<void(std::vector<std::string>)> done) {
  std::vector<std::string> names;
  index_.for_each_room([&names](std::string_view room) { names.emplace_back(room); });
  std::sort(names.begin(), names.end());
  answer_now_or_late([names, done = std::move(done)] { done(names); });
}

// ---- host ------------------------------------------------------------------------------------------------------------------

void GivenRandom::give(std::string_view short_id) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (const char character : short_id) {
    given_.push_back(static_cast<std::uint8_t>(alphabet.find(character)));
  }
}

void GivenRandom::give_hex(std::string_view hex_id) {
  const std::vector<std::uint8_t> bytes = golden::from_hex(hex_id);
  given_.insert(given_.end(), bytes.begin(), bytes.end());
}

void GivenRandom::fill(std::span<std::uint8_t> bytes) {
  for (std::uint8_t& byte : bytes) {
    if (given_.empty()) {
      byte = static_cast<std::uint8_t>(dice_.below(256));
    } else {
      byte = given_.front();
      given_.erase(given_.begin());
    }
  }
}

FakeHost::FakeHost(FakeTime& time, std::string nsp, std::uint64_t seed, std::size_t shard_count)
    : time_(time), nsp_(std::move(nsp)), random_(seed) {
  for (std::size_t index = 0; index < shard_count; ++index) {
    shards_.push_back(own_shards_.emplace_back(std::make_unique<FakeShard>(time)).get());
  }
}

void FakeHost::on_server_side_event(Bytes data, std::function<bool(Bytes array)> answer) {
  events.push_back(json(data));
  if (!answer) {
    return;
  }
  if (event_answer) {
    const Buffer array = packed(*event_answer);
    answer(array.bytes());
  } else {
    open_questions.push_back(std::move(answer));
  }
}

}  // namespace nodes
