#include "repeated_members.hpp"

#include <bit>
#include <functional>
#include <numeric>

namespace socketio::transcode {
namespace {

constexpr std::size_t compared_max = 16;  ///< up to this number, all keys are compared with each other
constexpr std::size_t probes_per_key_max = 16;

/// The msgpack text at position `at`, including its header.
std::string_view text_item_at(std::string_view packed, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) { return std::size_t{static_cast<std::uint8_t>(packed[at + i])}; };
  switch (byte(0)) {
    case 0xd9: return packed.substr(at, 2 + byte(1));
    case 0xda: return packed.substr(at, 3 + (byte(1) << 8 | byte(2)));
    case 0xdb: return packed.substr(at, 5 + (byte(1) << 24 | byte(2) << 16 | byte(3) << 8 | byte(4)));
    default: return packed.substr(at, 1 + (byte(0) & 0x1f));
  }
}

/// Finds, for each key, the index of the first key that is equal to it.
class Firsts {
 public:
  Firsts(std::string_view packed, const std::size_t* keys, std::size_t count)
      : packed_(packed), keys_(keys), count_(static_cast<std::uint32_t>(count)) {}

  /// Returns false when no key has an equal one before it.
  bool find() {
    if (count_ <= compared_max) {
      return compare_all();
    }
    bool any = false;
    if (!look_up(any)) {
      any = sort();
    }
    return any;
  }
  [[nodiscard]] std::uint32_t of(std::uint32_t index) const noexcept { return first_[index]; }

 private:
  [[nodiscard]] bool equal(std::uint32_t a, std::uint32_t b) const noexcept {
    return item(a) == item(b);
  }
  [[nodiscard]] std::string_view item(std::uint32_t index) const noexcept { return text_item_at(packed_, keys_[index]); }

  void begin() {
    first_.resize(count_);
    std::iota(first_.begin(), first_.end(), 0U);
  }

  bool compare_all() {
    bool any = false;
    for (std::uint32_t index = 1; index < count_; ++index) {
      for (std::uint32_t before = 0; before < index; ++before) {
        if (equal(index, before)) [[unlikely]] {
          if (!std::exchange(any, true)) {
            begin();
          }
          first_[index] = first_[before];
          break;
        }
      }
    }
    return any;
  }

  /// Finds equal keys by hash. Returns false after too many collisions.
  bool look_up(bool& any) {
    begin();
    const std::size_t size = std::bit_ceil(std::size_t{count_} * 2);
    std::vector<std::uint32_t> table(size, 0);  // 0: free, otherwise the index of a key plus 1
    std::size_t probes_left = std::size_t{count_} * probes_per_key_max;
    for (std::uint32_t index = 0; index < count_; ++index) {
      std::size_t at = std::hash<std::string_view>{}(item(index)) & (size - 1);
      while (table[at] != 0 && !equal(table[at] - 1, index)) {
        if (--probes_left == 0) {
          return false;
        }
        at = (at + 1) & (size - 1);
      }
      if (table[at] == 0) {
        table[at] = index + 1;
      } else {
        first_[index] = table[at] - 1;
        any = true;
      }
    }
    return true;
  }

  bool sort() {
    begin();
    std::vector<std::uint32_t> order = first_;
    std::sort(order.begin(), order.end(), [this](std::uint32_t a, std::uint32_t b) {
      const int way = item(a).compare(item(b));
      return way != 0 ? way < 0 : a < b;
    });
    bool any = false;
    for (std::size_t place = 1; place < order.size(); ++place) {
      if (equal(order[place], order[place - 1])) {
        first_[order[place]] = first_[order[place - 1]];
        any = true;
      }
    }
    return any;
  }

  std::string_view packed_;
  const std::size_t* keys_;
  std::uint32_t count_;
  std::vector<std::uint32_t> first_;  ///< empty until one is needed
};

}  // namespace

bool find_repeated(std::string_view packed, const std::size_t* keys, std::size_t count, Unrepeated& found) {
  Firsts firsts(packed, keys, count);
  if (!firsts.find()) {
    return false;
  }
  std::vector<std::uint32_t> last(count);
  for (std::uint32_t index = 0; index < count; ++index) {
    last[firsts.of(index)] = index;
  }
  found.end = packed.size();
  for (std::uint32_t index = 0; index < count; ++index) {
    if (firsts.of(index) != index) {
      continue;
    }
    const std::size_t value = last[index];
    const std::size_t value_at = keys[value] + text_item_at(packed, keys[value]).size();
    const std::size_t value_end = value + 1 < count ? keys[value + 1] : packed.size();
    found.members.push_back({keys[index], text_item_at(packed, keys[index]).size(), value_at, value_end});
  }
  return true;
}

}  // namespace socketio::transcode
