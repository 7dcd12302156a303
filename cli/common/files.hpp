#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>
#include <utility>

namespace socketio::cli {

/// An open file, which is closed by the destructor unless it is a standard stream. Negative: none.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();
  /// Gives up the file without closing it.
  int release() noexcept { return std::exchange(number_, -1); }
  [[nodiscard]] int number() const noexcept { return number_; }

 private:
  int number_;
};

/// Opens /dev/null for each standard descriptor that is closed: otherwise the next file or socket would get its number, and our
/// output. The replacements fail as closed descriptors do: standard input cannot be read, standard output cannot be written.
void fill_standard_descriptors();

/// Opens a file for reading, or standard input for "-".
Descriptor open_input(const std::string& path);

/// Writes all of `text`, and removes from it what was written. Returns 0, or an errno.
int write_all(int descriptor, std::string_view& text);

/// Locks an open file until its descriptor is closed. False if another process has locked it; on a file system without locks
/// it returns true.
bool lock_file(int descriptor) noexcept;

/// True if two names or descriptors lead to one file.
inline bool is_same_file(const struct stat& one, const struct stat& other) noexcept {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/// The path with symbolic links resolved; unchanged when that is impossible.
std::string real_path(const std::string& path);

}  // namespace socketio::cli
