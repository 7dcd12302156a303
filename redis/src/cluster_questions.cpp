#include "cluster_questions.hpp"

#include <algorithm>
#include <utility>

namespace socketio::redis {

struct ClusterQuestions::Question {
  std::string encoded;
  CommandDone done;
  Route::Kind whom = Route::Kind::every_node;
  struct Part {
    NodeId node;
    enum class Stage : std::uint8_t { waiting, asked, ended } stage = Stage::waiting;
  };
  std::vector<Part> parts;  ///< empty before the slot map is known
  std::vector<Reply> replies;
  std::string refusal;
  std::uint64_t asked_of_map = 0;  ///< number of the slot map that the parts were made from
  bool has_ended = false;
};

ClusterQuestions::~ClusterQuestions() = default;

void ClusterQuestions::add(std::string encoded, Route::Kind whom, CommandDone done) {
  const auto question = std::make_shared<Question>();
  bytes_ += encoded.size();
  ++count_;
  question->encoded = std::move(encoded);
  question->whom = whom;
  question->done = std::move(done);
  questions_.push_back(question);
}

void ClusterQuestions::pump() {
  for (const std::shared_ptr<Question>& question : questions_) {
    if (question->parts.empty() && question->asked_of_map != nodes_.map_number()) {
      begin(*question);
    }
    for (std::size_t part = 0; part < question->parts.size(); ++part) {
      if (question->parts[part].stage == Question::Part::Stage::waiting) {
        ask_part(question, part);
      }
    }
    check(*question);
  }
  questions_.remove_if([](const std::shared_ptr<Question>& question) { return question->has_ended; });
}

void ClusterQuestions::begin(Question& question) {
  question.asked_of_map = nodes_.map_number();
  for (std::size_t id = 0; id < nodes_.size(); ++id) {
    if (nodes_[id] && nodes_[id]->is_listed && (nodes_[id]->is_primary || question.whom == Route::Kind::every_node)) {
      question.parts.push_back({static_cast<NodeId>(id), Question::Part::Stage::waiting});
    }
  }
}

/// Sends one part of a question. Skips a node that cannot be reached: its subscribers and clients are not connected any more.
void ClusterQuestions::ask_part(const std::shared_ptr<Question>& question, std::size_t part) {
  const NodeId id = question->parts[part].node;
  const bool is_given_up = nodes_[id] && nodes_[id]->is_away && !nodes_[id]->commands;  // until the next slot map
  if (!nodes_[id] || is_given_up || !links_.can_send(id)) {
    if (!nodes_[id] || !nodes_[id]->is_listed || nodes_[id]->is_away) {
      question->parts[part].stage = Question::Part::Stage::ended;
    }
    return;
  }
  question->parts[part].stage = Question::Part::Stage::asked;
  ++nodes_[id]->on_the_way;
  links_.send(id, as_bytes(question->encoded), nullptr, 0, [this, question, part](CommandResult result) {
    const auto alive = driver_.hold();
    take_part(*question, part, std::move(result));
  });
}

void ClusterQuestions::take_part(Question& question, std::size_t part, CommandResult result) {
  --nodes_[question.parts[part].node]->on_the_way;
  question.parts[part].stage = Question::Part::Stage::ended;
  if (result.outcome == Outcome::ok) {
    question.replies.push_back(std::move(result.reply));
  } else if (result.outcome == Outcome::refused) {
    question.refusal = std::move(result.message);
  }
  driver_.wake_after(0);
}

/// Completes a question when all its parts have completed. When no node could be asked, it waits for the next slot map.
void ClusterQuestions::check(Question& question) {
  const auto has_ended = [](const Question::Part& part) { return part.stage == Question::Part::Stage::ended; };
  if (question.has_ended || !std::all_of(question.parts.begin(), question.parts.end(), has_ended)) {
    return;
  }
  CommandResult result;
  if (!question.refusal.empty()) {
    result.outcome = Outcome::refused;
    result.message = std::move(question.refusal);
    ++context_.counters.refused;
    ++context_.counters.answered;
  } else if (!question.replies.empty()) {
    result.reply = join_replies(std::move(question.replies));
    ++context_.counters.answered;
  } else if (context_.options.offline == OfflinePolicy::fail) {
    result.outcome = Outcome::not_sent;
    result.message = context_.reports.last_error();
    ++context_.counters.not_sent_offline;
  } else {
    question.parts.clear();
    driver_.request_refresh();
    return;
  }
  finish(question, std::move(result));
}

void ClusterQuestions::end_all(std::string_view why, std::uint64_t& counter) {
  const auto is_waiting = [](const Question::Part& part) { return part.stage == Question::Part::Stage::waiting; };
  for (const std::shared_ptr<Question>& question : std::exchange(questions_, {})) {
    if (!question->has_ended) {
      const bool is_unasked = std::all_of(question->parts.begin(), question->parts.end(), is_waiting);
      ++(is_unasked ? counter : context_.counters.unconfirmed);
      finish(*question, {is_unasked ? Outcome::not_sent : Outcome::unconfirmed, std::string(why), {}});
    }
  }
}

void ClusterQuestions::finish(Question& question, CommandResult result) {
  question.has_ended = true;
  bytes_ -= question.encoded.size();
  --count_;
  const Outcome outcome = result.outcome;
  const std::string why = result.message;
  CommandDone done;
  if (question.done) {
    done = [call = std::move(question.done), result = std::move(result)](const CommandResult&) { call(result); };
  }
  context_.completions.add({nullptr, context_.completions.keep(std::move(done)), 0, 0}, outcome, why);
}

}  // namespace socketio::redis
