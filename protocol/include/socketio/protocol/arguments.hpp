#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>
#include <socketio/protocol/msgpack_types.hpp>
#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/standard_types.hpp>

namespace socketio {

/// JSON text as an argument: the receiver gets the value that it describes. Borrowed. Packing throws Error(bad_json) for text
/// that JSON.parse would refuse.
struct Json {
  std::string_view text;
};

/// Bytes as an argument: a Buffer in JavaScript, an ArrayBuffer in browsers. Borrowed. (std::vector<char> and
/// std::vector<unsigned char> are packed as binary, too.)
struct Binary {
  Bytes bytes;
  Binary() noexcept = default;
  explicit Binary(Bytes borrowed) noexcept : bytes(borrowed) {}
  explicit Binary(std::string_view borrowed) noexcept : bytes(as_bytes(borrowed)) {}
  Binary(const void* data, std::size_t size) noexcept : bytes(static_cast<const std::uint8_t*>(data), size) {}
};

/// A point in time: JavaScript servers receive a Date, their clients ISO text. For members of structs and containers; a time
/// point of std::chrono::system_clock may be an argument directly, too.
struct Date {
  std::int64_t milliseconds_since_1970 = 0;
  Date() noexcept = default;
  explicit Date(std::int64_t milliseconds) noexcept : milliseconds_since_1970(milliseconds) {}
  template <typename Duration>
  explicit Date(std::chrono::time_point<std::chrono::system_clock, Duration> time) noexcept
      : milliseconds_since_1970(std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count()) {}
};

/// The name of an event: text, or, as JavaScript allows, a number.
class EventName {
 public:
  template <typename T>
    requires std::convertible_to<const T&, std::string_view>
  EventName(const T& name) : text_(name) {}  // NOLINT: implicit on purpose
  template <typename T>
    requires std::is_arithmetic_v<T>
  EventName(T number) noexcept : number_(static_cast<double>(number)), is_number_(true) {}  // NOLINT: implicit on purpose

  [[nodiscard]] bool is_number() const noexcept { return is_number_; }
  [[nodiscard]] std::string_view text() const noexcept { return text_; }
  [[nodiscard]] double number() const noexcept { return number_; }

 private:
  std::string_view text_;
  double number_ = 0;
  bool is_number_ = false;
};

class Value;      // value.hpp
class Arguments;  // value.hpp

namespace arguments {

/// Appends JSON text as msgpack. Throws Error(bad_json).
SOCKETIO_API void pack_json(Buffer& out, std::string_view json);
/// Reads a date from a msgpack extension; returns false when it is not a date.
[[nodiscard]] SOCKETIO_API bool read_date(std::int8_t extension_type, Bytes body, Date& date) noexcept;
/// Appends the header of [event, args...] and the event. Throws Error(bad_utf8).
SOCKETIO_API void begin_event(Buffer& out, const EventName& event, std::size_t argument_count);

template <typename T>
struct is_system_time : std::false_type {};
template <typename Duration>
struct is_system_time<std::chrono::time_point<std::chrono::system_clock, Duration>> : std::true_type {};

/// True for text in another type of characters than char.
template <typename T>
inline constexpr bool is_wide_text =
    std::is_convertible_v<const T&, std::wstring_view> || std::is_convertible_v<const T&, std::u8string_view> ||
    std::is_convertible_v<const T&, std::u16string_view> || std::is_convertible_v<const T&, std::u32string_view>;
/// True for functions, and for function objects whose call operator is neither a template nor overloaded.
template <typename T>
inline constexpr bool is_callable = std::is_function_v<std::remove_pointer_t<T>> || requires {
  &T::operator();
};

/// Appends a value that is already packed. An empty one becomes nil, as JavaScript's undefined does in an array.
SOCKETIO_API void pack_again(Buffer& out, Bytes packed);

/// Appends one argument: any type that msgpack-c packs, and nullptr, time points, Json, Binary, Date and Value. An Arguments
/// object becomes an array.
template <typename T>
void pack_one(Buffer& out, const T& value) {
  if constexpr (std::is_same_v<T, std::nullptr_t>) {
    pack::nil(out);
  } else if constexpr (std::is_same_v<T, bool>) {
    pack::boolean(out, value);
  } else if constexpr (std::is_floating_point_v<T>) {
    pack::number(out, static_cast<double>(value));
  } else if constexpr (std::is_same_v<T, Json>) {
    pack_json(out, value.text);
  } else if constexpr (std::is_same_v<T, Binary>) {
    pack::binary(out, value.bytes);
  } else if constexpr (std::is_same_v<T, Date>) {
    pack::date(out, value.milliseconds_since_1970);
  } else if constexpr (is_system_time<T>::value) {
    pack::date(out, Date(value).milliseconds_since_1970);
  } else if constexpr (std::is_same_v<T, Value>) {
    pack_again(out, value.packed());
  } else if constexpr (std::is_same_v<T, Arguments>) {
    pack::array_header(out, static_cast<std::uint32_t>(value.size()));
    out.append(value.packed());
  } else if constexpr (is_callable<T> && !standard_types::HasPack<T>) {
    static_assert(!is_callable<T> || standard_types::HasPack<T>,
                  "A function cannot be sent: the function that gets an answer belongs to emit_with_ack().");
  } else if constexpr (is_wide_text<T>) {
    static_assert(!is_wide_text<T>, "Send text as UTF-8 in char: std::string, \"text\".");
  } else if constexpr (std::is_pointer_v<T> && !std::convertible_to<T, const char*>) {
    static_assert(!std::is_pointer_v<T>, "Pass the object, not a pointer to it.");
  } else if constexpr (std::convertible_to<const T&, std::string_view>) {
    pack::text(out, value);
  } else {
    msgpack::packer<Buffer>(out).pack(value);
  }
}

/// Number of values that an argument adds: 1, or all values of an Arguments object, which was received with an event.
template <typename T>
std::size_t count_of(const T& value) {
  if constexpr (std::is_same_v<T, Arguments>) {
    return value.size();
  } else {
    return 1;
  }
}
template <typename T>
void pack_each(Buffer& out, const T& value) {
  if constexpr (std::is_same_v<T, Arguments>) {
    out.append(value.packed());
  } else {
    pack_one(out, value);
  }
}

/// Appends [args...].
template <typename... Args>
void pack_array(Buffer& out, const Args&... args) {
  pack::array_header(out, static_cast<std::uint32_t>((std::size_t{0} + ... + count_of(args))));
  (pack_each(out, args), ...);
}

/// Appends [event, args...].
template <typename... Args>
void pack_event(Buffer& out, const EventName& event, const Args&... args) {
  begin_event(out, event, (std::size_t{0} + ... + count_of(args)));
  (pack_each(out, args), ...);
}

}  // namespace arguments
}  // namespace socketio

// msgpack-c adaptors of the types above, for members of structs and containers.
namespace msgpack {
MSGPACK_API_VERSION_NAMESPACE(MSGPACK_DEFAULT_API_NS) {
namespace adaptor {

/// Appends the bytes that `fill` packs, unchanged, to the stream that msgpack-c is packing into.
template <typename Stream, typename Fill>
packer<Stream>& splice_packed(packer<Stream>& out, const Fill& fill) {
  ::socketio::Buffer packed;
  fill(packed);
  return out.pack_bin_body(reinterpret_cast<const char*>(packed.data()), static_cast<std::uint32_t>(packed.size()));
}

template <>
struct pack<::socketio::Json> {
  template <typename Stream>
  packer<Stream>& operator()(packer<Stream>& out, const ::socketio::Json& value) const {
    return splice_packed(out, [&](::socketio::Buffer& to) { ::socketio::arguments::pack_json(to, value.text); });
  }
};

template <>
struct pack<::socketio::Binary> {
  template <typename Stream>
  packer<Stream>& operator()(packer<Stream>& out, const ::socketio::Binary& value) const {
    out.pack_bin(static_cast<std::uint32_t>(value.bytes.size()));
    return out.pack_bin_body(reinterpret_cast<const char*>(value.bytes.data()), static_cast<std::uint32_t>(value.bytes.size()));
  }
};

template <>
struct pack<::socketio::Date> {
  template <typename Stream>
  packer<Stream>& operator()(packer<Stream>& out, const ::socketio::Date& value) const {
    return splice_packed(out, [&](::socketio::Buffer& to) { ::socketio::pack::date(to, value.milliseconds_since_1970); });
  }
};

// MSGPACK_DEFINE and similar macros define both packing and reading, so members need both directions.
template <>
struct convert<::socketio::Date> {
  const msgpack::object& operator()(const msgpack::object& from, ::socketio::Date& value) const {
    if (from.type != msgpack::type::EXT || !::socketio::arguments::read_date(
                                      from.via.ext.type(), ::socketio::as_bytes({from.via.ext.data(), from.via.ext.size}), value)) {
      throw msgpack::type_error();
    }
    return from;
  }
};

/// The result borrows from the object.
template <>
struct convert<::socketio::Binary> {
  const msgpack::object& operator()(const msgpack::object& from, ::socketio::Binary& value) const {
    if (from.type != msgpack::type::BIN) {
      throw msgpack::type_error();
    }
    value = ::socketio::Binary(from.via.bin.ptr, from.via.bin.size);
    return from;
  }
};

/// Json is for sending only: received values have no JSON text.
template <>
struct convert<::socketio::Json> {
  const msgpack::object& operator()(const msgpack::object&, ::socketio::Json&) const { throw msgpack::type_error(); }
};

}  // namespace adaptor
}  // MSGPACK_API_VERSION_NAMESPACE
}  // namespace msgpack
