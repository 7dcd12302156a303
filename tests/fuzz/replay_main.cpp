#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "seeds.hpp"

// Runs a fuzz target without libFuzzer: every input of a file of seeds, and then a fixed number of mutations of them, the same
// ones every time.
//
//   fuzz_<name> corpus/<name>.seeds [MUTATIONS]         all of it, 20000 mutations
//   fuzz_<name> FILE                                    one input, such as the one that a failure left behind
//   fuzz_<name> --line NAME FILE                        prints the line that adds this input to the seeds
//   fuzz_<name> --unpack corpus/<name>.seeds FOLDER     a file for each input, as libFuzzer wants them

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using fuzz_seeds::Input;

constexpr std::size_t mutation_count_default = 20'000;
constexpr std::size_t input_bytes_max = 4096;  // of a mutation: they should stay quick
constexpr const char* failure_file = "fuzz-failure.bin";

Input current;

/// A failed property ends in abort(). What the target was given is kept for a closer look.
extern "C" void keep_current_input(int) {
  if (std::FILE* const file = std::fopen(failure_file, "wb")) {
    std::fwrite(current.data(), 1, current.size(), file);
    std::fclose(file);
    std::fprintf(stderr, "the input is in %s\n", failure_file);
  }
  std::signal(SIGABRT, SIG_DFL);
  std::abort();
}

void run(const Input& input) {
  // Exactly as large as the input, so that a sanitizer sees a read beyond it.
  current = Input(input.begin(), input.end());
  current.shrink_to_fit();
  static const std::uint8_t nothing = 0;
  LLVMFuzzerTestOneInput(current.empty() ? &nothing : current.data(), current.size());
}

Input read_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    throw std::runtime_error(path.string() + ": cannot be read");
  }
  return Input(std::istreambuf_iterator<char>(stream), {});
}

class Mutator {
 public:
  explicit Mutator(const std::vector<Input>& corpus) : corpus_(corpus) {}

  Input next() {
    Input input = any_of(corpus_);
    for (std::size_t i = 1 + below(4); i > 0; --i) {
      change(input);
    }
    input.resize(std::min(input.size(), input_bytes_max));
    return input;
  }

 private:
  /// The same on every standard library, unlike its distributions.
  std::size_t below(std::size_t end) { return end == 0 ? 0 : static_cast<std::size_t>(random_() % end); }

  const Input& any_of(const std::vector<Input>& inputs) { return inputs[below(inputs.size())]; }

  static Input::iterator at(Input& input, std::size_t position) {
    return input.begin() + static_cast<std::ptrdiff_t>(position);
  }

  /// A part of `input`, mostly a short one.
  Input part_of(const Input& input) {
    const std::size_t from = below(input.size() + 1);
    const std::size_t size = below(std::min<std::size_t>(input.size() - from, below(8) == 0 ? 256 : 8) + 1);
    const auto begin = input.begin() + static_cast<std::ptrdiff_t>(from);
    return Input(begin, begin + static_cast<std::ptrdiff_t>(size));
  }

  std::uint8_t any_byte() {
    constexpr std::uint8_t interesting[] = {0x00, 0x01, 0x7f, 0x80, 0x8f, 0x90, 0xa0, 0xc0, 0xc1, 0xc4,
                                            0xc7, 0xca, 0xcf, 0xd3, 0xd4, 0xd9, 0xdc, 0xde, 0xdf, 0xff,
                                            '"',  '\\', '{',  '}',  '[',  ']',  ',',  ':',  '0',  '-'};
    return below(2) == 0 ? interesting[below(sizeof interesting)] : static_cast<std::uint8_t>(random_());
  }

  void change(Input& input) {
    const std::size_t position = below(input.size());
    switch (below(6)) {
      case 0:
        if (!input.empty()) {
          input[position] = static_cast<std::uint8_t>(input[position] ^ (1U << below(8)));
        }
        break;
      case 1:
        if (!input.empty()) {
          input[position] = any_byte();
        }
        break;
      case 2: input.insert(at(input, position), any_byte()); break;
      case 3: insert(input, position, part_of(any_of(corpus_))); break;
      case 4: insert(input, position, part_of(input)); break;
      default:
        input.erase(at(input, position), at(input, position + below(std::min<std::size_t>(input.size() - position, 8) + 1)));
    }
  }

  void insert(Input& input, std::size_t position, const Input& part) {
    input.insert(at(input, position), part.begin(), part.end());
  }

  const std::vector<Input>& corpus_;
  std::mt19937_64 random_{20230914};
};

int replay(const std::filesystem::path& path, std::size_t mutation_count) {
  if (path.extension() != ".seeds") {
    run(read_file(path));
    std::printf("1 input, no mutations\n");
    return 0;
  }
  std::vector<Input> corpus;
  for (fuzz_seeds::Seed& seed : fuzz_seeds::read(path)) {
    corpus.push_back(std::move(seed.input));
  }
  for (const Input& input : corpus) {
    run(input);
  }
  Mutator mutator(corpus);
  for (std::size_t i = 0; i < mutation_count; ++i) {
    run(mutator.next());
  }
  std::printf("%zu inputs, %zu mutations\n", corpus.size(), mutation_count);
  return 0;
}

int unpack(const std::filesystem::path& path, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  for (const fuzz_seeds::Seed& seed : fuzz_seeds::read(path)) {
    std::ofstream file(folder / seed.name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(seed.input.data()), static_cast<std::streamsize>(seed.input.size()));
  }
  return 0;
}

int carry_out(const std::vector<std::string>& words) {
  if (words.size() == 3 && words[0] == "--line") {
    std::printf("%s\n", fuzz_seeds::to_line(words[1], read_file(words[2])).c_str());
    return 0;
  }
  if (words.size() == 3 && words[0] == "--unpack") {
    return unpack(words[1], words[2]);
  }
  return replay(words[0], words.size() > 1 ? std::strtoull(words[1].c_str(), nullptr, 10) : mutation_count_default);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::fprintf(stderr, "usage: %s SEEDS [MUTATIONS] | FILE | --line NAME FILE | --unpack SEEDS FOLDER\n", arguments[0]);
    return 2;
  }
  std::signal(SIGABRT, keep_current_input);
  try {
    return carry_out({arguments + 1, arguments + count});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
