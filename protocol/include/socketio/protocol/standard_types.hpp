#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <socketio/common/buffer.hpp>
#include <socketio/protocol/msgpack_types.hpp>

// msgpack-c adaptors for the types of the standard library: text, containers, std::optional and pointers, pairs and tuples,
// bytes. A type is recognised by its members, so that no container's header is included here. The bytes are those of
// msgpack-c's own adaptors, which take precedence where a program includes them.
namespace socketio::standard_types {

template <typename T>
struct is_template : std::false_type {};
template <template <typename...> typename Template, typename... Parts>
struct is_template<Template<Parts...>> : std::true_type {};
template <typename T, std::size_t size>
struct is_template<std::array<T, size>> : std::true_type {};

template <typename T>
inline constexpr bool is_byte = std::is_same_v<T, char> || std::is_same_v<T, unsigned char> || std::is_same_v<T, std::byte>;
template <typename T>
struct is_byte_span : std::false_type {};
template <typename T, std::size_t size>
struct is_byte_span<std::span<T, size>> : std::bool_constant<is_byte<std::remove_const_t<T>>> {};

/// True for types that hold one value or none.
template <typename T>
struct is_pointer : std::false_type {};
template <typename T>
struct is_pointer<std::optional<T>> : std::true_type {};
template <typename T>
struct is_pointer<std::unique_ptr<T>> : std::true_type {};
template <typename T>
struct is_pointer<std::shared_ptr<T>> : std::true_type {};

template <typename T>
struct is_reference : std::false_type {};
template <typename T>
struct is_reference<std::reference_wrapper<T>> : std::true_type {};

enum class Kind : std::uint8_t { none, text, bytes, list, map, tuple, pointer, reference };

template <typename T>
consteval Kind kind_of() {
  if constexpr (is_byte_span<T>::value) {
    return Kind::bytes;
  } else if constexpr (!is_template<T>::value) {
    return Kind::none;
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return Kind::text;
  } else if constexpr (is_pointer<T>::value) {
    return Kind::pointer;
  } else if constexpr (is_reference<T>::value) {
    return Kind::reference;
  } else if constexpr (requires(const T& value) {
                         typename T::value_type;
                         value.begin() != value.end();
                       }) {
    if constexpr (requires { typename T::mapped_type; }) {
      return Kind::map;
    } else if constexpr (is_byte<typename T::value_type> && requires(const T& value) { value.data(); }) {
      return Kind::bytes;
    } else {
      return Kind::list;
    }
  } else if constexpr (requires { std::tuple_size<T>::value; }) {
    return Kind::tuple;
  } else {
    return Kind::none;
  }
}

template <typename T>
std::uint32_t size_of(const T& container) {
  if constexpr (requires { container.size(); }) {
    return msgpack::checked_get_container_size(container.size());
  } else {
    std::size_t size = 0;
    for (auto item = container.begin(); item != container.end(); ++item) {
      ++size;
    }
    return msgpack::checked_get_container_size(size);
  }
}

/// Packs a value whose type has a Kind other than none.
template <typename Stream, typename T>
void pack(msgpack::packer<Stream>& out, const T& value) {
  constexpr Kind kind = kind_of<T>();
  if constexpr (kind == Kind::text) {
    const std::string_view text = value;
    const std::uint32_t size = size_of(text);
    out.pack_str(size);
    out.pack_str_body(text.data(), size);
  } else if constexpr (kind == Kind::bytes) {
    const std::uint32_t size = size_of(value);
    out.pack_bin(size);
    out.pack_bin_body(reinterpret_cast<const char*>(value.data()), size);
  } else if constexpr (kind == Kind::list) {
    out.pack_array(size_of(value));
    for (const typename T::value_type& item : value) {
      out.pack(item);
    }
  } else if constexpr (kind == Kind::map) {
    out.pack_map(size_of(value));
    for (const auto& [key, item] : value) {
      out.pack(key);
      out.pack(item);
    }
  } else if constexpr (kind == Kind::tuple) {
    out.pack_array(std::tuple_size_v<T>);
    std::apply([&out](const auto&... items) { (out.pack(items), ...); }, value);
  } else if constexpr (kind == Kind::pointer) {
    if (value) {
      out.pack(*value);
    } else {
      out.pack_nil();
    }
  } else {
    static_assert(kind == Kind::reference);
    out.pack(value.get());
  }
}

/// The elements of an array. Throws msgpack::type_error when `from` is not an array.
inline const msgpack::object_array& elements_of(const msgpack::object& from) {
  if (from.type != msgpack::type::ARRAY) {
    throw msgpack::type_error();
  }
  return from.via.array;
}
inline std::string_view text_or_bytes_of(const msgpack::object& from) {
  if (from.type == msgpack::type::STR) {
    return {from.via.str.ptr, from.via.str.size};
  }
  if (from.type != msgpack::type::BIN) {
    throw msgpack::type_error();
  }
  return {from.via.bin.ptr, from.via.bin.size};
}

template <typename T>
void read_bytes(std::string_view from, T& value) {
  if constexpr (is_byte_span<T>::value) {
    value = T(reinterpret_cast<typename T::pointer>(from.data()), from.size());
  } else {
    if constexpr (requires { value.resize(from.size()); }) {
      value.resize(from.size());
    }
    if (from.size() > value.size()) {
      throw msgpack::type_error();
    }
    if (!from.empty()) {
      std::memcpy(value.data(), from.data(), from.size());
    }
  }
}

template <typename T>
void read_list(const msgpack::object_array& from, T& value) {
  if constexpr (requires { typename T::key_type; }) {
    T read;
    for (std::uint32_t left = from.size; left > 0; --left) {
      typename T::value_type item;
      from.ptr[left - 1].convert(item);
      read.insert(std::move(item));
    }
    value = std::move(read);
  } else {
    if constexpr (requires { value.resize(from.size); }) {
      value.resize(from.size);
    } else if (from.size > value.size()) {
      throw msgpack::type_error();
    }
    auto place = value.begin();
    for (std::uint32_t index = 0; index < from.size; ++index) {
      const msgpack::object& element = from.ptr[index];
      if constexpr (std::is_same_v<decltype(*place), typename T::value_type&>) {
        element.convert(*place);
      } else {  // std::vector<bool>
        typename T::value_type item;
        element.convert(item);
        *place = item;
      }
      ++place;
    }
  }
}

template <typename T>
void read_map(const msgpack::object& from, T& value) {
  if (from.type != msgpack::type::MAP) {
    throw msgpack::type_error();
  }
  T read;
  for (std::uint32_t index = 0; index < from.via.map.size; ++index) {
    const msgpack::object_kv& member = from.via.map.ptr[index];
    typename T::key_type key;
    member.key.convert(key);
    if constexpr (requires { read[std::move(key)]; }) {
      member.val.convert(read[std::move(key)]);
    } else {
      typename T::mapped_type item;
      member.val.convert(item);
      read.emplace(std::move(key), std::move(item));
    }
  }
  value = std::move(read);
}

template <typename T>
void read_pointer(const msgpack::object& from, T& value) {
  if (from.is_nil()) {
    value.reset();
  } else if constexpr (requires { value.emplace(); }) {
    std::remove_const_t<typename T::value_type> item;
    from.convert(item);
    value = std::move(item);
  } else {
    T read(new typename T::element_type());
    from.convert(*read);
    value = std::move(read);
  }
}

/// Reads a value whose type has a Kind other than none. Throws msgpack::type_error when the value does not fit.
template <typename T>
void convert(const msgpack::object& from, T& value) {
  constexpr Kind kind = kind_of<T>();
  if constexpr (kind == Kind::text) {
    const std::string_view text = text_or_bytes_of(from);
    value = T(text.data(), text.size());
  } else if constexpr (kind == Kind::bytes) {
    read_bytes(text_or_bytes_of(from), value);
  } else if constexpr (kind == Kind::list) {
    read_list(elements_of(from), value);
  } else if constexpr (kind == Kind::map) {
    read_map(from, value);
  } else if constexpr (kind == Kind::tuple) {
    const msgpack::object_array& elements = elements_of(from);
    if constexpr (requires { value.second; }) {
      if (elements.size != 2) {
        throw msgpack::type_error();
      }
    }
    std::uint32_t index = 0;
    const auto read = [&elements, &index](auto& item) {
      if (index < elements.size) {
        elements.ptr[index++].convert(item);
      }
    };
    std::apply([&read](auto&... items) { (read(items), ...); }, value);
  } else if constexpr (kind == Kind::pointer) {
    read_pointer(from, value);
  } else {
    static_assert(kind == Kind::reference);
    from.convert(value.get());
  }
}

#ifdef MSGPACK_V1_TYPE_BOOST_FUSION_HPP  // msgpack-c has an adaptor for all of these
template <typename T>
inline constexpr bool is_fusion_sequence = boost::fusion::traits::is_sequence<T>::value;
#else
template <typename T>
inline constexpr bool is_fusion_sequence = false;
#endif

template <typename T>
concept HasPack = requires(const T& value, msgpack::packer<Buffer>& out) { value.msgpack_pack(out); };
template <typename T>
concept HasUnpack = requires(T& value, const msgpack::object& from) { value.msgpack_unpack(from); };

template <typename T>
concept Packed = kind_of<T>() != Kind::none && !is_fusion_sequence<T> && !HasPack<T>;
template <typename T>
concept Converted = kind_of<T>() != Kind::none && !is_fusion_sequence<T> && !HasUnpack<T> &&
                    (!is_byte_span<T>::value || std::is_same_v<T, std::span<const std::remove_cv_t<typename T::value_type>>>);

/// A class that needs MSGPACK_DEFINE or MSGPACK_DEFINE_MAP, or an enum, unless there is an adaptor for it.
template <typename T>
concept NeedsDefine = (std::is_class_v<T> && !is_template<T>::value && !is_fusion_sequence<T>) || std::is_enum_v<T>;

}  // namespace socketio::standard_types

// Adaptors for the first version of the API: those of an application take precedence, because they belong to the default
// version, which falls back to this one.
namespace msgpack {
MSGPACK_API_VERSION_NAMESPACE(v1) {
namespace adaptor {

template <typename T>
  requires ::socketio::standard_types::Packed<T>
struct pack<T, void> {
  template <typename Stream>
  msgpack::packer<Stream>& operator()(msgpack::packer<Stream>& out, const T& value) const {
    ::socketio::standard_types::pack(out, value);
    return out;
  }
};

template <typename T>
  requires ::socketio::standard_types::Converted<T>
struct convert<T, void> {
  const msgpack::object& operator()(const msgpack::object& from, T& value) const {
    ::socketio::standard_types::convert(from, value);
    return from;
  }
};

// One sentence instead of msgpack-c's own compile errors, for classes without an adaptor.
template <typename T>
  requires(::socketio::standard_types::NeedsDefine<T> && !::socketio::standard_types::Packed<T> &&
           !::socketio::standard_types::HasPack<T>)
struct pack<T, void> {
  template <typename Stream>
  msgpack::packer<Stream>& operator()(msgpack::packer<Stream>& out, const T&) const {
    static_assert(!std::is_enum_v<T>, "An enum cannot be packed: convert it to a number or a string.");
    static_assert(std::is_enum_v<T>, "This struct cannot be packed: give it MSGPACK_DEFINE_MAP(members...) or MSGPACK_DEFINE.");
    return out;
  }
};

template <typename T>
  requires(::socketio::standard_types::NeedsDefine<T> && !::socketio::standard_types::Converted<T> &&
           !::socketio::standard_types::HasUnpack<T>)
struct convert<T, void> {
  const msgpack::object& operator()(const msgpack::object& from, T&) const {
    static_assert(!std::is_enum_v<T>, "An enum cannot be read: take a number or a string, and convert it.");
    static_assert(std::is_enum_v<T>, "This struct cannot be read: give it MSGPACK_DEFINE_MAP(members...) or MSGPACK_DEFINE.");
    return from;
  }
};

}  // namespace adaptor
}  // MSGPACK_API_VERSION_NAMESPACE
}  // namespace msgpack
