#include <socketio/net/proxy_header.hpp>

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace socketio::net {
namespace {

constexpr std::string_view signature_1 = "PROXY ";
constexpr std::string_view signature_2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t line_bytes_max = 107;
constexpr std::size_t fixed_bytes = 16;  // of version 2

ProxyHeader malformed() noexcept {
  ProxyHeader header;
  header.status = ProxyHeader::Status::malformed;
  return header;
}

/// Takes text up to the next space; all that is left when there is none.
std::string_view take_word(std::string_view& line) noexcept {
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(word.size() + 1, line.size()));
  return word;
}

bool is_port(std::string_view word) noexcept {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), port);
  return error == std::errc() && end == word.data() + word.size() && (word.size() == 1 || word.front() != '0');
}

bool read_address(std::string_view word, bool ipv6, std::uint8_t* address) noexcept {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (word.size() >= text.size() || word.find('\0') != std::string_view::npos) {
    return false;
  }
  std::copy(word.begin(), word.end(), text.begin());
  return inet_pton(ipv6 ? AF_INET6 : AF_INET, text.data(), address) == 1;
}

ProxyHeader read_1(std::string_view text) noexcept {
  const std::string_view window = text.substr(0, line_bytes_max);
  const std::size_t end = window.find("\r\n");
  if (end == std::string_view::npos) {
    return text.size() < line_bytes_max ? ProxyHeader() : malformed();
  }
  ProxyHeader header;
  header.status = ProxyHeader::Status::complete;
  header.size = end + 2;
  std::string_view line = window.substr(signature_1.size(), end - signature_1.size());
  const std::string_view family = take_word(line);
  if (family == "UNKNOWN") {
    return header;  // what follows is to be ignored
  }
  header.ipv6 = family == "TCP6";
  header.has_address = true;
  std::array<std::uint8_t, 16> receiver{};
  const bool good = (header.ipv6 || family == "TCP4") && read_address(take_word(line), header.ipv6, header.address.data()) &&
                    read_address(take_word(line), header.ipv6, receiver.data()) && is_port(take_word(line)) && is_port(line);
  return good ? header : malformed();
}

ProxyHeader read_2(Bytes bytes) noexcept {
  if (bytes.size() < fixed_bytes) {
    return {};
  }
  const std::size_t size = static_cast<std::size_t>(bytes[14]) << 8 | bytes[15];
  const std::uint8_t command = bytes[12];
  const std::uint8_t family = bytes[13];
  constexpr std::uint8_t local = 0x20;
  constexpr std::uint8_t proxied = 0x21;
  constexpr std::uint8_t tcp4 = 0x11;
  constexpr std::uint8_t tcp6 = 0x21;
  if ((command != local && command != proxied) || size > ProxyHeader::bytes_max - fixed_bytes) {
    return malformed();
  }
  if (bytes.size() - fixed_bytes < size) {
    return {};
  }
  ProxyHeader header;
  header.status = ProxyHeader::Status::complete;
  header.size = fixed_bytes + size;
  if (command == local || (family != tcp4 && family != tcp6)) {
    return header;  // no family, or one without IP addresses: the connection keeps its own
  }
  header.ipv6 = family == tcp6;
  header.has_address = true;
  if (size < (header.ipv6 ? 36U : 12U)) {
    return malformed();
  }
  std::copy_n(bytes.begin() + fixed_bytes, header.ipv6 ? 16 : 4, header.address.begin());
  return header;
}

bool may_begin(std::string_view text, std::string_view signature) noexcept {
  return text.substr(0, signature.size()) == signature.substr(0, text.size());
}

}  // namespace

ProxyHeader ProxyHeader::read(Bytes bytes) noexcept {
  const std::string_view text = as_text(bytes);
  if (may_begin(text, signature_2)) {
    return text.size() < signature_2.size() ? ProxyHeader() : read_2(bytes);
  }
  if (may_begin(text, signature_1)) {
    return text.size() < signature_1.size() ? ProxyHeader() : read_1(text);
  }
  return malformed();
}

}  // namespace socketio::net
