#include "standard_descriptors.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace socketio::cli {

void fill_standard_descriptors() {
  constexpr int modes[] = {O_WRONLY, O_RDONLY, O_WRONLY};
  for (int descriptor = 0; descriptor < 3; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) < 0) {
      [[maybe_unused]] const int opened = ::open("/dev/null", modes[descriptor]);
    }
  }
}

}  // namespace socketio::cli
