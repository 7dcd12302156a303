#pragma once

#include "common/operation.hpp"
#include "common/options.hpp"
#include "room_names.hpp"

namespace socketio::cli {

/// Parses the lines of a batch into operations, one at a time.
class LineParser {
 public:
  virtual ~LineParser() = default;

  /// Parses one line into operation(). On failure problem() is the reason, and operation() is undefined until the next good
  /// line.
  virtual bool parse(std::string_view line) = 0;

  [[nodiscard]] const OwnedOperation& operation() const noexcept { return operation_; }
  /// Time at which the line was recorded, in milliseconds since the first line; empty when the line has none.
  [[nodiscard]] std::optional<std::uint64_t> at_ms() const noexcept { return at_ms_; }
  /// Reason for the failure, without the line number and without a full stop.
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }
  /// After a failure: true if the line is only incomplete, and valid so far.
  [[nodiscard]] bool ends_early() const noexcept { return ends_early_; }

 protected:
  bool refuse(std::string problem);
  bool refuse_at(std::string_view line, std::size_t offset_bytes, std::string problem);

  OwnedOperation operation_;
  std::optional<std::uint64_t> at_ms_;
  std::string problem_;
  bool ends_early_ = false;
};

/// Each line is one string argument of the same event.
class TextLineParser final : public LineParser {
 public:
  explicit TextLineParser(const Options& options);
  bool parse(std::string_view line) override;

 private:
  std::size_t event_size_;  ///< size of the data before the argument in `operation_.data`
};

/// Each line is a JSON object:
///
///   {"op":"emit","event":"chat","args":[...],"to":["room",7],"except":[],"nsp":"/x","volatile":true,"compress":false}
///
/// Members that the line lacks come from the options. An empty list of rooms selects nobody; "all":true selects everybody, and
/// is required to disconnect everybody or to make everybody leave. Members that do not belong to the line's "op" are accepted
/// as long as they are empty ("", [], false, null).
///
/// Lines of a recording also have "at_ms". In a replay each line must have it, and it must not be less than in the line before.
///
/// Cost       one pass; no allocation once the buffers have grown, if the rooms are those of the line before. If a line differs
///            from the one before only in "args", as most lines in most batches do, only "args" is parsed, and the text around
///            it is compared.
class JsonLineParser final : public LineParser {
 public:
  explicit JsonLineParser(const Options& options);
  bool parse(std::string_view line) override;

 private:
  enum class Member : std::uint8_t {
    op,
    event,
    args,
    to,
    rooms,
    except,
    nsp,
    is_volatile,
    compress,
    close,
    at_ms,
    all,
    unknown
  };
  /// A list of rooms that a line may name.
  struct List {
    RoomNames names;
    bool given = false;
    [[nodiscard]] bool is_empty() const noexcept { return !given || names.empty(); }
  };
  /// A text that a line may have.
  struct Text {
    Buffer value;
    bool given = false;
    [[nodiscard]] bool is_empty() const noexcept { return !given || value.empty(); }
  };

  static Member member_of(std::string_view key) noexcept;
  static const char* expected(Member member) noexcept;

  bool parse_like_before(std::string_view line);
  bool parse_whole(std::string_view line);
  void remember(std::string_view line);

  void reset();
  bool take_member(std::string_view line, transcode::JsonReader& reader, Member member);
  bool take_value(std::string_view line, transcode::JsonReader& reader, Member member, std::size_t start);
  bool take_text(transcode::JsonReader& reader, Text& text);
  bool take_rooms(std::string_view line, transcode::JsonReader& reader, Member member, std::size_t start);
  bool take_time(transcode::JsonReader& reader, std::size_t start);
  bool refuse_json(std::string_view line, const DecodeError& error);
  bool check_time();
  bool resolve();
  bool resolve_op();
  bool check_members();
  bool resolve_rooms();
  bool resolve_selection();
  bool resolve_nsp();
  void resolve_flags();
  bool pack_data();

  // Values from the options.
  const Op default_op_;
  const std::string default_nsp_;
  const RoomNames default_rooms_;
  const RoomNames default_except_;
  const RoomNames default_op_rooms_;
  const bool default_all_;
  const bool default_close_;
  const bool default_volatile_;
  const std::optional<bool> default_compress_;
  const bool is_replay_;

  // Values from the line.
  Buffer key_;
  Text op_;
  Text event_;
  Text nsp_;
  Buffer args_;  ///< packed array
  List to_;
  List rooms_;
  List except_;
  bool args_given_ = false;
  std::optional<bool> volatile_;
  std::optional<bool> compress_;
  std::optional<bool> close_;
  std::optional<bool> all_;

  std::size_t args_begin_ = 0;  ///< start of the value of "args" in the line
  std::size_t args_end_ = 0;
  unsigned args_times_ = 0;

  // The text of the previous line around its "args"; `like_before_` is true if that line was good and had "args".
  Buffer before_args_;
  Buffer behind_args_;
  bool like_before_ = false;
  std::uint64_t before_at_ms_ = 0;  ///< of the previous line in a replay

  RoomSlot target_slot_{operation_.target.rooms};
  RoomSlot except_slot_{operation_.target.except};
  RoomSlot rooms_slot_{operation_.rooms};
};

}  // namespace socketio::cli
