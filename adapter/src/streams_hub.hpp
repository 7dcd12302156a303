#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <socketio/adapter/bus.hpp>
#include <socketio/adapter/streams.hpp>
#include <socketio/fleet/message.hpp>

namespace socketio::adapter {

[[nodiscard]] fleet::Entry entry_of(std::span<const redis::Reply> names_and_values) noexcept;

/// Receives the entries of one namespace.
class StreamsMember {
 public:
  virtual ~StreamsMember() = default;
  /// Reading has begun: no entry that is added to the stream from now on is missed.
  virtual void on_stream_reading(std::string_view stream) = 0;
  virtual void on_stream_entry(std::string_view id, const fleet::Entry& entry) = 0;
};

/// The streams that one server reads, for all its namespaces.
class StreamsHub final : private StreamListener {
 public:
  StreamsHub(std::shared_ptr<Bus> bus, StreamsOptions options);
  ~StreamsHub() override;

  [[nodiscard]] const std::shared_ptr<Bus>& bus() const noexcept { return bus_; }
  [[nodiscard]] const StreamsOptions& options() const noexcept { return options_; }

  /// Starts to read the stream of a namespace, unless it is read already.
  void add(std::string_view nsp, const std::string& stream, StreamsMember& member);
  void remove(std::string_view nsp);
  /// Position of the reader in that stream; empty when it is not read yet.
  [[nodiscard]] std::string_view position(const std::string& stream) const;

 private:
  void on_reading(std::string_view stream) override;
  void on_entry(std::string_view id, std::span<const redis::Reply> names_and_values) override;

  std::shared_ptr<Bus> bus_;
  StreamsOptions options_;
  std::map<std::string, StreamsMember*, std::less<>> members_;
  std::map<std::string, std::unique_ptr<StreamReader>, std::less<>> readers_;
};

}  // namespace socketio::adapter
