#pragma once

#include <socketio/adapter/adapter.hpp>
#include <socketio/adapter/selection.hpp>
#include <socketio/protocol/selector.hpp>

// Converts targets of operations for shards and messages. All results borrow.
namespace socketio::adapter {

inline selector::Target selector_of(const Target& target) noexcept { return {target.rooms, target.except, target.flags}; }
inline Selection selection_of(const selector::View& view) noexcept { return {view.rooms, view.except}; }

}  // namespace socketio::adapter
