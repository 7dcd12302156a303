// Mistakes that the compiler refuses with one sentence each. Compiled by refused.py, which reads the marks.

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <socketio/server.hpp>

namespace {

struct Undefined {
  int x = 0;
};
struct Converted {
  int x = 0;
};
struct Defined {
  int x = 0;
  std::vector<Converted> list;
  MSGPACK_DEFINE_MAP(x, list)
};
enum class Enum { one };
class Base {
 public:
  virtual ~Base() = default;
  int x = 0;
};

}  // namespace

template <>
struct msgpack::adaptor::pack<Converted> {
  template <typename Stream>
  msgpack::packer<Stream>& operator()(msgpack::packer<Stream>& out, const Converted& value) const {
    return out.pack(value.x);
  }
};
template <>
struct msgpack::adaptor::convert<Converted> {
  const msgpack::object& operator()(const msgpack::object& from, Converted& value) const {
    from.convert(value.x);
    return from;
  }
};
// An adaptor for a whole family of classes.
template <typename T>
struct msgpack::adaptor::convert<T, std::enable_if_t<std::is_base_of_v<Base, T>>> {
  const msgpack::object& operator()(const msgpack::object& from, Base& value) const {
    from.convert(value.x);
    return from;
  }
};

void allowed(socketio::Socket socket) {
  socket.on("defined", [](const Defined&, Converted, const std::vector<Converted>&) {});
  socket.on("base", [](const Base&, std::optional<std::vector<Base>>) {});
  socket.on("ack", [](int number, socketio::Ack ack) { return number == 0 ? ack(0) : ack(1, 2); });
  socket.on("mutable", [count = 0](int) mutable noexcept { ++count; });
  socket.on("text", [](std::string_view, const std::string&, std::string&&, std::optional<std::string_view>) {});
  const socketio::OnAck done = [](const socketio::AckResult&) {};
  socket.emit_with_ack("e", 1, done);
  socket.emit_with_ack("e", [count = 0](socketio::AckResult) mutable { ++count; });
  socket.to("r").emit_with_ack("e", "text", [](const auto& answers) { return answers.size(); });
  socket.emit("defined", Defined(), Converted(), std::vector<Defined>(), std::map<std::string, Converted>());
}

void refused(socketio::Socket socket, socketio::Server& io, socketio::Value value) {
  socket.on("e", [](auto) {});                                          // refused: Give each parameter
  socket.on("e", [](int, auto...) {});                                  // refused: Give each parameter
  io.on_server_side("e", [](const auto&) {});                           // refused: Give each parameter
  socket.on("e", [](int number) { return number; });                    // refused: A handler returns nothing
  socket.once("e", [](socketio::Ack) -> bool { return true; });         // refused: A handler returns nothing
  io.on_server_side("e", [] { return std::string(); });                 // refused: A handler returns nothing
  socket.on("e", [](msgpack::object) {});                               // refused: A msgpack::object does not live
  socket.on("e", [](int, const std::vector<msgpack::object>&) {});      // refused: A msgpack::object does not live
  socket.on("e", [](std::optional<std::array<msgpack::object, 2>>) {});  // refused: A msgpack::object does not live
  static_cast<void>(value.as<std::tuple<int, msgpack::object>>());      // refused: A msgpack::object does not live
  socket.on("e", [](const std::vector<socketio::Value>&) {});           // refused: A container cannot hold
  socket.on("e", [](const Undefined&) {});                              // refused: This struct cannot be read
  socket.emit("e", Undefined());                                        // refused: This struct cannot be packed
  socket.emit("e", Enum::one);                                          // refused: An enum cannot be packed
  socket.on("e", [](const std::vector<Enum>&) {});                      // refused: An enum cannot be read
  socket.emit("e", 1, [](int) {});                                      // refused: A function cannot be sent
  io.to("r").emit("e", std::function<void(int)>());                     // refused: A function cannot be sent
  socket.emit("e", L"wide");                                            // refused: Send text as UTF-8 in char
  socket.emit("e", std::u8string());                                    // refused: Send text as UTF-8 in char
  socket.on("e", [](socketio::Json) {});                                // refused: A socketio::Json can only be sent
  socket.on("e", [](int, std::function<void(int)>) {});                 // refused: The function that answers an event
  socket.on("e", [](socketio::Socket, int) {});                         // refused: The parameters of a handler are
  socket.on("e", [](std::string&) {});                                  // refused: Take each parameter
  socket.on("e", [](int, socketio::Ack& ack) { ack(1); });              // refused: Take each parameter
  socket.on("e", [](const char*) {});                                   // refused: A handler has no pointers
  io.on_server_side("e", [](char*, int) {});                            // refused: A handler has no pointers
  static_cast<void>(value.as<const char*>());                           // refused: Read text as std::string or
  socket.on("e", [](const std::vector<const char*>&) {});               // refused: Read text as std::string or
  socket.on("e", [](const std::vector<std::string_view>&) {});          // refused: Inside a container, read text
  socket.emit_with_ack("e");                                            // refused: function of const socketio::AckResult&
  socket.emit_with_ack("e", 1, 2);                                      // refused: function of const socketio::AckResult&
  socket.emit_with_ack("e", [](const socketio::AckResult&) {}, 2);      // refused: function of const socketio::AckResult&
  socket.emit_with_ack("e", [](int) {});                                // refused: function of const socketio::AckResult&
  socket.emit_with_ack("e", [p = std::make_unique<int>()](auto&) {});   // refused: function of const socketio::AckResult&
  io.emit_with_ack("e", [](const socketio::AckResult&) {});             // refused: function of const socketio::AckAnswers&
  io.to("r").emit_with_ack("e", 1);                                     // refused: function of const socketio::AckAnswers&
  io.server_side_emit_with_ack("e", [] {});                         // refused: function of const socketio::ServerSideAnswers&
}
