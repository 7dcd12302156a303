#include "silent_connection.hpp"

#include <utility>

namespace socketio::redis {

SilentConnection::SilentConnection(std::unique_ptr<net::Stream> stream, std::shared_ptr<ReplyReader> reader, std::size_t owed,
                                   std::function<void()> over)
    : stream_(std::move(stream)), reader_(std::move(reader)), owed_(owed), over_(std::move(over)) {
  stream_->tell(*this);
}

void SilentConnection::on_bytes(Bytes bytes) {
  using Item = ReplyReader::Item;
  Item item = Item::none;
  while (owed_ != 0 && item != Item::broken && !bytes.empty()) {
    const Bytes portion = ReplyReader::portion(bytes);
    bytes = bytes.subspan(portion.size());
    reader_->feed(portion);
    while (owed_ != 0 && item != Item::broken && (item = reader_->next()) != Item::none) {
      --owed_;
    }
  }
  if (owed_ == 0 || item == Item::broken) {
    const std::function<void()> over = std::move(over_);
    over();  // nothing may follow: this object is destroyed
  }
}

void SilentConnection::on_lost(const net::StreamError&) {
  const std::function<void()> over = std::move(over_);
  over();
}

}  // namespace socketio::redis
