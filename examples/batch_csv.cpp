// Publishes the lines of a file into a running fleet, and says what became of them.
//
//   batch_csv FILE --redis URL [--rate N]
//
// A line is "room,symbol,price". Clients in that room get  update {line, symbol, price}.  --rate limits the events a second.
// Exit status: 0 Redis confirmed all, 1 bad file or usage, 2 no Redis at the start, 3 some lost or unconfirmed.
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include <socketio/emitter.hpp>

using namespace std::chrono_literals;

namespace {

struct Update {
  std::uint64_t line = 0;
  std::string symbol;
  double price = 0;
  MSGPACK_DEFINE_MAP(line, symbol, price)
};

struct Row {
  std::string room;
  Update update;
};

template <typename Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() && end == text.data() + text.size();
}

std::optional<Row> read_row(std::string_view text, std::uint64_t line) {
  const std::size_t first = text.find(',');
  const std::size_t second = first == text.npos ? text.npos : text.find(',', first + 1);
  if (second == text.npos || first == 0 || second == first + 1) {
    return {};
  }
  Row row{std::string(text.substr(0, first)), {line, std::string(text.substr(first + 1, second - first - 1)), 0}};
  const bool is_number = read_number(text.substr(second + 1), row.update.price) && std::isfinite(row.update.price);
  return is_number ? std::optional(row) : std::nullopt;
}

/// Reads the whole file before anything is sent: half a batch is worse than none.
std::optional<std::vector<Row>> read_file(const char* name) {
  std::ifstream file(name);
  std::vector<Row> rows;
  std::uint64_t line = 0;
  for (std::string text; std::getline(file, text);) {
    ++line;
    if (text.ends_with('\r')) {
      text.pop_back();
    }
    if (text.empty()) {
      continue;
    }
    const std::optional<Row> row = read_row(text, line);
    if (!row) {
      std::cerr << name << ", line " << line << ": a line is room,symbol,price, and the price a number.\n";
      return {};
    }
    rows.push_back(*row);
  }
  if (!file.eof()) {
    std::cerr << name << " cannot be read.\n";
    return {};
  }
  return rows;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t rate = 0;
  const bool has_rate = argc == 6 && argv[4] == std::string_view("--rate") && read_number(argv[5], rate) && rate > 0;
  if ((argc != 4 && !has_rate) || argv[2] != std::string_view("--redis")) {
    std::cerr << "usage: batch_csv FILE --redis redis://127.0.0.1:6379 [--rate EVENTS_PER_SECOND]\n";
    return 1;
  }
  const auto rows = read_file(argv[1]);
  if (!rows) {
    return 1;
  }
  try {
    socketio::EmitterOptions options;
    options.transport = socketio::Transport::automatic;
    socketio::Emitter io(argv[3], options);
    if (const std::string problem = io.connect(5s); !problem.empty()) {
      std::cerr << problem << '\n';
      return 2;
    }
    const auto start = std::chrono::steady_clock::now();
    std::uint64_t sent = 0;
    for (const Row& row : *rows) {
      if (rate > 0) {
        std::this_thread::sleep_until(start + sent * 1'000'000'000ns / rate);
      }
      io.to(row.room).emit("update", row.update);
      ++sent;
      if (rate > 0) {
        io.poll();  // writes it now: the emitter works inside of its calls only
      }
    }
    const socketio::EmitSummary summary = io.flush(10s);
    std::cout << summary.confirmed << " of " << rows->size() << " confirmed, " << summary.failed() << " lost, "
              << summary.unconfirmed + summary.waiting << " unconfirmed, " << summary.no_receivers << " reached no server. "
              << summary.message << summary.note << '\n';
    return summary.ok() ? 0 : 3;
  } catch (const socketio::Error& error) {  // a URL that is none, text that is not UTF-8
    std::cerr << error.what() << '\n';
    return 1;
  }
}
