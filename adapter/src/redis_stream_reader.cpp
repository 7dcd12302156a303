#include "redis_stream_reader.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <socketio/common/limits.hpp>
#include <socketio/common/milliseconds.hpp>

namespace socketio::adapter {
namespace {

constexpr std::chrono::milliseconds retry_pause = std::chrono::seconds(1);

/// Sets how long a connection that waits in XREAD may be silent before it is replaced: longer than XREAD waits. The limit is
/// low otherwise: a reader that changes to another connection misses nothing.
redis::Options reader_options(redis::Options options, const StreamReading& reading) {
  if (in_ms(options.command_timeout) != 0) {
    options.command_timeout = std::min(options.command_timeout, limits::command_timeout) +
                              std::chrono::milliseconds(in_ms(reading.block_time));
  }
  options.silent_wait = std::chrono::milliseconds(0);  // nothing was published that could be lost
  return options;
}

/// Entries in a reply to XREAD, [[stream, entries]]; null when there are none.
const redis::Reply* entries_of(const redis::Reply& reply) noexcept {
  if (reply.elements.size() != 1 || reply.elements[0].elements.size() != 2) {
    return nullptr;
  }
  return &reply.elements[0].elements[1];
}

}  // namespace

RedisStreamReader::RedisStreamReader(Loop& loop, redis::Options options, const StreamReading& reading, StreamListener& listener)
    : loop_(loop), settings_(reading), listener_(listener), client_(loop, reader_options(std::move(options), reading)) {
  client_.on_state([this](redis::State state, std::string_view why) {
    if (state == redis::State::ready) {
      go_on();
    } else if (state == redis::State::disconnected) {
      set_reading(false, why);
    }
  });
  client_.connect();
}

RedisStreamReader::~RedisStreamReader() {
  *alive_ = false;
  loop_.cancel(retry_);
  if (changed_) {
    changed_(true, {});
  }
}

void RedisStreamReader::set_reading(bool reading, std::string_view why) {
  const bool is_new_reason = !reading && why != last_error_;
  if (is_new_reason) {
    last_error_ = why;
  }
  if ((std::exchange(reading_, reading) != reading || is_new_reason) && changed_) {
    changed_(false, why);
  }
}

void RedisStreamReader::go_to(const StreamId& id) {
  position_ = id;
  position_text_ = text_of(id);
  knows_position_ = true;
}

/// Continues after a reconnect. In a cluster the client may have lost another node than the stream's: the pending command
/// continues.
void RedisStreamReader::go_on() {
  if (asked_ == Asked::nothing) {
    find_position();
  } else if (asked_ == Asked::entries) {
    set_reading(true, {});
  }
}

void RedisStreamReader::find_position() {
  asked_ = Asked::position;
  if (!reading_) {
    ask_whether_allowed();
  }
  const std::array<std::string_view, 6> words{"XREVRANGE", settings_.stream, "+", "-", "COUNT", "1"};
  client_.command(words, [this, alive = alive_](const redis::CommandResult& result) {
    if (*alive) {
      took_last_entry(result);
    }
  });
}

/// An XREAD that waits shows only when it ends that Redis would have refused it. This one is answered at once, with no entries,
/// and before the request for the last entry, which is sent together with it.
void RedisStreamReader::ask_whether_allowed() {
  const std::array<std::string_view, 6> words{"XREAD", "COUNT", "1", "STREAMS", settings_.stream, "$"};
  client_.command(words, [this, alive = alive_](const redis::CommandResult& result) {
    if (*alive) {
      refusal_ = result.outcome == redis::Outcome::refused ? result.message : std::string();
    }
  });
}

/// Returns false for a command that failed; it is then sent again later.
bool RedisStreamReader::is_answered(const redis::CommandResult& result) {
  asked_ = Asked::nothing;
  if (result.outcome == redis::Outcome::refused) {
    try_again_later(result.message);
  } else if (result.outcome != redis::Outcome::ok && client_.state() == redis::State::ready) {
    find_position();  // otherwise it is sent on the next connection
  }
  return result.outcome == redis::Outcome::ok;
}

void RedisStreamReader::took_last_entry(const redis::CommandResult& result) {
  if (!is_answered(result)) {
    return;
  }
  if (!refusal_.empty()) {
    try_again_later(std::exchange(refusal_, {}));
    return;
  }
  std::optional<StreamId> last;
  if (!result.reply.elements.empty() && !result.reply.elements[0].elements.empty()) {
    last = parse_stream_id(result.reply.elements[0].elements[0].text);
  }
  const bool begins = !knows_position_;
  if (begins) {
    go_to(last.value_or(StreamId{0, 0}));
  } else if (last && *last < position_) {
    go_to(*last);
  }
  set_reading(true, {});
  read();
  if (begins) {
    listener_.on_reading(settings_.stream);
  }
}

/// Tries again later: Redis refuses (ACL), or the key is no stream, and that may change.
void RedisStreamReader::try_again_later(std::string_view why) {
  set_reading(false, "Redis does not let the stream \"" + settings_.stream + "\" be read (" + std::string(why) + ").");
  loop_.cancel(retry_);
  retry_ = loop_.call_after(retry_pause, [this] {
    retry_ = 0;
    if (asked_ == Asked::nothing) {
      find_position();
    }
  });
}

void RedisStreamReader::read() {
  asked_ = Asked::entries;
  const std::string block = std::to_string(in_ms(settings_.block_time));
  const std::string count = std::to_string(settings_.count);
  const std::array<std::string_view, 8> words{"XREAD",   "BLOCK",          block,         "COUNT", count,
                                              "STREAMS", settings_.stream, position_text_};
  client_.command(words, [this, alive = alive_](const redis::CommandResult& result) {
    if (*alive) {
      took_entries(result);
    }
  });
}

void RedisStreamReader::took_entries(const redis::CommandResult& result) {
  if (!is_answered(result)) {
    return;
  }
  const redis::Reply* const entries = entries_of(result.reply);
  if (entries == nullptr) {
    find_position();
    return;
  }
  const auto alive = alive_;
  hear(*entries);
  if (*alive) {
    read();
  }
}

void RedisStreamReader::hear(const redis::Reply& entries) {
  const auto alive = alive_;
  for (const redis::Reply& entry : entries.elements) {
    if (entry.elements.size() != 2) {
      continue;
    }
    const auto id = parse_stream_id(entry.elements[0].text);
    if (!id) {
      continue;
    }
    go_to(*id);  // before the listener is called: no entry is read twice
    listener_.on_entry(position_text_, entry.elements[1].elements);
    if (!*alive) {
      return;
    }
  }
}

}  // namespace socketio::adapter
