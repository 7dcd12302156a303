// Operations of a cluster that are more than one command to one node: transactions, and questions to every node.

#include <algorithm>
#include <utility>

#include "cluster_client.hpp"

namespace socketio::redis {
namespace {

bool is_sent_back(const CommandResult& result) {
  return result.outcome == Outcome::refused && parse_redirection(result.message, {}).has_value();
}

}  // namespace

// ---- transactions ----------------------------------------------------------------------------------------------------------

/// Collects MULTI, the commands after it, and EXEC. At EXEC all are sent to the slot of the first one that has a key.
void ClusterClient::add_to_transaction(std::span<const std::string_view> words, CommandDone done) {
  const std::size_t size = command_size(words);
  if (open_transaction_ == none) {
    open_transaction_ = new_command(any_node_lane, 0);
    commands_[open_transaction_].transaction = std::make_unique<Transaction>();
    --live_count_;  // its parts are counted instead
  }
  Command& command = commands_[open_transaction_];
  std::string& encoded = command.transaction->commands.emplace_back(size, '\0');
  write_command(reinterpret_cast<std::uint8_t*>(encoded.data()), words);
  command.transaction->dones.push_back(std::move(done));
  command.size += size;
  kept_bytes_ += size;
  ++live_count_;
  if (const Route route = route_of(words); route.kind == Route::Kind::slot && command.lane == any_node_lane) {
    command.lane = route.slot;
  }
  if (ends_transaction(words)) {
    give(std::exchange(open_transaction_, none));
  }
}

void ClusterClient::send_transaction(std::uint32_t index, SingleClient& client) {
  Transaction& transaction = *commands_[index].transaction;
  transaction.results.clear();
  for (std::size_t part = 0; part < transaction.commands.size(); ++part) {
    client.command_encoded(as_bytes(transaction.commands[part]), [this, index, part](CommandResult result) {
      on_transaction_answer(index, part, std::move(result));
    });
  }
}

/// Reports nothing before the last reply: when the node redirects, the whole transaction is sent again.
void ClusterClient::on_transaction_answer(std::uint32_t index, std::size_t part, CommandResult result) {
  const auto alive = shared_from_this();
  Transaction& transaction = *commands_[index].transaction;
  transaction.results.push_back(std::move(result));
  if (part + 1 != transaction.commands.size()) {
    return;
  }
  const auto& results = transaction.results;
  const auto back = std::find_if(results.begin(), results.end(), is_sent_back);
  const CommandResult& last = results.back();  // reply to EXEC: the other commands were only queued
  const Outcome outcome = back != results.end() && last.outcome != Outcome::ok ? Outcome::refused : last.outcome;
  const std::string message = outcome == Outcome::refused && back != results.end() ? back->message : last.message;
  if (comes_back(index, outcome, message)) {
    return;
  }
  std::unique_ptr<Transaction> ended = std::move(commands_[index].transaction);
  live_count_ -= ended->dones.size() - 1;
  release(index);
  for (std::size_t number = 0; number < ended->dones.size(); ++number) {
    ++counters_.answered;
    counters_.refused += ended->results[number].outcome == Outcome::ok ? 0U : 1U;
    if (ended->dones[number]) {
      reports_.guarded([&] { ended->dones[number](std::move(ended->results[number])); });
    }
  }
}

// ---- questions -------------------------------------------------------------------------------------------------------------

void ClusterClient::add_question(std::span<const std::string_view> words, Route::Kind whom, CommandDone done) {
  const auto question = std::make_shared<Question>();
  question->words.assign(words.begin(), words.end());
  question->size = command_size(words);
  question->whom = whom;
  question->done = std::move(done);
  kept_bytes_ += question->size;
  ++live_count_;
  questions_.push_back(question);
}

void ClusterClient::pump_questions() {
  if (!nodes_.has_map()) {
    if (has_failed_ && options_.offline == OfflinePolicy::fail) {
      end_questions(last_error(), counters_.not_sent_offline);
    }
    return;
  }
  for (const std::shared_ptr<Question>& question : questions_) {
    if (question->parts.empty() && question->asked_of_map != nodes_.map_number()) {
      begin_question(*question);
    }
    for (std::size_t part = 0; part < question->parts.size(); ++part) {
      if (question->parts[part].stage == Question::Part::Stage::waiting) {
        ask_part(question, part);
      }
    }
    check_question(*question);
  }
  questions_.remove_if([](const std::shared_ptr<Question>& question) { return question->has_ended; });
}

void ClusterClient::begin_question(Question& question) {
  question.asked_of_map = nodes_.map_number();
  for (std::size_t id = 0; id < nodes_.size(); ++id) {
    if (nodes_[id] && nodes_[id]->is_listed && (nodes_[id]->is_primary || question.whom == Route::Kind::every_node)) {
      question.parts.push_back({static_cast<NodeId>(id), Question::Part::Stage::waiting});
    }
  }
}

/// Sends one part of a question. Skips a node that cannot be reached: its subscribers and clients are not connected any more.
void ClusterClient::ask_part(const std::shared_ptr<Question>& question, std::size_t part) {
  const NodeId id = question->parts[part].node;
  const bool is_given_up = nodes_[id] && nodes_[id]->is_away && !nodes_[id]->commands;  // until the next slot map
  SingleClient* const client = nodes_[id] && !is_given_up ? commands_of(id) : nullptr;
  if (client == nullptr) {
    if (!nodes_[id] || !nodes_[id]->is_listed || nodes_[id]->is_away) {
      question->parts[part].stage = Question::Part::Stage::ended;
    }
    return;
  }
  question->parts[part].stage = Question::Part::Stage::asked;
  ++nodes_[id]->on_the_way;
  const std::vector<std::string_view> words(question->words.begin(), question->words.end());
  client->command(words, [this, question, part](CommandResult result) {
    const auto alive = shared_from_this();
    --nodes_[question->parts[part].node]->on_the_way;
    on_part_answer(*question, part, std::move(result));
  });
}

void ClusterClient::on_part_answer(Question& question, std::size_t part, CommandResult result) {
  question.parts[part].stage = Question::Part::Stage::ended;
  if (result.outcome == Outcome::ok) {
    question.replies.push_back(std::move(result.reply));
  } else if (result.outcome == Outcome::refused) {
    question.refusal = std::move(result.message);
  }
  turn_end_.request();
}

/// Completes a question when all its parts have completed. When no node could be asked, it waits for the next slot map.
void ClusterClient::check_question(Question& question) {
  const auto has_ended = [](const Question::Part& part) { return part.stage == Question::Part::Stage::ended; };
  if (question.has_ended || !std::all_of(question.parts.begin(), question.parts.end(), has_ended)) {
    return;
  }
  CommandResult result;
  if (!question.refusal.empty()) {
    result.outcome = Outcome::refused;
    result.message = std::move(question.refusal);
  } else if (!question.replies.empty()) {
    result.reply = join_replies(std::move(question.replies));
  } else if (options_.offline == OfflinePolicy::fail) {
    result.outcome = Outcome::not_sent;
    result.message = last_error();
  } else {
    question.parts.clear();
    request_refresh();
    return;
  }
  finish_question(question);
  counters_.answered += result.outcome == Outcome::not_sent ? 0U : 1U;
  counters_.refused += result.outcome == Outcome::refused ? 1U : 0U;
  counters_.not_sent_offline += result.outcome == Outcome::not_sent ? 1U : 0U;
  ended_.push_back({nullptr, 0, std::move(question.done), std::move(result)});
  turn_end_.request();
}

void ClusterClient::finish_question(Question& question) {
  question.has_ended = true;
  kept_bytes_ -= question.size;
  --live_count_;
}

/// `counter`  counts the questions that no node has been asked.
void ClusterClient::end_questions(std::string_view why, std::uint64_t& counter) {
  const auto is_waiting = [](const Question::Part& part) { return part.stage == Question::Part::Stage::waiting; };
  for (const std::shared_ptr<Question>& question : std::exchange(questions_, {})) {
    if (!question->has_ended) {
      const bool is_unasked = std::all_of(question->parts.begin(), question->parts.end(), is_waiting);
      ++(is_unasked ? counter : counters_.unconfirmed);
      finish_question(*question);
      end_later(nullptr, 0, std::move(question->done), is_unasked ? Outcome::not_sent : Outcome::unconfirmed, why);
    }
  }
}

}  // namespace socketio::redis
