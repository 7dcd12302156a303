#include <socketio/common/gather.hpp>

#include <algorithm>

namespace socketio {

bool Gather::is_over() const noexcept {
  if (condition_.answers) {
    return answers() >= *condition_.answers;
  }
  if (condition_.until == Until::first && answers() != 0) {
    return true;
  }
  if (!expected_ || (condition_.of == Of::clients && !have_all_responded())) {
    return false;
  }
  const std::uint64_t asked = condition_.of == Of::clients ? clients_ : *expected_;
  return condition_.until == Until::quorum && asked != 0 ? answers() > asked / 2 : answers() >= asked;
}

std::vector<std::string> Gather::missing_of(std::vector<std::string> all) const {
  if (missing() == 0 || (responders_.empty() && received_ != 0)) {
    return {};
  }
  std::erase_if(all, [this](const std::string& name) { return responders_.contains(name); });
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace socketio
