#include <socketio/adapter/adapter.hpp>

namespace socketio::adapter {

AckListener::~AckListener() = default;
Shard::~Shard() = default;
Scheduler::~Scheduler() = default;
Host::~Host() = default;
Adapter::~Adapter() = default;
void Adapter::when_subscribed(std::span<const Room>, std::function<void(bool)> done) { done(true); }

}  // namespace socketio::adapter
