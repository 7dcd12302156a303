#include <string>
#include <vector>

#include "run.hpp"
#include "common/standard_descriptors.hpp"

int main(int argc, char** argv) {
  socketio::cli::fill_standard_descriptors();
  return socketio::cli::run(argc > 1 ? std::vector<std::string>(argv + 1, argv + argc) : std::vector<std::string>());
}
