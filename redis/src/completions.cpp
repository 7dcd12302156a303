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

void Completions::deliver(const Reports& reports) {
  for (std::size_t count = size(); count != 0 && size() != 0; --count) {
    const Entry entry = ended_.pop_front();
    const Outcome outcome = runs_.front().outcome;
    const std::shared_ptr<const std::string> why = runs_.front().why;
    if (--runs_.front().count == 0) {
      runs_.pop_front();
    }
    if (entry.listener != nullptr) {
      reports.guarded([&] { entry.listener->on_published(entry.tag, outcome, 0, *why); });
    } else if (const CommandDone done = take(entry.tag)) {
      reports.guarded([&] { done({outcome, *why, {}}); });
    }
  }
}

}  // namespace socketio::redis
