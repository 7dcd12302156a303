#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <functional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <socketio/protocol/value.hpp>
#include <socketio/server/ack.hpp>

// Makes event handlers of functions with typed parameters.
//
//   [](int a, const std::string& b, socketio::Ack ack)     two arguments, and the ack to send
//   [](std::optional<int> page)                            an argument that may be missing
//   [](socketio::Arguments all, socketio::Ack ack)         all arguments, of any type
//
// A parameter of type Arguments or Ack consumes no argument. A handler returns nothing.
//
// Parameters that borrow (std::string_view, Binary, Value, Arguments) are valid during the call. More arguments than parameters
// are ignored, as in JavaScript. When an argument is missing, or does not fit the type of its parameter, the function is not
// called.
namespace socketio {

/// The first argument of an event that is missing, or does not fit its parameter.
struct Misfit {
  std::size_t index = 0;           ///< from 0; arguments.size() or above: missing
  std::string_view expected = {};  ///< the type of the parameter in words: "a string"
};

/// Arguments and ack of an event, for a handler.
struct EventCall {
  Arguments arguments;
  Ack ack;
  Misfit* misfit = nullptr;  ///< set by a handler that returns false, unless it is null
};

/// Handler of an event. Returns false when the arguments do not fit its function, which is not called then.
using EventHandler = std::function<bool(const EventCall&)>;

namespace handler {

template <typename F>
struct signature : signature<decltype(&F::operator())> {};
template <typename R, typename... Params>
struct signature<R (*)(Params...)> {
  using result = R;
  using values = std::tuple<std::remove_cvref_t<Params>...>;
  static constexpr bool has_references =
      ((std::is_lvalue_reference_v<Params> && !std::is_const_v<std::remove_reference_t<Params>>) || ...);
  static constexpr bool has_pointers = (std::is_pointer_v<std::remove_cvref_t<Params>> || ...);
  static constexpr bool has_functions = (arguments::is_callable<std::remove_cvref_t<Params>> || ...);
  static constexpr bool can_begin_empty = (std::is_default_constructible_v<std::remove_cvref_t<Params>> && ...);
};
template <typename R, typename... Params>
struct signature<R (*)(Params...) noexcept> : signature<R (*)(Params...)> {};
template <typename C, typename R, typename... Params>
struct signature<R (C::*)(Params...)> : signature<R (*)(Params...)> {};
template <typename C, typename R, typename... Params>
struct signature<R (C::*)(Params...) const> : signature<R (*)(Params...)> {};
template <typename C, typename R, typename... Params>
struct signature<R (C::*)(Params...) noexcept> : signature<R (*)(Params...)> {};
template <typename C, typename R, typename... Params>
struct signature<R (C::*)(Params...) const noexcept> : signature<R (*)(Params...)> {};

/// True for a function, or a function object whose call is neither a template nor overloaded.
template <typename F>
inline constexpr bool has_typed_parameters = arguments::is_callable<F>;

template <typename T>
inline constexpr bool is_bytes =
    std::is_same_v<T, Binary> || std::is_same_v<T, std::vector<unsigned char>> || std::is_same_v<T, std::vector<char>>;

/// Describes the arguments that fit a parameter of type T.
template <typename T>
constexpr std::string_view words_for() {
  if constexpr (value::is_optional<T>::value) {
    return words_for<typename T::value_type>();
  } else if constexpr (std::is_same_v<T, bool>) {
    return "a boolean";
  } else if constexpr (std::is_integral_v<T>) {
    constexpr std::array<std::string_view, 8> words{
        "an integer from -128 to 127", "an integer from 0 to 255",        "an integer of 16 bits", "an integer from 0 to 65535",
        "an integer of 32 bits",       "an integer from 0 to 4294967295", "an integer of 64 bits", "an integer from 0 on"};
    return words[std::bit_width(sizeof(T)) * 2 - (std::is_signed_v<T> ? 2 : 1)];
  } else if constexpr (std::is_floating_point_v<T>) {
    return "a number";
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return "a string";
  } else if constexpr (is_bytes<T>) {
    return "binary";
  } else if constexpr (requires { typename T::mapped_type; }) {
    return "an object with fitting members";
  } else if constexpr (requires(const T& list) { list.begin(); }) {
    return "an array with fitting elements";
  } else {
    return "a value that fits the type of its parameter";
  }
}

/// Fills one parameter, and moves on to the next argument, the one at `index`.
template <typename T>
bool fill(const EventCall& call, Arguments::Iterator& next, std::size_t& index, T& parameter) {
  if constexpr (std::is_same_v<T, Ack>) {
    parameter = call.ack;
    return true;
  } else if constexpr (std::is_same_v<T, Arguments>) {
    parameter = call.arguments;
    return true;
  } else {
    bool fits = value::is_optional<T>::value || std::is_same_v<T, Value>;
    if (next != call.arguments.end()) {
      const Value argument = *next;
      ++next;
      fits = value::convert(argument.packed(), parameter);
    }
    if (!fits && call.misfit != nullptr) {
      *call.misfit = {index, words_for<T>()};
    }
    ++index;
    return fits;
  }
}

}  // namespace handler

/// Makes a handler of a function object or a function whose parameters have fixed types.
template <typename Function>
EventHandler make_handler(Function function) {
  if constexpr (std::is_same_v<Function, EventHandler>) {
    return function;
  } else if constexpr (!handler::has_typed_parameters<Function>) {
    static_assert(handler::has_typed_parameters<Function>,
                  "Give each parameter of the handler a type: [](int a, const std::string& b), not [](auto a, auto b).");
    return {};
  } else if constexpr (handler::signature<Function>::has_references) {
    static_assert(!handler::signature<Function>::has_references,
                  "Take each parameter of the handler by value or as a const reference: const std::string&, not std::string&.");
    return {};
  } else if constexpr (handler::signature<Function>::has_functions) {
    static_assert(!handler::signature<Function>::has_functions,
                  "The function that answers an event is a parameter of type socketio::Ack.");
    return {};
  } else if constexpr (!handler::signature<Function>::can_begin_empty) {
    static_assert(
        handler::signature<Function>::can_begin_empty,
        "The parameters of a handler are the event's arguments, of types with a default constructor. Capture the socket.");
    return {};
  } else if constexpr (handler::signature<Function>::has_pointers) {
    static_assert(!handler::signature<Function>::has_pointers,
                  "A handler has no pointers as parameters: take text as const std::string& or std::string_view.");
    return {};
  } else {
    static_assert(std::is_void_v<typename handler::signature<Function>::result>,
                  "A handler returns nothing: answer with a parameter of type socketio::Ack.");
    return [function = std::move(function)](const EventCall& call) mutable {
      typename handler::signature<Function>::values parameters;
      Arguments::Iterator next = call.arguments.begin();
      std::size_t index = 0;
      const bool fits =
          std::apply([&](auto&... parameter) { return (handler::fill(call, next, index, parameter) && ...); }, parameters);
      if (fits) {
        std::apply(function, std::move(parameters));
      }
      return fits;
    };
  }
}

}  // namespace socketio
