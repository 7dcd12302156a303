#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <socketio/adapter/bus.hpp>
#include <socketio/adapter/streams.hpp>
#include <socketio/common/buffer.hpp>

namespace socketio::adapter {

/// The fields of an entry; missing ones are empty.
struct EntryFields {
  std::string_view uid;
  std::string_view nsp;
  int type = 0;           ///< as C's strtol reads it
  std::string_view data;  ///< JSON, or msgpack as base64

  static EntryFields of(std::span<const redis::Reply> names_and_values) noexcept;
};

/// Receives the entries of one namespace.
class StreamsMember {
 public:
  virtual ~StreamsMember() = default;
  /// Reading has begun: no entry that is added to the stream from now on is missed.
  virtual void on_stream_reading(std::string_view stream) = 0;
  virtual void on_stream_entry(std::string_view id, const EntryFields& fields) = 0;
};

/// The streams that one server reads, for all its namespaces.
class StreamsHub final : private StreamListener {
 public:
  StreamsHub(std::shared_ptr<Bus> bus, StreamsOptions options);
  ~StreamsHub() override;

  [[nodiscard]] Bus& bus() noexcept { return *bus_; }
  [[nodiscard]] const StreamsOptions& options() const noexcept { return options_; }

  /// Starts to read the stream of a namespace, unless it is read already.
  void add(std::string_view nsp, StreamsMember& member);
  void remove(std::string_view nsp);
  /// Position of the reader in that stream; empty when it is not read yet.
  [[nodiscard]] std::string_view position(const std::string& stream) const;

  /// Name of the stream for a namespace's events. The index may be negative: JavaScript's remainder has the sign of the hash.
  [[nodiscard]] std::string stream_of(std::string_view nsp) const;

 private:
  void on_reading(std::string_view stream) override;
  void on_entry(std::string_view id, std::span<const redis::Reply> names_and_values) override;
  void read(const std::string& stream);

  std::shared_ptr<Bus> bus_;
  StreamsOptions options_;
  std::map<std::string, StreamsMember*, std::less<>> members_;
  std::map<std::string, std::unique_ptr<StreamReader>, std::less<>> readers_;
};

}  // namespace socketio::adapter
