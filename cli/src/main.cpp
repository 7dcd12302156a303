#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "run.hpp"

namespace {

/// A standard descriptor that is closed would be given to the next file or socket, and our output would go there. What stands
/// in its place fails as a closed one does: the first two take no reading and no writing.
void fill_standard_descriptors() {
  constexpr int modes[] = {O_WRONLY, O_RDONLY, O_WRONLY};
  for (int descriptor = 0; descriptor < 3; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) < 0) {
      [[maybe_unused]] const int opened = ::open("/dev/null", modes[descriptor]);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  fill_standard_descriptors();
  return socketio::cli::run(argc > 1 ? std::vector<std::string>(argv + 1, argv + argc) : std::vector<std::string>());
}
