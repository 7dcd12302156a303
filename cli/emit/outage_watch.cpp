#include "outage_watch.hpp"

#include "common/text.hpp"

namespace socketio::cli {

void OutageWatch::look(Time now, bool is_ready, std::uint64_t replies) {
  if (replies != replies_) {
    replies_ = replies;
    silent_since_ = now;
    is_troubled_ = false;
  }
  if (!is_ready && !is_away_) {
    console_.note("Redis went away; waiting up to " + units::duration_text(timeout_) + " for it.");
  } else if (is_away_ && is_ready) {
    console_.note("Redis is back.");
  }
  is_away_ = !is_ready;
  if (is_away_ && !is_troubled_) {
    is_troubled_ = true;
    silent_since_ = now;
  }
}

}  // namespace socketio::cli
