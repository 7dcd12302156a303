#include <charconv>
#include <deque>
#include <map>

#include <socketio/protocol/stream_names.hpp>

#include "common/text.hpp"
#include "names.hpp"
#include "source.hpp"
#include "stream_gaps.hpp"

namespace socketio::cli::fleet {
namespace {

using redis::Reply;

constexpr std::chrono::milliseconds block_time{5'000};
constexpr std::chrono::milliseconds retry_pause = std::chrono::seconds(1);
constexpr std::string_view entries_at_once = "100";
constexpr std::size_t entries_at_once_max = 100;
/// Largest number in the names of streams that servers write but do not read: they occur when the namespace's hash is negative.
constexpr std::uint32_t negative_max = 64;

/// Reads the reply of XINFO STREAM.
StreamInfo info_of(const Reply& reply) {
  const auto number = [&reply](std::string_view name) {
    const Reply* const value = member(reply, name);
    return value == nullptr ? std::nullopt
                            : std::optional(static_cast<std::uint64_t>(std::max<std::int64_t>(value->integer, 0)));
  };
  StreamInfo info;
  info.length = number("length").value_or(0);
  info.added = number("entries-added");
  if (const Reply* const newest = member(reply, "last-generated-id")) {
    info.newest = parse_position(newest->text).value_or(StreamPosition{});
  }
  if (const Reply* const oldest = member(reply, "first-entry"); oldest != nullptr && !oldest->elements.empty()) {
    info.oldest = parse_position(oldest->elements.front().text);
  }
  return info;
}

redis::Options reader_options(const TapParts& parts) {
  redis::Options redis = connection_options(parts.options, "tap", parts.console);
  redis.command_timeout += block_time;
  return redis;
}

/// Reads the streams on its own connection, without a consumer group, and receives messages on channels by patterns. In a Redis
/// Cluster the streams are on several nodes, so each stream has a connection.
class StreamsSource final : public Source, private redis::MessageListener {
 public:
  explicit StreamsSource(const TapParts& parts)
      : parts_(parts), client_(parts.loop, connection_options(parts.options, "tap", parts.console)) {
    watch(client_, parts_, "streams");
    const Options& options = parts_.options;
    const std::string key = names::escaped(options.common.key);
    if (options.namespaces.empty()) {
      client_.subscribe(redis::SubscriptionKind::pattern, key + "#*", *this);
    }
    for (const std::string& nsp : options.namespaces) {
      listeners_.emplace_back(*this, nsp);
      client_.subscribe(redis::SubscriptionKind::pattern, key + "#" + names::escaped(nsp) + "#*", listeners_.back());
    }
    for (const std::string& stream : stream_names::all(options.common)) {
      streams_.push_back({stream, {}});
    }
    for (std::uint32_t index = 1; index < std::min(options.common.stream_count, negative_max); ++index) {
      streams_.push_back({options.common.stream_name + "--" + std::to_string(index), {}});
    }
    find_positions();
    show_history();
    client_.connect();
    const bool together = options.common.redis.topology != redis::Topology::cluster;
    for (Stream& stream : streams_) {
      if (readers_.empty() || !together) {
        readers_.emplace_back(parts_.loop, reader_options(parts_));
      }
      readers_.back().streams.push_back(&stream);
    }
    for (Reader& reader : readers_) {
      reader.client.on_state([this, &reader](redis::State state, std::string_view) {
        reader.connected = state == redis::State::ready;
        reader.reading = reader.reading && reader.connected;
        read(reader);
      });
      reader.client.connect();
    }
  }
  ~StreamsSource() override { *alive_ = false; }

  void leave() override {
    if (std::any_of(readers_.begin(), readers_.end(), std::mem_fn(&Reader::is_refused))) {
      parts_.output.missed(std::nullopt);
    }
  }

  [[nodiscard]] bool ready() const override {
    return client_.state() == redis::State::ready &&
           std::all_of(readers_.begin(), readers_.end(), [](const Reader& reader) { return reader.reading; });
  }

 private:
  struct Stream {
    std::string name;
    StreamPosition position{};  ///< of the last entry read
    StreamGaps gaps{};
  };
  struct Reader {
    Reader(Loop& loop, redis::Options options) : client(loop, std::move(options)) {}
    std::vector<Stream*> streams;
    bool connected = false;
    bool reading = false;     ///< Redis has answered an XREAD on this connection, and has refused none since
    bool was_reading = false;
    bool is_refused = false;  ///< after it was reading
    bool asked = false;  ///< an XREAD is pending; in a cluster it may survive the loss of another node
    redis::Client client;
  };
  struct Listener final : redis::MessageListener {
    Listener(StreamsSource& its_source, std::string its_nsp) : source(its_source), nsp(std::move(its_nsp)) {}
    void on_message(std::string_view channel, Bytes payload) override { source.on_channel(nsp, channel, payload); }
    void on_subscribed(std::string_view, std::string_view error) override { source.note_refusal(error); }
    StreamsSource& source;
    const std::string nsp;
  };

  void on_message(std::string_view channel, Bytes payload) override { on_channel({}, channel, payload); }
  void on_subscribed(std::string_view, std::string_view error) override { note_refusal(error); }

  void on_channel(std::string_view nsp, std::string_view channel, Bytes payload) {
    if (parts_.several_buses && !is_packed_map(payload)) {
      return;
    }
    if (!parts_.filter.wants_bytes(payload)) {
      parts_.output.passed_over(payload.size());
      return;
    }
    const Message& message = decoder_.cluster(Bus::streams, channel, payload);
    if (nsp.empty() || message.nsp == nsp || message.kind == Kind::malformed) {
      parts_.take(message);
    }
  }

  // ---- start positions ----

  void find_positions() {
    for (Stream& stream : streams_) {
      find_position(stream);
      const redis::CommandResult info = parts_.redis.ask({"XINFO", "STREAM", stream.name});
      const bool is_none = info.outcome == redis::Outcome::refused && info.message.starts_with("ERR no such key");
      stream.gaps.begin(stream.position,
                        info.outcome == redis::Outcome::ok ? std::optional(info_of(info.reply))
                        : is_none                          ? std::optional(StreamInfo{{}, {}, 0, 0})
                                                           : std::nullopt,
                        std::min<std::size_t>(entries_at_once_max, parts_.options.common.stream_length_max));
    }
  }

  void find_position(Stream& stream) {
    const Options& options = parts_.options;
    if (options.from) {
      stream.position = just_before(*parse_position(*options.from));
      return;
    }
    const std::string count = std::to_string(options.last.value_or(1));
    const Reply newest = parts_.redis.need({"XREVRANGE", stream.name, "+", "-", "COUNT", count});
    if (const auto position = newest.elements.empty() ? std::nullopt : position_of(newest.elements.front())) {
      stream.position = *position;
    }
    if (options.last) {
      for (const Reply& entry : newest.elements) {
        history_.emplace_back(stream.name, entry);
      }
    }
  }

  /// Shows the last entries of all streams together, the oldest first.
  void show_history() {
    std::stable_sort(history_.begin(), history_.end(), [](const auto& a, const auto& b) {
      return position_of(a.second).value_or(StreamPosition{}) < position_of(b.second).value_or(StreamPosition{});
    });
    const std::size_t wanted = std::min<std::size_t>(history_.size(), parts_.options.last.value_or(0));
    for (std::size_t index = history_.size() - wanted; index < history_.size(); ++index) {
      on_entry(history_[index].first, history_[index].second);
    }
    history_ = {};
  }

  static std::optional<StreamPosition> position_of(const Reply& entry) {
    return entry.elements.size() == 2 ? parse_position(entry.elements[0].text) : std::nullopt;
  }

  // ---- reading ----

  /// Waits for entries only after a first XREAD, which Redis answers at once, has shown that it may be read.
  void read(Reader& reader) {
    if (!reader.connected || std::exchange(reader.asked, true)) {
      return;
    }
    std::vector<std::string> positions;
    Words words{"XREAD", "COUNT", entries_at_once};
    if (reader.reading) {
      words.insert(words.end(), {"BLOCK", block_text_});
    }
    words.push_back("STREAMS");
    for (const Stream* const stream : reader.streams) {
      words.push_back(stream->name);
      positions.push_back(text_of(stream->position));
    }
    words.insert(words.end(), positions.begin(), positions.end());
    reader.client.command(words, [this, &reader, alive = alive_](const redis::CommandResult& result) {
      if (*alive) {
        on_read(reader, result);
      }
    });
  }

  void on_read(Reader& reader, const redis::CommandResult& result) {
    reader.asked = false;
    if (result.outcome == redis::Outcome::refused) {
      on_refused(reader, result.message);
      parts_.loop.call_after(retry_pause, [this, &reader, alive = alive_] {
        if (*alive) {
          read(reader);
        }
      });
      return;
    }
    if (result.outcome == redis::Outcome::ok) {
      reader.reading = reader.was_reading = true;
      if (std::exchange(reader.is_refused, false)) {
        parts_.console.note("Reading again (streams).");
      }
    }
    for (const Reply& of_stream : result.reply.elements) {
      if (of_stream.elements.size() == 2) {
        on_entries(reader.client, of_stream.elements[0].text, of_stream.elements[1].elements);
      }
    }
    read(reader);
  }

  /// Counts one interruption until Redis lets the streams be read again.
  void on_refused(Reader& reader, const std::string& message) {
    reader.reading = false;
    if (!reader.was_reading) {
      note_refusal(message);
    } else if (!std::exchange(reader.is_refused, true)) {
      ++parts_.output.counts().interruptions;
      parts_.console.error("Redis does not let the streams be read any more (" + text::excerpt(message, 300) +
                           "). The tap tries again every second.");
    }
  }

  void on_entries(redis::Client& client, const std::string& name, const std::vector<Reply>& entries) {
    const auto stream = std::find_if(streams_.begin(), streams_.end(), [&](const Stream& one) { return one.name == name; });
    std::vector<StreamPosition> positions;
    for (const Reply& entry : entries) {
      if (const auto position = position_of(entry); position && stream != streams_.end()) {
        positions.push_back(stream->position = *position);
        on_entry(name, entry);
      }
    }
    if (!positions.empty() && stream->gaps.take(std::move(positions))) {
      look_for_gap(client, *stream);
    }
  }

  /// Checks whether the stream was trimmed faster than it was read. The query is sent on the connection of the next read and
  /// before it, so both see the stream in the same state.
  void look_for_gap(redis::Client& client, Stream& stream) {
    const Words words{"XINFO", "STREAM", stream.name};
    client.command(words, [this, &stream, alive = alive_](const redis::CommandResult& result) {
      if (!*alive) {
        return;
      }
      if (result.outcome == redis::Outcome::ok) {
        if (const auto gap = stream.gaps.look(info_of(result.reply))) {
          report_gap(stream, *gap);
        }
      } else if (result.outcome == redis::Outcome::refused && !std::exchange(noted_blind_, true)) {
        parts_.console.error(
            "Entries that the streams drop before they are read cannot be noticed, because Redis refuses XINFO: " +
            text::excerpt(result.message, 200));
      }
    });
  }

  void report_gap(const Stream& stream, const StreamGaps::Gap& gap) {
    parts_.output.missed(gap.count);
    const std::string name = text::excerpt(stream.name);
    parts_.console.error(gap.count
                             ? "Missing: " + units::counted(*gap.count, "entry", "entries") + " of the stream " + name +
                                   ", which it dropped before they were read."
                             : "Entries of the stream " + name +
                                   " may be missing: it dropped those that were read last, and this Redis does not tell how "
                                   "many more.");
  }

  void on_entry(std::string_view stream, const Reply& reply) {
    const auto field = [&fields = reply.elements[1]](std::string_view name) {
      const Reply* const value = member(fields, name);
      return value == nullptr ? std::string_view() : std::string_view(value->text);
    };
    const Decoder::Entry entry{stream, reply.elements[0].text, field("uid"), field("nsp"), field("type"), field("data")};
    const bool is_json = entry.data.starts_with('{');
    if ((!entry.nsp.empty() && !parts_.filter.wants_nsp(entry.nsp)) ||
        (is_json && !parts_.filter.wants_bytes(as_bytes(entry.data)))) {
      parts_.output.passed_over(entry.data.size());
      return;
    }
    parts_.take(decoder_.stream_entry(entry));
  }

  TapParts parts_;
  const std::string block_text_ = std::to_string(block_time.count());
  Decoder decoder_;
  std::deque<Listener> listeners_;
  std::vector<Stream> streams_;
  bool noted_blind_ = false;
  std::vector<std::pair<std::string, Reply>> history_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::deque<Reader> readers_;  ///< declared last, because closing them calls back into the others
  redis::Client client_;
};

}  // namespace

std::unique_ptr<Source> listen_streams(const TapParts& parts) { return std::make_unique<StreamsSource>(parts); }

}  // namespace socketio::cli::fleet
