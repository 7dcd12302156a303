#pragma once

// For the server's own layers; not installed.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <socketio/common/bytes.hpp>
#include <socketio/server/http.hpp>

namespace socketio::server {

namespace content_encoding {
enum class Encoding : std::uint8_t;
}

/// Serves the files of a folder: pages and the browser bundle, not a web server. Files are read at their first request, kept in
/// memory, and read again when they have changed.
///
/// Nothing outside the folder is served: not by "..", in any encoding, nor through links that lead out of it. Names that begin
/// with a dot are not served either.
class StaticFiles {
 public:
  static constexpr std::size_t file_bytes_max = 16 << 20;
  static constexpr std::size_t cache_bytes_max = 64 << 20;

  /// `folder`  "": there are no files.
  explicit StaticFiles(const std::string& folder);
  StaticFiles(const StaticFiles&) = delete;
  StaticFiles& operator=(const StaticFiles&) = delete;

  /// Responds when `path` (of a URL, encoded, beginning with "/") names a file, or a folder with index.html. Methods other than
  /// GET and HEAD get 405, unchanged files 304, a folder without its last slash 301. False, without a response, when there is
  /// no such file.
  ///
  /// Cost  a few system calls, and the disk when the file is new.
  /// Text is compressed once for all clients that accept compression.
  /// `headers`  of the response, beside those about the file.
  bool serve(HttpExchange& exchange, std::string_view path, Headers headers = {});

 private:
  struct File {
    std::int64_t modified_ns = 0;
    std::size_t size = 0;
    std::uint64_t inode = 0;
    std::string etag;
    std::shared_ptr<const std::string> content;
    std::array<std::shared_ptr<const std::string>, 2> packed;  ///< deflate, gzip; made at the first request for it

    [[nodiscard]] std::size_t cached_bytes() const noexcept {
      std::size_t sum = size;
      for (const auto& form : packed) {
        sum += form != nullptr && form != content ? form->size() : 0;
      }
      return sum;
    }
  };

  File* read(const std::string& name);
  /// Null when the content is not compressed, or would not become shorter.
  std::shared_ptr<const std::string> packed(File& file, content_encoding::Encoding encoding);
  File* refresh(const std::string& name, int descriptor);

  std::string root_;  ///< without links, no slash at its end
  std::map<std::string, File> cache_;
  std::size_t cache_bytes_ = 0;
};

/// Decodes the path of a URL to a name below a folder: "/a%20b/c" becomes "/a b/c". Empty when it could lead elsewhere or is
/// not well formed: "." and "..", names that begin with a dot, empty names, backslashes, NUL, broken escapes.
[[nodiscard]] std::string decode_path(std::string_view path);
/// Content type by the name's extension; "application/octet-stream" when it is unknown.
[[nodiscard]] std::string_view content_type_of(std::string_view name) noexcept;

}  // namespace socketio::server
