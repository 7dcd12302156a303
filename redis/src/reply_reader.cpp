#include "reply_reader.hpp"

#include <hiredis/read.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace socketio::redis {
namespace {

constexpr std::size_t portion_bytes = 16 * 1024;
/// Maximum size of a status or error, which is one line. hiredis searches for its end from the start each time, so an endless
/// line must not get long.
constexpr std::size_t line_bytes_max = 64 * 1024;
/// Maximum size of the first line of a bulk string or array, which holds a number.
constexpr std::size_t number_line_bytes_max = 64;
/// Maximum memory that an empty reader keeps.
constexpr std::size_t kept_bytes = std::size_t{1} << 20;

/// Maximum nesting of arrays. Replies to the commands used here have less than half of it; hiredis 1.x would follow any
/// nesting.
constexpr int depth_max = 8;

int depth_of(const redisReadTask* task) noexcept {
  int depth = 0;
  for (; task != nullptr; task = task->parent) {
    ++depth;
  }
  return depth;
}

ReplyReader* owner(const redisReadTask* task) noexcept { return static_cast<ReplyReader*>(task->privdata); }

Reply::Type text_type(int type) noexcept {
  switch (type) {
    case REDIS_REPLY_STATUS: return Reply::Type::status;
    case REDIS_REPLY_ERROR: return Reply::Type::error;
    default: return Reply::Type::text;  // also types that only newer protocols have: big numbers, verbatim text
  }
}

/// The type of the item that is being read; hiredis 0.14 and 1.x keep it in different places.
template <typename Reader>
int current_type(const Reader& reader) noexcept {
  if (reader.ridx < 0) {
    return -1;
  }
  if constexpr (requires { reader.rstack; }) {
    return reader.rstack[reader.ridx].type;
  } else {
    return reader.task[reader.ridx]->type;
  }
}

/// True for types that begin with a number of bytes, followed by these bytes.
bool is_counted(int type) noexcept {
#ifdef REDIS_REPLY_VERB
  return type == REDIS_REPLY_STRING || type == REDIS_REPLY_VERB;
#else
  return type == REDIS_REPLY_STRING;
#endif
}

/// True for messages that newer protocols send without a request. This client never asks for them, so one is not a reply.
bool is_push(int type) noexcept {
#ifdef REDIS_REPLY_PUSH
  return type == REDIS_REPLY_PUSH;
#else
  static_cast<void>(type);
  return false;
#endif
}

}  // namespace

// Functions that hiredis calls. hiredis 1.x has other parameter types, and more functions, than 0.14: hence `auto`, and the
// members that may not exist. A null result makes hiredis report an error; fail() has stored the reason before.
struct ReplyReader::Calls {
  template <typename Function>
  static void* guarded(const redisReadTask* task, const Function& function) noexcept {
    try {
      return function(*owner(task));
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
  }

  static void* text(const redisReadTask* task, std::string_view text) noexcept {
    return guarded(task, [task, text](ReplyReader& self) -> void* {
      if (self.messages_ && task->parent != nullptr) {
        return self.push_text(static_cast<int>(task->idx), text) ? &self : nullptr;
      }
      Reply* const reply = self.place(task, text.size());
      if (reply != nullptr) {
        reply->type = text_type(task->type);
        reply->text.assign(text);
      }
      return reply;
    });
  }

  static void* array(const redisReadTask* task, std::size_t count) noexcept {
    return guarded(task, [task, count](ReplyReader& self) -> void* {
      if (self.messages_) {
        return task->parent == nullptr && self.begin_push(count) ? &self : nullptr;
      }
      if (is_push(task->type)) {
        self.fail("a push message that nobody asked for");
        return nullptr;
      }
      if (depth_of(task) > depth_max) {
        self.fail("a reply that is nested too deeply");
        return nullptr;
      }
      Reply* const reply = self.place(task, 0);
      if (reply != nullptr) {
        reply->type = Reply::Type::array;
      }
      return reply;
    });
  }

  static void* integer(const redisReadTask* task, long long value) noexcept {
    return guarded(task, [task, value](ReplyReader& self) -> void* {
      if (task->parent == nullptr) {
        self.item_ = Item::integer;
        self.integer_ = value;
        return &self;
      }
      if (self.messages_) {
        const bool is_count = task->idx == 2 && (self.push_ == Push::subscribed || self.push_ == Push::unsubscribed);
        return is_count ? &self : nullptr;
      }
      Reply* const reply = self.place(task, 0);
      if (reply != nullptr) {
        reply->type = Reply::Type::integer;
        reply->integer = value;
      }
      return reply;
    });
  }

  static void* nil(const redisReadTask* task) noexcept {
    return guarded(task, [task](ReplyReader& self) -> void* {
      return self.messages_ && task->parent != nullptr ? nullptr : static_cast<void*>(self.place(task, 0));
    });
  }

  template <typename Functions>
  static Functions make() noexcept {
    Functions functions{};
    functions.createString = [](const redisReadTask* task, char* bytes, std::size_t size) { return text(task, {bytes, size}); };
    functions.createArray = [](const redisReadTask* task, auto count) { return array(task, static_cast<std::size_t>(count)); };
    functions.createInteger = [](const redisReadTask* task, long long value) { return integer(task, value); };
    functions.createNil = [](const redisReadTask* task) { return nil(task); };
    functions.freeObject = [](void*) {};  // hiredis owns no objects
    if constexpr (requires { functions.createDouble; }) {
      functions.createDouble = [](const redisReadTask* task, double, char* bytes, std::size_t size) {
        return text(task, {bytes, size});
      };
    }
    if constexpr (requires { functions.createBool; }) {
      functions.createBool = [](const redisReadTask* task, int value) { return integer(task, value); };
    }
    return functions;
  }
};

void ReplyReader::Free::operator()(redisReader* reader) const noexcept { redisReaderFree(reader); }

ReplyReader::ReplyReader(std::size_t reply_bytes_max, MessageSink& sink) : reply_bytes_max_(reply_bytes_max), sink_(sink) {
  static redisReplyObjectFunctions functions = Calls::make<redisReplyObjectFunctions>();
  reader_.reset(redisReaderCreateWithFunctions(&functions));
  if (!reader_) {
    throw std::bad_alloc();
  }
  reader_->privdata = this;
  reader_->maxbuf = kept_bytes;
}

ReplyReader::~ReplyReader() = default;

Bytes ReplyReader::portion(Bytes bytes) noexcept { return bytes.first(std::min(bytes.size(), portion_bytes)); }

void ReplyReader::feed(Bytes bytes) {
  redisReaderFeed(reader_.get(), reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

ReplyReader::Item ReplyReader::next() {
  if (reader_->err != 0) {
    return Item::broken;
  }
  if (reader_->ridx < 0) {  // between two replies
    item_ = Item::reply;
    reply_bytes_ = 0;
  }
  void* root = nullptr;
  if (redisReaderGetReply(reader_.get(), &root) != REDIS_OK) {
    fail(reader_->err == REDIS_ERR_PROTOCOL ? reader_->errstr : "something unexpected");
    return Item::broken;
  }
  if (root == nullptr) {
    check_unread();
    return error_.empty() ? Item::none : Item::broken;
  }
  return item_;
}

void ReplyReader::fail(std::string why) {
  if (error_.empty()) {
    error_ = std::move(why);
  }
}

/// Checks the size of an item that is incomplete. Its claimed length is not known here, but the size of the bytes received is.
void ReplyReader::check_unread() {
  const std::size_t unread = reader_->len - reader_->pos;
  if (unread <= number_line_bytes_max) {
    return;
  }
  if (unread > reply_bytes_max_ - std::min(reply_bytes_, reply_bytes_max_)) {
    fail("a reply that is larger than the limit");
  } else if (is_counted(current_type(*reader_))) {
    if (std::memchr(reader_->buf + reader_->pos, '\n', number_line_bytes_max) == nullptr) {
      fail("a length that does not end");
    }
  } else if (unread > line_bytes_max) {
    fail("a line that does not end");
  }
}

/// Returns the Reply that takes the value of `task`; null when the whole reply gets too large.
Reply* ReplyReader::place(const redisReadTask* task, std::size_t bytes) {
  reply_bytes_ += sizeof(Reply) + bytes;
  if (reply_bytes_ > reply_bytes_max_) {
    fail("a reply that is larger than the limit");
    return nullptr;
  }
  if (task->parent != nullptr) {
    return &static_cast<Reply*>(task->parent->obj)->elements.emplace_back();
  }
  root_.type = Reply::Type::nil;
  root_.integer = 0;
  root_.text.clear();
  root_.elements.clear();
  return &root_;
}

bool ReplyReader::begin_push(std::size_t element_count) noexcept {
  push_ = Push::none;
  push_size_ = element_count;
  return element_count >= 2 && element_count <= 4;
}

bool ReplyReader::push_word(std::string_view word) noexcept {
  if (word == "pong") {
    push_ = Push::pong;
    item_ = Item::pong;
    return push_size_ == 2;
  }
  const bool is_pattern = word.starts_with('p');
  const bool is_shard = word.starts_with("sm") || word.starts_with("ss") || word.starts_with("sun");  // but not "subscribe"
  const std::string_view rest = is_pattern || is_shard ? word.substr(1) : word;
  kind_ = is_pattern ? SubscriptionKind::pattern : is_shard ? SubscriptionKind::shard : SubscriptionKind::channel;
  if (rest == "message") {
    push_ = Push::message;
    item_ = Item::message;
    return push_size_ == (is_pattern ? 4U : 3U);
  }
  const bool subscribed = rest == "subscribe";
  push_ = subscribed ? Push::subscribed : Push::unsubscribed;
  item_ = subscribed ? Item::subscribed : Item::unsubscribed;
  return push_size_ == 3 && (subscribed || rest == "unsubscribe");
}

/// Takes one text of an array on a connection that has subscribed. The payload is always the last text, so the message is
/// delivered from here, while it is in hiredis' buffer.
bool ReplyReader::push_text(int index, std::string_view text) {
  if (index == 0) {
    return push_word(text);
  }
  if (index == 1) {
    name_.assign(text);
    return true;
  }
  if (push_ != Push::message) {
    return false;
  }
  if (kind_ == SubscriptionKind::pattern && index == 2) {
    channel_.assign(text);
    return true;
  }
  sink_.on_push(kind_, name_, kind_ == SubscriptionKind::pattern ? channel_ : name_, as_bytes(text));
  return true;
}

}  // namespace socketio::redis
