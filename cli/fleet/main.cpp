#include <string>
#include <vector>

#include "common/standard_descriptors.hpp"
#include "run.hpp"

int main(int argc, char** argv) {
  socketio::cli::fill_standard_descriptors();
  return socketio::cli::fleet::run(argc > 1 ? std::vector<std::string>(argv + 1, argv + argc) : std::vector<std::string>());
}
