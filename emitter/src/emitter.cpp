#include <socketio/emitter.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

#include <socketio/common/milliseconds.hpp>

#include "blocking_core.hpp"
#include "loop_core.hpp"

namespace socketio {
namespace {

/// Namespace from which all operations of an emitter start.
NamespaceEmitter start(Outlet& outlet, const EmitterOptions& options) {
  return NamespaceEmitter(outlet, Target{}).of(options.nsp);
}

std::shared_ptr<emitter::LoopCore> loop_core(Loop& loop, redis::Options redis, OnResult on_result, EmitterOptions options) {
  options.on_result = std::move(on_result);
  return std::make_shared<emitter::LoopCore>(loop, std::move(redis), std::move(options));
}

}  // namespace

Fleet EmitterOptions::fleet(Transport of) const {
  Fleet result = *this;
  result.transport = of == Transport::automatic ? Transport::classic : of;
  result.beside_classic = beside_classic || transport == Transport::classic ||
                          std::find(also.begin(), also.end(), Transport::classic) != also.end();
  return result;
}

Emitter::Emitter(std::string_view url, EmitterOptions options) : Emitter(redis::parse_url(url), std::move(options)) {}
Emitter::Emitter(redis::Options redis, EmitterOptions options)
    : Emitter(std::make_unique<emitter::BlockingCore>(std::move(redis), std::move(options))) {}
Emitter::Emitter(std::unique_ptr<emitter::BlockingCore> core)
    : NamespaceEmitter(start(*core, core->options())), core_(std::move(core)) {}
Emitter::~Emitter() = default;

std::string Emitter::connect(std::chrono::milliseconds timeout) { return core_->connect(in_ms(timeout)); }
EmitSummary Emitter::flush(std::chrono::milliseconds timeout) { return core_->flush(in_ms(timeout)); }
void Emitter::poll() { core_->poll(); }
EmitSummary Emitter::close(std::chrono::milliseconds timeout) { return core_->close(in_ms(timeout)); }
void Emitter::use_fleet(const EmitterOptions& fleet) { core_->use_fleet(fleet); }
bool Emitter::with_client(const std::function<void(redis::Client&)>& ask, const std::function<bool()>& done,
                          std::chrono::milliseconds timeout) {
  return core_->with_client(ask, done, in_ms(timeout));
}
EmitSummary Emitter::totals() const { return core_->totals(); }
redis::Counters Emitter::redis_counters() const { return core_->redis_counters(); }
redis::State Emitter::state() const { return core_->state(); }

AsyncEmitter::AsyncEmitter(Loop& loop, std::string_view url, OnResult on_result, EmitterOptions options)
    : AsyncEmitter(loop, redis::parse_url(url), std::move(on_result), std::move(options)) {}
AsyncEmitter::AsyncEmitter(Loop& loop, redis::Options redis, OnResult on_result, EmitterOptions options)
    : AsyncEmitter(loop_core(loop, std::move(redis), std::move(on_result), std::move(options))) {}
AsyncEmitter::AsyncEmitter(std::shared_ptr<emitter::LoopCore> core)
    : NamespaceEmitter(start(*core, core->options())), core_(std::move(core)) {}
AsyncEmitter::~AsyncEmitter() = default;

void AsyncEmitter::flush(std::chrono::milliseconds timeout, std::function<void(const EmitSummary&)> done) {
  core_->flush(in_ms(timeout), std::move(done));
}
void AsyncEmitter::close(std::chrono::milliseconds timeout, std::function<void(const EmitSummary&)> done) {
  core_->close(in_ms(timeout), std::move(done));
}
void AsyncEmitter::on_state(redis::StateChanged changed) { core_->client().on_state(std::move(changed)); }
EmitSummary AsyncEmitter::totals() const { return core_->emits().totals(); }
redis::Counters AsyncEmitter::redis_counters() const { return core_->client().counters(); }
redis::State AsyncEmitter::state() const { return core_->client().state(); }

}  // namespace socketio
