#include "http_parser.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "http_text.hpp"

namespace socketio::server {
namespace {

/// Limits for sizes, extensions and trailers of chunks: a base, and more per byte of the body.
constexpr std::uint64_t framing_bytes_base = 16 * 1024;
constexpr std::uint64_t framing_bytes_per_byte = 16;

}  // namespace

// Called from C: they throw nothing but std::bad_alloc, which terminates the process.
struct RequestParser::Callbacks {
  static RequestParser& of(llhttp_t* parser) { return *static_cast<RequestParser*>(parser->data); }

  static int on_url(llhttp_t* parser, const char* at, std::size_t size) {
    of(parser).request_->url.append(at, size);
    return 0;
  }

  static int on_header_field(llhttp_t* parser, const char* at, std::size_t size) {
    RequestParser& self = of(parser);
    if (self.headers_ended_) {
      return 0;  // trailers are not kept
    }
    Headers& headers = self.request_->headers;
    if (headers.empty() || self.value_came_) {
      if (headers.size() == self.limit_) {
        self.over_limit_ = true;
        return HPE_USER;
      }
      headers.emplace_back();
      self.value_came_ = false;
    }
    append_lower(headers.back().first, {at, size});
    return 0;
  }

  static int on_header_value(llhttp_t* parser, const char* at, std::size_t size) {
    RequestParser& self = of(parser);
    if (!self.headers_ended_) {
      self.request_->headers.back().second.append(at, size);
      self.value_came_ = true;
    }
    return 0;
  }

  static int on_header_value_complete(llhttp_t* parser) {
    of(parser).value_came_ = true;  // also when it is empty
    return 0;
  }

  static int on_headers_complete(llhttp_t* parser) {
    RequestParser& self = of(parser);
    self.headers_ended_ = true;
    self.keep_alive_ = llhttp_should_keep_alive(parser) != 0;
    self.chunked_ = (parser->flags & F_CHUNKED) != 0;
    self.content_length_ = parser->content_length;
    return 0;
  }

  static int on_body(llhttp_t* parser, const char* at, std::size_t size) {
    RequestParser& self = of(parser);
    self.body_bytes_ += size;
    if (self.body_bytes_ > self.limit_) {
      self.over_limit_ = true;
      return HPE_USER;
    }
    if (self.body_ != nullptr) {
      self.body_->append(at, size);
    }
    return 0;
  }

  static int on_message_complete(llhttp_t* parser) {
    of(parser).complete_ = true;
    return HPE_PAUSED;  // what follows is another request
  }

  static const llhttp_settings_t* settings() {
    static const llhttp_settings_t made = [] {
      llhttp_settings_t fresh;
      llhttp_settings_init(&fresh);
      fresh.on_url = on_url;
      fresh.on_header_field = on_header_field;
      fresh.on_header_value = on_header_value;
      fresh.on_header_value_complete = on_header_value_complete;
      fresh.on_headers_complete = on_headers_complete;
      fresh.on_body = on_body;
      fresh.on_message_complete = on_message_complete;
      return fresh;
    }();
    return &made;
  }
};

void RequestParser::begin() noexcept {
  llhttp_init(&parser_, HTTP_REQUEST, Callbacks::settings());
  parser_.data = this;
  content_length_ = body_bytes_ = framing_bytes_ = 0;
  value_came_ = headers_ended_ = complete_ = over_limit_ = keep_alive_ = chunked_ = expects_continue_ = false;
}

RequestParser::Head RequestParser::parse_head(Bytes head, std::size_t headers_max, HttpRequest& request) {
  begin();
  request_ = &request;
  limit_ = headers_max;
  const std::string_view text = as_text(head);
  const llhttp_errno_t result = llhttp_execute(&parser_, text.data(), text.size());
  request_ = nullptr;
  if (over_limit_) {
    return Head::too_many_headers;
  }
  // HeadScanner and llhttp must see the end of the head at the same byte, otherwise it is malformed.
  const bool ended_here = result == HPE_OK ? !complete_
                                           : complete_ && (result == HPE_PAUSED || result == HPE_PAUSED_UPGRADE) &&
                                                 llhttp_get_error_pos(&parser_) == text.data() + text.size();
  return headers_ended_ && ended_here ? check(request) : Head::malformed;
}

RequestParser::Head RequestParser::check(HttpRequest& request) {
  std::size_t host_count = 0;
  std::size_t encoding_count = 0;
  bool connection_upgrades = false;
  bool to_websocket = false;
  bool encoding_known = true;
  for (auto& [name, value] : request.headers) {
    value.erase(value.find_last_not_of(" \t") + 1);
    if (name == "host") {
      ++host_count;
    } else if (name == "transfer-encoding") {
      ++encoding_count;
      encoding_known = equals_ignoring_case(value, "chunked");
    } else if (name == "connection") {
      connection_upgrades |= list_has(value, "upgrade");
    } else if (name == "upgrade") {
      to_websocket |= list_has(value, "websocket");
    } else if (name == "expect") {
      if (!equals_ignoring_case(value, "100-continue")) {
        return Head::unknown_expectation;
      }
      expects_continue_ = !http_1_0();
    }
  }
  if (host_count > 1 || (host_count == 0 && !http_1_0()) || encoding_count > 1 || !encoding_known ||
      (encoding_count != 0 && http_1_0()) || parser_.method == HTTP_CONNECT || parser_.method == HTTP_PRI) {
    return Head::malformed;
  }
  request.method = llhttp_method_name(static_cast<llhttp_method_t>(parser_.method));
  request.upgrade = connection_upgrades && to_websocket && !http_1_0() && parser_.method == HTTP_GET && complete_;
  split_target(request);
  return Head::good;
}

RequestParser::Body RequestParser::parse_body(Bytes bytes, std::size_t bytes_max, Buffer* body, std::size_t& used) {
  used = 0;
  if (complete_) {
    return Body::complete;
  }
  if (content_length_ > bytes_max && !chunked_) {
    return Body::too_large;
  }
  body_ = body;
  limit_ = bytes_max;
  const std::uint64_t body_bytes_before = body_bytes_;
  const std::string_view text = as_text(bytes);
  const llhttp_errno_t result = llhttp_execute(&parser_, text.data(), text.size());
  body_ = nullptr;
  if (over_limit_) {
    return Body::too_large;
  }
  if (complete_) {
    used = static_cast<std::size_t>(llhttp_get_error_pos(&parser_) - text.data());
    return Body::complete;
  }
  used = bytes.size();
  framing_bytes_ += bytes.size() - (body_bytes_ - body_bytes_before);
  const bool framed_well = framing_bytes_ <= framing_bytes_base + framing_bytes_per_byte * body_bytes_;
  return result == HPE_OK && framed_well ? Body::incomplete : Body::malformed;
}

}  // namespace socketio::server
