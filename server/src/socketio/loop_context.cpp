#include "loop_context.hpp"

#include <utility>

namespace socketio::server {
namespace {

thread_local LoopContext* current_context = nullptr;

socketio_packet::Limits limits_of(const ServerOptions& options) {
  return {options.attachments_max, options.attachment_bytes_max, options.depth_max};
}

}  // namespace

LoopContext::LoopContext(ServerContext& of_server, std::shared_ptr<Loop> on, std::size_t loop_index)
    : server(of_server),
      shared_loop(std::move(on)),
      loop(*shared_loop),
      index(loop_index),
      backlog(is_first() ? server.first_backlog : std::make_shared<Backlog>(server.options.thread_queue_bytes_max)),
      writer(server.options.parser),
      packet_limits(limits_of(server.options)) {}

LoopContext* LoopContext::current() noexcept { return current_context; }
void LoopContext::make_current() noexcept { current_context = this; }

void LoopContext::threw(std::string_view nsp, std::string_view what, std::string_view socket_id, std::string_view message) {
  ++counters.handlers_threw;
  server.report({Problem::Kind::handler_threw, nsp, socket_id, what, message});
}

}  // namespace socketio::server
