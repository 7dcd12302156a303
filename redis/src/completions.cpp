#include "completions.hpp"

#include <utility>

namespace socketio::redis {

std::uint64_t Completions::keep(CommandDone done) {
  if (free_tags_.empty()) {
    dones_.push_back(std::move(done));
    return dones_.size() - 1;
  }
  const std::uint64_t tag = free_tags_.back();
  free_tags_.pop_back();
  dones_[tag] = std::move(done);
  return tag;
}

CommandDone Completions::take(std::uint64_t tag) {
  free_tags_.push_back(tag);
  return std::exchange(dones_[tag], nullptr);
}

void Completions::add(const Entry& entry, Outcome outcome, std::string_view why) {
  if (runs_.empty() || runs_.back().outcome != outcome || *runs_.back().why != why) {
    runs_.push_back({outcome, std::make_shared<const std::string>(why), 0});
  }
  ++runs_.back().count;
  ended_.push_back(entry);
}

Completions::Ended Completions::take_oldest() {
  const Entry entry = ended_.pop_front();
  Run& run = runs_.front();
  Ended ended{entry, run.outcome, run.why};
  if (--run.count == 0) {
    runs_.pop_front();
  }
  return ended;
}

}  // namespace socketio::redis
