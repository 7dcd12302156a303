#pragma once

#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace support {

/// A certificate authority, and certificates that it has signed, made by the openssl command in a folder that the destructor
/// removes. Throws std::runtime_error when that fails.
///
///   server     for this machine          client   for a client
///   elsewhere  for another host          expired  for this machine, until yesterday
class Authority {
 public:
  Authority() {
    std::string name = std::filesystem::temp_directory_path() / "socketio-ca-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) {
      throw std::runtime_error("no temporary folder");
    }
    folder_ = name;
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority -keyout ca.key -out "
        "ca.pem");
    sign("server", "DNS:localhost,IP:127.0.0.1", "2");
    sign("elsewhere", "DNS:elsewhere.example", "2");
    sign("client", "DNS:client", "2");
    sign("expired", "DNS:localhost,IP:127.0.0.1", "-1", "-not_before 20200101000000Z -not_after 20200102000000Z");
  }
  ~Authority() { std::filesystem::remove_all(folder_); }
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  /// Path of a file: "server.pem", "server.key", ..., "ca.pem".
  [[nodiscard]] std::string file(const std::string& name) const { return folder_ + "/" + name; }

 private:
  void run(const std::string& command) const {
    const std::string all = "cd " + folder_ + " && " + command + " 2>/dev/null";
    if (std::system(all.c_str()) != 0) {
      throw std::runtime_error("openssl does not make a certificate");
    }
  }
  /// `or_else`  options that newer versions of openssl need instead of `days`.
  void sign(const std::string& name, const std::string& names, const std::string& days, const std::string& or_else = {}) const {
    run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=" + name + " -keyout " + name + ".key -out " +
        name + ".csr");
    run("printf 'subjectAltName=" + names + "\\n' > " + name + ".ext");
    const std::string sign = "openssl x509 -req -in " + name + ".csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile " + name +
                             ".ext -out " + name + ".pem ";
    run(sign + "-days " + days + (or_else.empty() ? "" : " 2>/dev/null || " + sign + or_else));
  }

  std::string folder_;
};

/// One for all tests of a program: making it takes a while.
inline const Authority& authority() {
  static const Authority made;
  return made;
}

}  // namespace support
