#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/net/listener.hpp>

namespace socketio::server {

/// The bytes of responses that the system has not accepted.
class ResponseOutput {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size() + shared_.rest().size(); }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  /// Writes what the system accepts now, and keeps the rest. `owner` owns the last part.
  void write(net::ServerStream& stream, std::span<const Bytes> parts, std::shared_ptr<const std::string> owner = nullptr);
  /// Writes more of the rest. Returns the number of bytes that the system accepted.
  std::size_t write_more(net::ServerStream& stream);
  /// Closes the stream when the rest is sent.
  void finish(net::ServerStream& stream) { stream.finish(bytes_.bytes(), std::move(shared_)); }
  [[nodiscard]] Buffer take() noexcept { return std::move(bytes_); }
  void clear() {
    bytes_.clear_and_shrink(0);
    shared_ = {};
  }

 private:
  Buffer bytes_;
  net::SharedText shared_;  ///< shared body that follows bytes_
};

}  // namespace socketio::server
