#include "rejects.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "exit_status.hpp"
#include "text.hpp"

namespace socketio::cli {
namespace {

constexpr std::size_t rejects_piece = std::size_t{64} * 1024;

}  // namespace

Rejects::Rejects(const std::string& path, int input_descriptor) : path_(path) {
  struct stat about {};
  struct stat input {};
  const bool exists = ::stat(path.c_str(), &about) == 0;
  if (exists && ::fstat(input_descriptor, &input) == 0 && about.st_dev == input.st_dev && about.st_ino == input.st_ino) {
    fail_usage("--rejects " + text::excerpt(path, 200) + " is the input. Name another file.");
  }
  descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) {
    fail_usage("Cannot write --rejects " + text::excerpt(path, 200) + ": " + text::system_error(errno) + ".");
  }
}

Rejects::~Rejects() { ::close(descriptor_); }

void Rejects::end(std::uint64_t number, bool rejected) {
  const auto found = under_way_.find(number);
  if (found != under_way_.end()) {
    if (rejected) {
      add(found->second);
    }
    under_way_.erase(found);
  }
}

void Rejects::add(std::string_view line) {
  pending_ += line;
  pending_ += '\n';
  if (pending_.size() >= rejects_piece) {
    flush();
  }
}

std::string Rejects::flush() {
  std::string_view rest = pending_;
  while (error_ == 0 && !rest.empty()) {
    const ssize_t count = ::write(descriptor_, rest.data(), rest.size());
    if (count > 0) {
      rest.remove_prefix(static_cast<std::size_t>(count));
    } else if (count == 0 || errno != EINTR) {
      error_ = count == 0 ? ENOSPC : errno;
    }
  }
  pending_.clear();
  return error_ == 0 ? "" : "--rejects " + text::excerpt(path_, 200) + " is not whole: " + text::system_error(error_) + ".";
}

}  // namespace socketio::cli
