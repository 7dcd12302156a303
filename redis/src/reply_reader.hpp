#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <socketio/common/bytes.hpp>
#include <socketio/redis/types.hpp>

struct redisReader;
struct redisReadTask;

namespace socketio::redis {

/// Receives pub/sub messages as soon as they are complete.
class MessageSink {
 public:
  virtual ~MessageSink() = default;
  /// `subscription` is the channel or pattern that matched. All views are valid during the call. Must not throw.
  virtual void on_push(SubscriptionKind kind, std::string_view subscription, std::string_view channel, Bytes payload) = 0;
};

/// Reads the replies and messages of Redis one item at a time: hiredis' reader without its tree.
///
/// Integers (the replies to publishes) and messages cost no allocation. Other replies become a Reply, whose size is counted
/// against the limit as it grows: lengths that are only claimed allocate nothing.
class ReplyReader {
 public:
  enum class Item : std::uint8_t {
    none,          ///< more bytes are needed
    integer,       ///< integer()
    reply,         ///< reply()
    message,       ///< was passed to the sink
    subscribed,    ///< kind(), name()
    unsubscribed,  ///< kind(), name()
    pong,          ///< the reply to PING on a connection with subscriptions
    broken,        ///< error(); nothing can be read any more
  };

  /// `sink` outlives the reader.
  ReplyReader(std::size_t reply_bytes_max, MessageSink& sink);
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  /// Makes the reader treat arrays as messages and confirmations, as on a connection that has subscribed.
  void expect_messages() noexcept { messages_ = true; }

  /// The part of `bytes` to read next; feed it, take all items, and continue with the rest. (Small parts, because hiredis moves
  /// the unread bytes to the front of its buffer again and again.)
  [[nodiscard]] static Bytes portion(Bytes bytes) noexcept;
  /// Appends a copy of `bytes` to the unread bytes.
  void feed(Bytes bytes);
  Item next();

  [[nodiscard]] std::int64_t integer() const noexcept { return integer_; }
  /// Valid until next(), and may be moved from.
  [[nodiscard]] Reply& reply() noexcept { return root_; }
  [[nodiscard]] SubscriptionKind kind() const noexcept { return kind_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& error() const noexcept { return error_; }

 private:
  struct Calls;  ///< functions that hiredis calls
  enum class Push : std::uint8_t { none, message, subscribed, unsubscribed, pong };

  Reply* place(const redisReadTask* task, std::size_t bytes);
  bool begin_push(std::size_t element_count) noexcept;
  bool push_text(int index, std::string_view text);
  bool push_word(std::string_view word) noexcept;
  void check_unread();
  void fail(std::string why);

  struct Free {
    void operator()(redisReader* reader) const noexcept;
  };
  std::unique_ptr<redisReader, Free> reader_;
  std::size_t reply_bytes_max_;
  MessageSink& sink_;
  bool messages_ = false;
  Item item_ = Item::none;  ///< type of the item that is being read

  std::int64_t integer_ = 0;
  Reply root_;
  std::size_t reply_bytes_ = 0;  ///< approximate memory of root_

  Push push_ = Push::none;
  std::size_t push_size_ = 0;
  SubscriptionKind kind_ = SubscriptionKind::channel;
  std::string name_;     ///< channel or pattern; copied, because hiredis' buffer may move before the payload arrives
  std::string channel_;  ///< channel of a message that a pattern matched
  std::string error_;
};

}  // namespace socketio::redis
