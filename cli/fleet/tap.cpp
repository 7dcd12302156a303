#include "commander.hpp"
#include "common/exit_status.hpp"
#include "common/text.hpp"
#include "filter.hpp"
#include "options.hpp"
#include "source.hpp"
#include "tap_output.hpp"

namespace socketio::cli::fleet {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds tick{1'000};

class Tap {
 public:
  Tap(const Options& options, Console& console)
      : options_(options),
        console_(console),
        signals_(loop_),
        redis_(loop_, options, "tap", console, signals_),
        filter_(options.common.key, options.namespaces, options.rooms, options.events),
        output_(options, console) {}

  ExitStatus run() {
    redis_.connect(options_.buses == std::vector{Bus::classic});  // every node forwards what is published
    const std::vector<Bus> buses =
        options_.buses.empty() ? std::vector{detect_one(redis_, options_, console_)} : options_.buses;
    if ((options_.from || options_.last) && std::find(buses.begin(), buses.end(), Bus::streams) == buses.end()) {
      fail_usage(std::string(options_.from ? "--from" : "--last") + " needs --transport streams: the " +
                 std::string(name_of(buses.front())) + " transport keeps no history.");
    }
    const TapParts parts{loop_, options_, console_, redis_, filter_, output_, buses.size() > 1, {}};
    Sources sources(buses, parts);
    if (const auto refusal = sources.wait()) {
      fail_refused(refusal->empty() ? "Redis did not confirm the subscriptions in time."
                                    : "Redis does not let this user listen: " + text::excerpt(*refusal, 300));
    }
    note_begin(buses);
    receive();
    sources.leave();
    const bool whole = output_.finish();
    if (signals_.pending() != 0) {
      return ended_by(signals_.pending());
    }
    return whole ? ExitStatus::ok : ExitStatus::incomplete;
  }

 private:
  void note_begin(const std::vector<Bus>& buses) {
    console_.note("Listening: " + text::joined(buses, ", ", bus_name) + ", key \"" + text::excerpt(options_.common.key) +
                  "\", " +
                  (options_.namespaces.empty() ? "all namespaces"
                                               : "namespaces " + text::joined(options_.namespaces, ", ", text::shown)) +
                  ".");
    if (std::find(buses.begin(), buses.end(), Bus::sharded) != buses.end()) {
      console_.note(
          "While it listens, the servers of a sharded fleet count it as one of them; it answers at once. What is said to a "
          "room in its first half second may be missed.");
    }
  }

  void receive() {
    const Clock::time_point began = Clock::now();
    Clock::time_point last_tick = began;
    while (!is_over(began)) {
      milliseconds wait = tick;
      if (options_.run_for) {
        wait = std::min(wait,
                        std::max(milliseconds(1), std::chrono::ceil<milliseconds>(*options_.run_for - (Clock::now() - began))));
      }
      loop_.run_until([&] { return is_over(began); }, wait);
      const Clock::time_point now = Clock::now();
      if (now - last_tick >= tick) {
        output_.tick(std::chrono::duration_cast<milliseconds>(now - last_tick));
        last_tick = now;
      }
    }
  }

  [[nodiscard]] bool is_over(Clock::time_point began) {
    return signals_.pending() != 0 || output_.is_over() || output_.has_enough() ||
           (options_.run_for && Clock::now() - began >= *options_.run_for);
  }

  const Options& options_;
  Console& console_;
  Loop loop_;
  const StopSignals signals_;
  Commander redis_;
  const Filter filter_;
  TapOutput output_;
};

}  // namespace

ExitStatus run_tap(const Options& options, Console& console) { return Tap(options, console).run(); }

}  // namespace socketio::cli::fleet
