#include <socketio/asker.hpp>

#include <algorithm>
#include <mutex>
#include <optional>
#include <unordered_set>
#include <utility>

#include <socketio/protocol/classic_response.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/reserved_events.hpp>

#include "ask_core.hpp"
#include "forks.hpp"

namespace socketio {
namespace {

using asking::Answered;
using emitter::AskCore;
using emitter::PendingRequest;
using fleet::Message;
using RequestKind = fleet::Request::Kind;

Target checked(const Target& target) {
  Target result;
  result.nsp = target::namespace_name(target.nsp);
  target::add_rooms(result.rooms, target.rooms);
  result.nobody = target.nobody && result.rooms.empty();
  target::add_rooms(result.except, target.except);
  result.flags = target.flags;
  return result;
}

Target in_namespace(std::string_view nsp) {
  Target target;
  target.nsp = target::namespace_name(nsp);
  return target;
}

std::unique_ptr<PendingRequest> request_of(RequestKind kind, Target target, const asking::Options& options) {
  auto result = std::make_unique<PendingRequest>();
  result->kind = kind;
  result->target = std::move(target);
  result->options = options;
  return result;
}

/// Sets the members that all results have in common, and passes the result to `done`.
template <typename Result>
std::function<void(Answered)> finish(std::shared_ptr<Result> result, AsyncAsker::Done<Result> done) {
  return [result, done = std::move(done)](Answered answered) {
    static_cast<Answered&>(*result) = std::move(answered);
    done(std::move(*result));
  };
}

Buffer copy(Bytes bytes) {
  Buffer result;
  result.append(bytes);
  return result;
}

/// Calls `function` with the id of each socket in a response (whole sockets, or ids only). Returns their number.
template <typename Function>
std::size_t for_each_id(const Message& answer, const Function& function) {
  std::size_t count = 0;
  if (answer.kind == Message::Kind::sockets && !Value(answer.value).is_nothing()) {
    for (const Value element : Arguments::of_array(answer.value)) {
      auto id = element.as<std::string>();
      if (!id) {
        id = element.member("id").as<std::string>();
      }
      if (id && !id->empty()) {
        function(std::move(*id));
        ++count;
      }
    }
  }
  return count;
}

/// Detects duplicates among responses that do not identify their server: one whose ids are all known came a second time.
struct SeenIds {
  std::unordered_set<std::string> ids;
  /// Returns false for a duplicate response.
  bool add(const Message& answer, std::size_t& added) {
    added = 0;
    const std::size_t count = for_each_id(answer, [&](std::string id) { added += ids.insert(std::move(id)).second ? 1U : 0U; });
    return !answer.uid.empty() || count == 0 || added != 0;
  }
};

bool has_list(const Message& answer) { return answer.kind == Message::Kind::sockets || answer.kind == Message::Kind::rooms; }

/// Passes on the sockets that are not in `known` yet. Returns their number.
std::size_t take_sockets(const Message& answer, std::unordered_set<std::string>& known,
                         const std::function<void(asking::Socket&&)>& hand_on) {
  std::size_t count = 0;
  classic_response::SocketReader reader(answer.value);
  for (classic_response::Socket socket; reader.next(socket);) {
    if (!known.emplace(socket.id).second) {
      continue;
    }
    asking::Socket taken;
    taken.id = socket.id;
    taken.server = answer.uid;
    taken.packed_handshake.append(socket.handshake);
    taken.packed_data.append(socket.data);
    taken.packed_rooms.append(socket.packed_rooms);
    for (const std::string_view room : socket.rooms) {
      taken.rooms.emplace_back(room);
    }
    hand_on(std::move(taken));
    ++count;
  }
  return count;
}

void sort_and_unify(std::vector<std::string>& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

void ask_acks(AskCore& core, const Target& target, const asking::Event& event, const asking::Options& options,
              asking::OnAck on_ack, AsyncAsker::Done<asking::Acks> done) {
  auto asked = request_of(RequestKind::acks, checked(target), options);
  Buffer changed;
  asked->event.append(event_data::require_publishable(event.packed(), is_reserved_client_event, changed));
  auto result = std::make_shared<asking::Acks>();
  asked->take = [result, on_ack = std::move(on_ack)](const Message& answer, std::uint64_t) {
    if (answer.kind == Message::Kind::client_count) {
      result->clients += answer.client_count;
    } else {
      result->answers.push_back(copy(answer.value));
      if (on_ack) {
        on_ack(Value(answer.value));
      }
    }
    return true;
  };
  asked->done = finish(result, std::move(done));
  core.ask(std::move(asked));
}

void ask_sockets(AskCore& core, const Target& target, const asking::Options& options, asking::OnSocket on_socket,
                 AsyncAsker::Done<asking::Sockets> done) {
  auto asked = request_of(RequestKind::sockets, checked(target), options);
  auto result = std::make_shared<asking::Sockets>();
  std::function<void(asking::Socket &&)> hand_on = std::move(on_socket);
  if (!hand_on) {
    hand_on = [result](asking::Socket&& socket) { result->sockets.push_back(std::move(socket)); };
  }
  asked->take = [hand_on = std::move(hand_on), known = std::unordered_set<std::string>()](const Message& answer, std::uint64_t) mutable {
    if (!has_list(answer)) {
      return false;
    }
    const std::size_t added = take_sockets(answer, known, hand_on);
    const bool tells_something = Arguments::of_array(answer.value).size() != 0;
    return !answer.uid.empty() || !tells_something || added != 0;
  };
  asked->done = finish(result, std::move(done));
  core.ask(std::move(asked));
}

void ask_count(AskCore& core, const Target& target, const asking::Options& options, AsyncAsker::Done<asking::Count> done) {
  auto asked = request_of(RequestKind::ids, checked(target), options);
  auto result = std::make_shared<asking::Count>();
  asked->take = [result, seen = SeenIds()](const Message& answer, std::uint64_t) mutable {
    std::size_t added = 0;
    if (!has_list(answer) || !seen.add(answer, added)) {
      return false;
    }
    result->count += added;
    return true;
  };
  asked->done = finish(result, std::move(done));
  core.ask(std::move(asked));
}

void ask_rooms(AskCore& core, std::string_view nsp, const asking::Options& options, AsyncAsker::Done<asking::Rooms> done) {
  auto asked = request_of(RequestKind::rooms, in_namespace(nsp), options);
  auto result = std::make_shared<asking::Rooms>();
  asked->take_names = [&core, result](std::vector<std::string> names) {
    std::erase_if(names,
                  [&core](const std::string& name) { return core.dialect().is_server(name) || name.starts_with("asker-"); });
    result->rooms = std::move(names);
  };
  asked->take = [result](const Message& answer, std::uint64_t) {
    if (answer.kind == Message::Kind::rooms) {
      classic_response::NameReader reader(answer.value);
      for (std::string_view name; reader.next(name);) {
        result->rooms.emplace_back(name);
      }
      return true;
    }
    if (answer.kind != Message::Kind::sockets) {
      return false;
    }
    classic_response::SocketReader reader(answer.value);
    for (classic_response::Socket socket; reader.next(socket);) {
      for (const std::string_view room : socket.rooms) {
        result->rooms.emplace_back(room);
      }
    }
    return true;
  };
  asked->done = [result, done = std::move(done)](Answered answered) {
    static_cast<Answered&>(*result) = std::move(answered);
    sort_and_unify(result->rooms);
    done(std::move(*result));
  };
  core.ask(std::move(asked));
}

void ask_server_side(AskCore& core, std::string_view nsp, const asking::Event& event, const asking::Options& options,
                     asking::OnServerAnswer on_answer, AsyncAsker::Done<asking::ServerAnswers> done) {
  auto asked = request_of(RequestKind::server_side, in_namespace(nsp), options);
  Buffer changed;
  asked->event.append(event_data::require_publishable(event.packed(), is_reserved_server_side_event, changed));
  auto result = std::make_shared<asking::ServerAnswers>();
  asked->take = [result, on_answer = std::move(on_answer)](const Message& answer, std::uint64_t) {
    if (has_list(answer)) {
      return false;
    }
    result->answers.push_back({std::string(answer.uid), copy(answer.value)});
    if (on_answer) {
      on_answer(result->answers.back());
    }
    return true;
  };
  asked->done = finish(result, std::move(done));
  core.ask(std::move(asked));
}

void ask_servers(AskCore& core, std::string_view nsp, const asking::Options& options, AsyncAsker::Done<asking::Servers> done) {
  auto asked = request_of(RequestKind::ids, in_namespace(nsp), options);
  auto result = std::make_shared<asking::Servers>();
  asked->take = [result, seen = SeenIds()](const Message& answer, std::uint64_t after_ms) mutable {
    std::size_t added = 0;
    if (!has_list(answer) || !seen.add(answer, added)) {
      return false;
    }
    result->servers.push_back({std::string(answer.uid), after_ms, added});
    return true;
  };
  asked->done = finish(result, std::move(done));
  core.ask(std::move(asked));
}

}  // namespace

// ---- without a loop --------------------------------------------------------------------------------------------------------

struct Asker::Impl {
  /// Everything that belongs to one process.
  struct State {
    std::mutex lock;
    Loop loop;
    std::shared_ptr<AskCore> core;
    State(const redis::Options& redis, const Fleet& fleet) : core(std::make_shared<AskCore>(loop, redis, fleet)) {}
    ~State() {
      loop.enter_thread();
      core->close();
    }
  };

  Impl(redis::Options redis_options, Fleet settings)
      : redis(std::move(redis_options)), fleet(std::move(settings)), state(std::make_unique<State>(redis, fleet)) {}
  ~Impl() {
    if (forks != emitter::fork_count()) {
      const std::lock_guard guard(emitter::fork_lock());
      leave_state_to_parent();
    }
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void leave_state_to_parent() {
    if (state->lock.try_lock()) {
      state->loop.leave_to_parent();
    }
    emitter::keep_for_parent(std::move(state));
  }
  /// Creates new state in a forked child: the connections belong to the parent.
  void begin_in_child() {
    const std::lock_guard guard(emitter::fork_lock());
    if (forks != emitter::fork_count()) {
      leave_state_to_parent();
      state = std::make_unique<State>(redis, fleet);
      forks = emitter::fork_count();
    }
  }

  /// Starts a request by `ask(core, done)` and waits for its result.
  template <typename Result, typename Ask>
  Result run(const Ask& ask) {
    if (forks != emitter::fork_count()) {
      begin_in_child();
    }
    const std::lock_guard guard(state->lock);
    Loop& loop = state->loop;
    loop.enter_thread();
    loop.poll();  // handles the events since the last call
    std::optional<Result> result;
    ask(*state->core, [&result](Result ended) { result.emplace(std::move(ended)); });
    while (!result) {  // the request has its own deadline
      loop.run_until([&result] { return result.has_value(); }, std::chrono::seconds(1));
    }
    return std::move(*result);
  }

  const redis::Options redis;
  const Fleet fleet;
  unsigned forks = emitter::fork_count();
  std::unique_ptr<State> state;
};

Asker::Asker(std::string_view url, Fleet fleet) : Asker(redis::parse_url(url), std::move(fleet)) {}
Asker::Asker(redis::Options redis, Fleet fleet) : impl_(std::make_unique<Impl>(std::move(redis), std::move(fleet))) {}
Asker::~Asker() = default;

asking::Acks Asker::emit_with_ack(const Target& target, const asking::Event& event, const asking::Options& options,
                                  asking::OnAck on_ack) {
  return impl_->run<asking::Acks>(
      [&](AskCore& core, auto done) { ask_acks(core, target, event, options, std::move(on_ack), std::move(done)); });
}
asking::Sockets Asker::fetch_sockets(const Target& target, const asking::Options& options, asking::OnSocket on_socket) {
  return impl_->run<asking::Sockets>(
      [&](AskCore& core, auto done) { ask_sockets(core, target, options, std::move(on_socket), std::move(done)); });
}
asking::Count Asker::count(const Target& target, const asking::Options& options) {
  return impl_->run<asking::Count>([&](AskCore& core, auto done) { ask_count(core, target, options, std::move(done)); });
}
asking::Rooms Asker::all_rooms(std::string_view nsp, const asking::Options& options) {
  return impl_->run<asking::Rooms>([&](AskCore& core, auto done) { ask_rooms(core, nsp, options, std::move(done)); });
}
asking::ServerAnswers Asker::server_side_emit(std::string_view nsp, const asking::Event& event, const asking::Options& options,
                                              asking::OnServerAnswer on_answer) {
  return impl_->run<asking::ServerAnswers>(
      [&](AskCore& core, auto done) { ask_server_side(core, nsp, event, options, std::move(on_answer), std::move(done)); });
}
asking::Servers Asker::servers(std::string_view nsp, const asking::Options& options) {
  return impl_->run<asking::Servers>([&](AskCore& core, auto done) { ask_servers(core, nsp, options, std::move(done)); });
}

// ---- on a loop -------------------------------------------------------------------------------------------------------------

AsyncAsker::AsyncAsker(Loop& loop, std::string_view url, Fleet fleet)
    : AsyncAsker(loop, redis::parse_url(url), std::move(fleet)) {}
AsyncAsker::AsyncAsker(Loop& loop, redis::Options redis, Fleet fleet)
    : core_(std::make_shared<AskCore>(loop, std::move(redis), std::move(fleet))) {
  core_->connect();
}
AsyncAsker::~AsyncAsker() { core_->close(); }

void AsyncAsker::emit_with_ack(const Target& target, const asking::Event& event, const asking::Options& options,
                               asking::OnAck on_ack, Done<asking::Acks> done) {
  ask_acks(*core_, target, event, options, std::move(on_ack), std::move(done));
}
void AsyncAsker::fetch_sockets(const Target& target, const asking::Options& options, Done<asking::Sockets> done) {
  ask_sockets(*core_, target, options, {}, std::move(done));
}
void AsyncAsker::fetch_sockets(const Target& target, const asking::Options& options, asking::OnSocket on_socket,
                               Done<asking::Sockets> done) {
  ask_sockets(*core_, target, options, std::move(on_socket), std::move(done));
}
void AsyncAsker::count(const Target& target, const asking::Options& options, Done<asking::Count> done) {
  ask_count(*core_, target, options, std::move(done));
}
void AsyncAsker::all_rooms(std::string_view nsp, const asking::Options& options, Done<asking::Rooms> done) {
  ask_rooms(*core_, nsp, options, std::move(done));
}
void AsyncAsker::server_side_emit(std::string_view nsp, const asking::Event& event, const asking::Options& options,
                                  asking::OnServerAnswer on_answer, Done<asking::ServerAnswers> done) {
  ask_server_side(*core_, nsp, event, options, std::move(on_answer), std::move(done));
}
void AsyncAsker::servers(std::string_view nsp, const asking::Options& options, Done<asking::Servers> done) {
  ask_servers(*core_, nsp, options, std::move(done));
}

}  // namespace socketio
