#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// The inputs of one fuzz target, as a text file: tests/fuzz/corpus/<target>.seeds.
//
//   name bytes      one input a line; printable ASCII as it is, a backslash as \\, any other byte as \x and two digits
//   name            an empty input
//
// A space that ends a line is \x20, so that no editor takes it away. README.md says how to add an input.
namespace fuzz_seeds {

using Input = std::vector<std::uint8_t>;

struct Seed {
  std::string name;
  Input input;
};

/// The line of a seed, without the end of line. `name` has no space.
inline std::string to_line(std::string_view name, const Input& input) {
  constexpr char digits[] = "0123456789abcdef";
  std::string line(name);
  line += input.empty() ? "" : " ";
  for (std::size_t at = 0; at < input.size(); ++at) {
    const std::uint8_t byte = input[at];
    const bool as_it_is = byte > ' ' && byte <= '~';
    if (byte == '\\') {
      line += "\\\\";
    } else if (as_it_is || (byte == ' ' && at + 1 < input.size())) {
      line += static_cast<char>(byte);
    } else {
      line += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return line;
}

inline std::uint8_t digit(std::string_view text, std::size_t at) {
  constexpr std::string_view digits = "0123456789abcdef";
  const std::size_t value = at < text.size() ? digits.find(text[at]) : std::string_view::npos;
  if (value == std::string_view::npos) {
    throw std::runtime_error("two digits of 0 to 9 and a to f belong behind \\x");
  }
  return static_cast<std::uint8_t>(value);
}

/// Fails     std::runtime_error when it is not exactly what to_line() makes of the seed.
inline Seed from_line(std::string_view line) {
  const std::size_t space = line.find(' ');
  Seed seed{std::string(line.substr(0, space)), {}};
  const std::string_view text = space == std::string_view::npos ? "" : line.substr(space + 1);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      seed.input.push_back(static_cast<std::uint8_t>(text[at]));
    } else if (at + 1 < text.size() && text[at + 1] == 'x') {
      seed.input.push_back(static_cast<std::uint8_t>(digit(text, at + 2) << 4 | digit(text, at + 3)));
      at += 3;
    } else {
      seed.input.push_back('\\');
      ++at;
    }
  }
  if (seed.name.empty() || to_line(seed.name, seed.input) != line) {
    throw std::runtime_error("not as --line writes it: " + std::string(line));
  }
  return seed;
}

inline std::vector<Seed> read(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::vector<Seed> seeds;
  for (std::string line; std::getline(stream, line);) {
    seeds.push_back(from_line(line));
  }
  if (seeds.empty()) {
    throw std::runtime_error(path.string() + ": no inputs there");
  }
  return seeds;
}

}  // namespace fuzz_seeds
