#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>
#include <socketio/protocol/arguments.hpp>
#include <socketio/protocol/cursor.hpp>

// Values received with an event or an ack: they stay packed, and convert to the types that the application asks for.
//
// A conversion fails when the value does not fit; it never throws and never changes a value: text is not a number, 2.5 is not
// an int, 300 is not a std::uint8_t. Anything that msgpack-c can convert is possible: numbers, texts, containers, std::optional
// (empty for nil), structs with MSGPACK_DEFINE_MAP (from objects) or MSGPACK_DEFINE (from arrays), Date, Binary, and Value
// itself.
namespace socketio {

class Value;

namespace value {

/// Converts one packed item. For types that borrow (std::string_view, Binary, Value) the result is valid as long as the bytes.
template <typename T>
[[nodiscard]] bool convert(Bytes packed, T& result);

[[nodiscard]] SOCKETIO_API bool to_integer(Bytes packed, std::int64_t& result) noexcept;
[[nodiscard]] SOCKETIO_API bool to_unsigned(Bytes packed, std::uint64_t& result) noexcept;
[[nodiscard]] SOCKETIO_API bool to_double(Bytes packed, double& result) noexcept;
[[nodiscard]] SOCKETIO_API bool to_boolean(Bytes packed, bool& result) noexcept;
[[nodiscard]] SOCKETIO_API bool to_text(Bytes packed, std::string_view& result) noexcept;
[[nodiscard]] SOCKETIO_API bool to_binary(Bytes packed, Bytes& result) noexcept;
/// True for nil, undefined, and no bytes at all.
[[nodiscard]] SOCKETIO_API bool is_nothing(Bytes packed) noexcept;

/// Unpacks with limits on the lengths that the bytes claim. Returns false where msgpack-c throws.
[[nodiscard]] SOCKETIO_API bool unpack(Bytes packed, msgpack::object_handle& handle) noexcept;

/// True if T is one of Borrowed, or a container, pair or tuple with one inside.
template <typename T, typename... Borrowed>
struct holds : std::bool_constant<(std::is_same_v<T, Borrowed> || ...)> {};
template <template <typename...> typename Container, typename... Parts, typename... Borrowed>
struct holds<Container<Parts...>, Borrowed...>
    : std::bool_constant<(std::is_same_v<Container<Parts...>, Borrowed> || ...) || (holds<Parts, Borrowed...>::value || ...)> {
};
template <typename T, std::size_t size, typename... Borrowed>
struct holds<std::array<T, size>, Borrowed...> : holds<T, Borrowed...> {};

template <typename T>
struct is_optional : std::false_type {};
template <typename T>
struct is_optional<std::optional<T>> : std::true_type {};

}  // namespace value

/// One packed value. Borrows its bytes. A default one is JavaScript's undefined.
class SOCKETIO_API Value {
 public:
  Value() noexcept = default;
  explicit Value(Bytes packed) noexcept : packed_(packed) {}

  [[nodiscard]] Bytes packed() const noexcept { return packed_; }
  /// True for nil, undefined, or an absent value.
  [[nodiscard]] bool is_nothing() const noexcept { return value::is_nothing(packed_); }
  /// The value as T, or nullopt when it does not fit.
  template <typename T>
  [[nodiscard]] std::optional<T> as() const {
    T result{};
    return value::convert(packed_, result) ? std::optional<T>(std::move(result)) : std::nullopt;
  }
  /// A member of an object; undefined when there is none, or this is not an object. Cost: iterates over the members.
  [[nodiscard]] Value member(std::string_view name) const noexcept;
  /// The value as JSON.stringify would write it; binary in Node's form {"type":"Buffer","data":[...]}. "null" for an absent
  /// value.
  [[nodiscard]] std::string json() const;

 private:
  Bytes packed_;
};

/// The values received with an event or an ack, packed one after the other. Borrows its bytes.
class SOCKETIO_API Arguments {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Value;
    using difference_type = std::ptrdiff_t;
    using pointer = const Value*;
    using reference = Value;

    Iterator() noexcept = default;
    explicit Iterator(Bytes packed) noexcept : packed_(packed) { take(); }
    Value operator*() const noexcept { return Value(packed_.first(size_)); }
    Iterator& operator++() noexcept {
      packed_ = packed_.subspan(size_);
      take();
      return *this;
    }
    Iterator operator++(int) noexcept {
      const Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.packed_.size() == b.packed_.size(); }

   private:
    SOCKETIO_API void take() noexcept;
    Bytes packed_;
    std::size_t size_ = 0;
  };

  Arguments() noexcept = default;
  /// `packed`  well-formed items, and nothing else.
  Arguments(Bytes packed, std::size_t count) noexcept : packed_(packed), count_(count) {}
  /// The elements of a packed array after the first `skip`; none when it is not an array.
  [[nodiscard]] static Arguments of_array(Bytes array, std::size_t skip = 0) noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] Bytes packed() const noexcept { return packed_; }
  /// The argument at `index`; undefined beyond the end. Cost: iterates over the arguments before it.
  [[nodiscard]] Value operator[](std::size_t index) const noexcept;
  /// (*this)[index].as<T>()
  template <typename T>
  [[nodiscard]] std::optional<T> as(std::size_t index) const {
    return (*this)[index].as<T>();
  }
  [[nodiscard]] Iterator begin() const noexcept { return Iterator(packed_); }
  [[nodiscard]] Iterator end() const noexcept { return Iterator(); }

 private:
  Bytes packed_;
  std::size_t count_ = 0;
};

template <typename T>
bool value::convert(Bytes packed, T& result) {
  static_assert(is_optional<T>::value || !holds<T, msgpack::object, msgpack::object_kv>::value,
                "A msgpack::object does not live as long as it is used here: take a socketio::Value.");
  if constexpr (std::is_same_v<T, Value>) {
    result = Value(packed);
    return true;
  } else if constexpr (value::is_optional<T>::value) {
    result.reset();
    return is_nothing(packed) || convert(packed, result.emplace());
  } else if constexpr (std::is_same_v<T, bool>) {
    return to_boolean(packed, result);
  } else if constexpr (std::is_integral_v<T> && std::is_unsigned_v<T>) {
    std::uint64_t wide = 0;
    const bool fits = to_unsigned(packed, wide) && wide <= std::numeric_limits<T>::max();
    result = static_cast<T>(wide);
    return fits;
  } else if constexpr (std::is_integral_v<T>) {
    std::int64_t wide = 0;
    const bool fits =
        to_integer(packed, wide) && wide >= std::numeric_limits<T>::min() && wide <= std::numeric_limits<T>::max();
    result = static_cast<T>(wide);
    return fits;
  } else if constexpr (std::is_floating_point_v<T>) {
    double wide = 0;
    const bool fits = to_double(packed, wide);
    result = static_cast<T>(wide);
    return fits;
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    return to_text(packed, result);
  } else if constexpr (std::is_same_v<T, std::string>) {
    std::string_view text;
    const bool fits = to_text(packed, text);
    result = text;
    return fits;
  } else if constexpr (std::is_same_v<T, Binary>) {
    return to_binary(packed, result.bytes);
  } else {
    static_assert(!holds<T, Value, Arguments>::value,
                  "A container cannot hold a socketio::Value that is read: take the whole as a Value, and parts from there.");
    static_assert(!holds<T, Json>::value, "A socketio::Json can only be sent: take a socketio::Value, which has json().");
    static_assert(!holds<T, const char*, char*>::value, "Read text as std::string or std::string_view, not as const char*.");
    static_assert(!holds<T, std::string_view>::value,
                  "Inside a container, read text as std::string: std::string_view dangles.");
    msgpack::object_handle handle;
    if (!unpack(packed, handle)) {
      return false;
    }
    try {
      handle.get().convert(result);
      return true;
    } catch (const msgpack::type_error&) {
      return false;
    }
  }
}

}  // namespace socketio

// msgpack-c adaptors that send received values on inside structs and containers. Reading them there fails: no packed bytes are
// left to borrow.
namespace msgpack {
MSGPACK_API_VERSION_NAMESPACE(MSGPACK_DEFAULT_API_NS) {
namespace adaptor {

template <>
struct pack<::socketio::Value> {
  template <typename Stream>
  packer<Stream>& operator()(packer<Stream>& out, const ::socketio::Value& value) const {
    return splice_packed(out, [&](::socketio::Buffer& to) { ::socketio::arguments::pack_one(to, value); });
  }
};
template <>
struct convert<::socketio::Value> {
  const msgpack::object& operator()(const msgpack::object&, ::socketio::Value&) const { throw msgpack::type_error(); }
};

template <>
struct pack<::socketio::Arguments> {
  template <typename Stream>
  packer<Stream>& operator()(packer<Stream>& out, const ::socketio::Arguments& value) const {
    return splice_packed(out, [&](::socketio::Buffer& to) { ::socketio::arguments::pack_one(to, value); });
  }
};
template <>
struct convert<::socketio::Arguments> {
  const msgpack::object& operator()(const msgpack::object&, ::socketio::Arguments&) const { throw msgpack::type_error(); }
};

}  // namespace adaptor
}  // MSGPACK_API_VERSION_NAMESPACE
}  // namespace msgpack
