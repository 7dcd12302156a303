#include <socketio/net/timer.hpp>

#include <utility>

#include "core.hpp"

namespace socketio::net {

std::uint64_t fresh_now_ms(Loop& loop) { return Core::of(loop).fresh_now_ms(); }

Timer::Timer(Loop& loop, std::function<void()> function) : core_(Core::of(loop)), function_(std::move(function)) {}
Timer::~Timer() { stop(); }
void Timer::start(std::uint64_t delay_ms) { core_.start(*this, delay_ms); }
void Timer::stop() noexcept { core_.stop(*this); }

}  // namespace socketio::net
