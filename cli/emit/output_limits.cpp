#include "output_limits.hpp"

#include <socketio/common/error.hpp>
#include <socketio/protocol/classic_request.hpp>

#include "common/text.hpp"

namespace socketio::cli {
namespace {

/// Messages with at least this estimate are encoded to get their exact size.
constexpr std::uint64_t exact_bytes = std::uint64_t{256} << 10;
/// Most encoded bytes of one character of an argument.
constexpr std::uint64_t growth_max = 6;

std::uint64_t names_bytes(const std::vector<Room>& rooms) {
  std::uint64_t bytes = 0;
  for (const Room& room : rooms) {
    bytes += room.name().size() + 8;
  }
  return bytes;
}

/// The limit; UINT64_MAX when it is 0, which means that there is none.
std::uint64_t or_endless(std::uint64_t limit) { return limit == 0 ? UINT64_MAX : limit; }

void check(std::uint64_t message_bytes, std::uint64_t kept, const OutputLimit& limit) {
  if (limit.refuses(kept)) {
    throw Error(ErrorCode::too_large, "The message has " + units::grouped(message_bytes) +
                                          " bytes. Redis cuts the connections of servers for which it has to keep " +
                                          units::grouped(limit.hard_bytes) +
                                          " (client-output-buffer-limit), so nobody would get it.");
  }
}

}  // namespace

std::uint64_t kept_bytes(const Encoder::Publication& publication) {
  return emitter::kept_bytes(publication.payload.size(), publication.channel.size());
}

std::uint64_t MessageSizes::estimate(const OwnedOperation& operation) {
  return operation.data.size() + names_bytes(operation.rooms) + names_bytes(operation.target.rooms) +
         names_bytes(operation.target.except) + operation.target.nsp.size() + 128;
}

MessageSizes::Sizes MessageSizes::of(const OwnedOperation& operation, const OutputLimits& limits) {
  const std::uint64_t estimated = estimate(operation);
  const std::uint64_t lowest =
      std::min(or_endless(limits.subscribers.hard_bytes), or_endless(limits.stream_readers.hard_bytes));
  const bool has_entry = options_.uses(Transport::streams) && operation.kind != Op::server_side;
  if (estimated < small_bytes || (estimated < exact_bytes && estimated < lowest / (2 * growth_max))) [[likely]] {
    return {has_entry && options_.transports.size() == 1 ? 0 : estimated, has_entry ? estimated : 0};
  }
  if (!rehearsal_) {
    rehearsal_.emplace(options_);
  }
  perform(*rehearsal_, operation);
  Sizes sizes;
  for (const Encoder::Publication& publication : rehearsal_->publications()) {
    const bool is_entry = publication.command == Encoder::Command::add_entry;
    const OutputLimit& limit = is_entry ? limits.stream_readers : limits.subscribers;
    const std::uint64_t bytes = operation.target.nobody ? 0 : kept_bytes(publication);
    check(publication.payload.size(), bytes, limit);
    std::uint64_t& most = is_entry ? sizes.entry : sizes.subscribers;
    most = std::max(most, bytes);
  }
  return sizes;
}

void MessageSizes::check_question(const OwnedOperation& operation, const Options& options, const OutputLimits& limits) {
  Buffer question;
  if (options.uses(Transport::classic)) {  // classic encodes a server-side event as JSON, which is larger
    const std::string_view id = "0123456789abcdef";
    if (operation.kind == Op::server_side) {
      static_cast<void>(classic_request::encode_server_side_event(question, id, id, operation.data.bytes()));
    } else {
      const Target& target = operation.target;
      classic_request::encode_broadcast(question, id, id, operation.data.bytes(), target.nsp,
                                        {target.rooms, target.except, target.flags});
    }
  } else {
    Options as_published = options;
    as_published.transports = {Transport::sharded};
    Rehearsal rehearsal(as_published);
    perform(rehearsal, operation);
    question.append(rehearsal.publication().payload);
  }
  check(question.size(), emitter::kept_bytes(question.size(), options.key.size() + operation.target.nsp.size()),
        limits.subscribers);
}

}  // namespace socketio::cli
