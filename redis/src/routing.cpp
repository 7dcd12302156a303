#include "routing.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "slot_map.hpp"

namespace socketio::redis {
namespace {

char upper(char letter) noexcept { return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter; }

/// Compares a word with `upper_case`, in any case of letters.
bool is(std::string_view word, std::string_view upper_case) noexcept {
  return std::equal(word.begin(), word.end(), upper_case.begin(), upper_case.end(),
                    [](char one, char other) { return upper(one) == other; });
}

template <std::size_t count>
bool is_one_of(std::string_view word, const std::array<std::string_view, count>& words) noexcept {
  return std::any_of(words.begin(), words.end(), [word](std::string_view one) { return is(word, one); });
}

constexpr std::array<std::string_view, 23> without_key{
    "PUBLISH", "ACL",  "AUTH",    "CLIENT", "CLUSTER", "COMMAND", "CONFIG", "DBSIZE", "ECHO",   "FLUSHALL", "FLUSHDB", "HELLO",
    "INFO",    "KEYS", "LATENCY", "LOLWUT", "MODULE",  "PING",    "ROLE",   "SCAN",   "SCRIPT", "SLOWLOG",  "TIME"};

/// Commands whose first argument is a subcommand: XINFO STREAM key.
constexpr std::array<std::string_view, 6> with_subcommand{"XINFO", "XGROUP", "OBJECT", "MEMORY", "DEBUG", "BITOP"};

Route by_key(std::span<const std::string_view> words, std::size_t place) noexcept {
  return place < words.size() ? Route{Route::Kind::slot, slot_of(words[place])} : Route{};
}

/// XREAD [COUNT n] [BLOCK ms] STREAMS key ... id ...
Route by_stream(std::span<const std::string_view> words) noexcept {
  for (std::size_t index = 1; index < words.size(); ++index) {
    if (is(words[index], "STREAMS")) {
      return by_key(words, index + 1);
    }
  }
  return {};
}

Route of_pubsub(std::string_view question) noexcept {
  return {is(question, "SHARDNUMSUB") || is(question, "SHARDCHANNELS") ? Route::Kind::primaries : Route::Kind::every_node, 0};
}

/// [name, count, name, count, ...]
bool are_counts(const Reply& reply) noexcept {
  const auto& elements = reply.elements;
  return !elements.empty() && elements.size() % 2 == 0 && elements[1].type == Reply::Type::integer;
}

/// Adds without undefined behaviour on overflow: the counts come from nodes.
void add(std::int64_t& sum, std::int64_t more) noexcept {
  sum = static_cast<std::int64_t>(static_cast<std::uint64_t>(sum) + static_cast<std::uint64_t>(more));
}

void add_counts(Reply& sum, const Reply& more) {
  std::map<std::string_view, std::int64_t> counts;
  for (std::size_t index = 0; index + 1 < more.elements.size(); index += 2) {
    counts[more.elements[index].text] = more.elements[index + 1].integer;
  }
  for (std::size_t index = 0; index + 1 < sum.elements.size(); index += 2) {
    if (const auto found = counts.find(sum.elements[index].text); found != counts.end()) {
      add(sum.elements[index + 1].integer, found->second);
    }
  }
}

}  // namespace

Route route_of(std::span<const std::string_view> words) noexcept {
  if (words.size() < 2) {
    return {words.size() == 1 && is(words[0], "MULTI") ? Route::Kind::transaction : Route::Kind::any_node, 0};
  }
  if (is(words[0], "PUBSUB")) {
    return of_pubsub(words[1]);
  }
  if (is(words[0], "CLIENT") && is(words[1], "LIST")) {
    return {Route::Kind::every_node, 0};
  }
  if (is_one_of(words[0], without_key)) {
    return {};
  }
  if (is(words[0], "XREAD") || is(words[0], "XREADGROUP")) {
    return by_stream(words);
  }
  if (is(words[0], "EVAL") || is(words[0], "EVALSHA")) {
    constexpr std::size_t first_key = 3;
    return words.size() > 2 && words[2] == "0" ? Route{} : by_key(words, first_key);
  }
  return by_key(words, is_one_of(words[0], with_subcommand) ? 2 : 1);
}

bool ends_transaction(std::span<const std::string_view> words) noexcept {
  return words.size() == 1 && (is(words[0], "EXEC") || is(words[0], "DISCARD"));
}

Reply join_replies(std::vector<Reply> replies) {
  Reply result;
  std::set<std::string> names;
  for (Reply& reply : replies) {
    if (&reply == &replies.front()) {
      result = std::move(reply);
      for (const Reply& element : result.elements) {
        names.insert(element.text);
      }
      continue;
    }
    if (reply.type == Reply::Type::integer) {
      add(result.integer, reply.integer);
    } else if (reply.type != Reply::Type::array) {
      result.text += reply.text;
    } else if (are_counts(result)) {
      add_counts(result, reply);
    } else {
      for (Reply& name : reply.elements) {
        if (names.insert(name.text).second) {
          result.elements.push_back(std::move(name));
        }
      }
    }
  }
  return result;
}

}  // namespace socketio::redis
