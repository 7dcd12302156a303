#include <socketio/server/static_files.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>

#include <socketio/common/hex.hpp>

#include "content_encoding.hpp"
#include "http_text.hpp"

namespace socketio::server {
namespace {

struct FileType {
  std::string_view ending;
  std::string_view name;
};
constexpr std::array<FileType, 20> types{{
    {".html", "text/html; charset=utf-8"},
    {".js", "application/javascript; charset=utf-8"},
    {".mjs", "application/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json; charset=utf-8"},
    {".map", "application/json; charset=utf-8"},
    {".txt", "text/plain; charset=utf-8"},
    {".md", "text/markdown; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".gif", "image/gif"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".woff", "font/woff"},
    {".wasm", "application/wasm"},
    {".xml", "application/xml"},
    {".webmanifest", "application/manifest+json"},
}};

std::string resolve(const std::string& name) {
  const std::unique_ptr<char, decltype(&std::free)> path(realpath(name.c_str(), nullptr), &std::free);
  return path ? path.get() : "";
}

bool is_folder(const std::string& name) {
  struct stat status {};
  return stat(name.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool is_text(std::string_view type) {
  return type.starts_with("text/") || type.starts_with("application/json") || type.starts_with("application/javascript") ||
         type.starts_with("application/xml") || type.starts_with("application/manifest") || type.starts_with("image/svg");
}

bool matches(std::string_view if_none_match, std::string_view etag) {
  return if_none_match == "*" || list_has(if_none_match, etag) || list_has(if_none_match, "W/" + std::string(etag));
}

}  // namespace

std::string decode_path(std::string_view path) {
  std::string name;
  for (std::size_t index = 0; index < path.size(); ++index) {
    char letter = path[index];
    if (letter == '%') {
      const int byte = hex::byte(path.substr(index + 1));
      if (byte < 0) {
        return {};
      }
      letter = static_cast<char>(byte);
      index += 2;
    }
    if (letter == '\0' || letter == '\\') {
      return {};
    }
    // Checked after decoding, so that "%2e%2e" and "..%2f" are recognized.
    if (!name.empty() && name.back() == '/' && (letter == '/' || letter == '.')) {
      return {};
    }
    name.push_back(letter);
  }
  return name.starts_with('/') ? name : "";
}

std::string_view content_type_of(std::string_view name) noexcept {
  for (const FileType& type : types) {
    if (name.size() > type.ending.size() && equals_ignoring_case(name.substr(name.size() - type.ending.size()), type.ending)) {
      return type.name;
    }
  }
  return "application/octet-stream";
}

StaticFiles::StaticFiles(const std::string& folder) : root_(folder.empty() ? "" : resolve(folder)) {
  if (root_ == "/") {
    root_.clear();  // the whole file system is never meant
  }
}

bool StaticFiles::serve(HttpExchange& exchange, std::string_view path, Headers headers) {
  std::string name = root_.empty() ? "" : decode_path(path);
  if (name.empty()) {
    return false;
  }
  if (name.ends_with('/')) {
    name += "index.html";
  }
  // Links are resolved first, and their target is checked.
  const std::string resolved = resolve(root_ + name);
  if (!resolved.starts_with(root_ + "/")) {
    return false;
  }
  if (is_folder(resolved)) {
    if (access((resolved + "/index.html").c_str(), R_OK) != 0) {
      return false;
    }
    const std::string last(path.substr(path.rfind('/') + 1));
    exchange.respond(301, {{"Location", "./" + last + "/"}}, {});
    return true;
  }
  File* const file = read(resolved);
  if (file == nullptr) {
    return false;
  }
  const HttpRequest& request = exchange.request();
  if (request.method != "GET" && request.method != "HEAD") {
    exchange.respond(405, {{"Allow", "GET, HEAD"}}, {});
    return true;
  }
  const std::string_view type = content_type_of(resolved);
  std::string etag = file->etag;
  auto content = file->content;
  if (is_text(type)) {
    headers.emplace_back("Vary", "Accept-Encoding");
    const auto encoding = content_encoding::choose(request.header("accept-encoding"));
    if (auto packed = this->packed(*file, encoding)) {
      content = std::move(packed);
      etag.insert(etag.size() - 1, "-" + std::string(content_encoding::name_of(encoding)));
      headers.emplace_back("Content-Encoding", content_encoding::name_of(encoding));
    }
  }
  headers.emplace_back("ETag", etag);
  headers.emplace_back("Cache-Control", "no-cache");
  if (matches(request.header("if-none-match"), etag)) {
    std::erase_if(headers, [](const auto& header) { return header.first == "Content-Encoding"; });
    exchange.respond(304, headers, {});
    return true;
  }
  headers.emplace_back("Content-Type", type);
  headers.emplace_back("X-Content-Type-Options", "nosniff");
  exchange.respond_shared(200, headers, std::move(content));
  return true;
}

std::shared_ptr<const std::string> StaticFiles::packed(File& file, content_encoding::Encoding encoding) {
  using content_encoding::Encoding;
  constexpr std::size_t packed_bytes_min = 1'024;
  constexpr std::size_t packed_bytes_max = 4 << 20;  // larger ones would block the loop for long
  if (encoding == Encoding::identity || file.size < packed_bytes_min || file.size > packed_bytes_max) {
    return nullptr;
  }
  auto& kept = file.packed[encoding == Encoding::gzip ? 1 : 0];
  if (kept == nullptr) {
    Buffer out;
    const bool shorter = content_encoding::encode(out, as_bytes(*file.content), encoding) && out.size() < file.size;
    kept = shorter ? std::make_shared<const std::string>(out.text()) : file.content;
    cache_bytes_ += shorter ? kept->size() : 0;
  }
  return kept != file.content ? kept : nullptr;
}

/// Returns the file in its current state; null when there is none that can be served.
StaticFiles::File* StaticFiles::read(const std::string& name) {
  // A pipe or a device would block the loop: it is opened without waiting, and never read.
  const int descriptor = open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor < 0) {
    return nullptr;
  }
  File* const file = refresh(name, descriptor);
  close(descriptor);
  return file;
}

StaticFiles::File* StaticFiles::refresh(const std::string& name, int descriptor) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size < 0 ||
      static_cast<std::size_t>(status.st_size) > file_bytes_max) {
    return nullptr;
  }
  const std::int64_t modified_ns = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  const auto size = static_cast<std::size_t>(status.st_size);
  auto found = cache_.find(name);
  if (found != cache_.end() && found->second.modified_ns == modified_ns && found->second.size == size &&
      found->second.inode == status.st_ino) {
    return &found->second;
  }
  if (found != cache_.end()) {
    cache_bytes_ -= found->second.cached_bytes();
    cache_.erase(found);
  }
  if (size > cache_bytes_max - std::min(cache_bytes_, cache_bytes_max)) {
    cache_.clear();  // the cache is not for a folder that large
    cache_bytes_ = 0;
  }
  const auto content = std::make_shared<std::string>(size, '\0');
  File file{modified_ns, size, status.st_ino, {}, content, {}};
  for (std::size_t done = 0; done < size;) {
    const ssize_t count = ::read(descriptor, content->data() + done, size - done);
    if (count <= 0 && !(count < 0 && errno == EINTR)) {
      return nullptr;  // the file is being truncated
    }
    done += count > 0 ? static_cast<std::size_t>(count) : 0;
  }
  file.etag = '"' + std::to_string(size) + '-' + std::to_string(modified_ns) + '-' + std::to_string(status.st_ino) + '"';
  cache_bytes_ += size;
  return &cache_.emplace(name, std::move(file)).first->second;
}

}  // namespace socketio::server
