#include <socketio/adapter/adapter.hpp>

namespace socketio::adapter {

AckListener::~AckListener() = default;
Shard::~Shard() = default;
Scheduler::~Scheduler() = default;
Host::~Host() = default;
Adapter::~Adapter() = default;

}  // namespace socketio::adapter
