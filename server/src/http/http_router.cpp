#include "http_router.hpp"

#include <algorithm>
#include <utility>

#include <socketio/common/milliseconds.hpp>

namespace socketio::server {
namespace {

void respond_text(HttpExchange& exchange, int status, std::string_view text, Headers headers = {}) {
  headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
  exchange.respond(status, headers, as_bytes(text));
}

bool accepts(const Route& route, const HttpRequest& request) {
  return route.method == request.method || (request.method == "HEAD" && route.method == "GET");
}

bool has_body(const HttpRequest& request) {
  return !request.header("content-length").empty() || !request.header("transfer-encoding").empty();
}

}  // namespace

HttpRouter::HttpRouter(Loop& loop, const HttpOptions& options, Guard guard)
    : body_bytes_max_(options.body_bytes_max),
      guard_(std::move(guard)),
      calls_(loop, options.answers_max, in_ms(options.answer_timeout)) {}

// ---- hooks -----------------------------------------------------------------------------------------------------------------

struct HttpRouter::Hooked {
  std::shared_ptr<HttpExchange> exchange;
  std::vector<std::shared_ptr<const HttpHook>> hooks;  ///< a copy: one may be added meanwhile
  std::size_t next = 0;
  Continue go_on;
  Continue fail;
};

void HttpRouter::run_hooks(const std::shared_ptr<HttpExchange>& exchange, Continue go_on, Continue fail) {
  call_hook(std::make_shared<Hooked>(Hooked{exchange, hooks_, 0, std::move(go_on), std::move(fail)}));
}

void HttpRouter::call_hook(const std::shared_ptr<Hooked>& hooked) {
  HttpExchange& exchange = *hooked->exchange;
  if (hooked->next == hooked->hooks.size()) {
    hooked->go_on(exchange);
    return;
  }
  const auto hook = hooked->hooks[hooked->next++];
  const auto call = [this, &hook, &exchange](const std::shared_ptr<CallTicket>& ticket) {
    if (!guard_("http().use", [&] { (*hook)(exchange.request(), HttpNext(ticket)); })) {
      ticket->answer({CallAnswer::Kind::fail});
    }
  };
  calls_.ask(hooked->exchange, call, [this, hooked](CallAnswer& answer) {
    HttpExchange& answered = *hooked->exchange;
    if (answer.kind == CallAnswer::Kind::proceed || answer.kind == CallAnswer::Kind::fail) {
      Headers& added = answered.added_headers();
      std::move(answer.headers.begin(), answer.headers.end(), std::back_inserter(added));
    }
    switch (answer.kind) {
      case CallAnswer::Kind::proceed: call_hook(hooked); break;
      case CallAnswer::Kind::fail: hooked->fail(answered); break;
      default: respond(answered, answer);
    }
  });
}

// ---- routes ----------------------------------------------------------------------------------------------------------------

bool HttpRouter::handle(HttpExchange& exchange) {
  if (routes_.empty()) {
    return false;
  }
  HttpRequest& request = exchange.editable_request();
  const auto segments = split_path(request.path);
  if (!segments) {
    return false;
  }
  for (const auto& route : routes_) {
    if (!accepts(*route, request)) {
      continue;
    }
    if (auto params = route->path.match(*segments)) {
      request.params = std::move(*params);
      ++counters.requests;
      route->handler&& has_body(request) ? read(exchange, route) : call(exchange, route);
      return true;
    }
  }
  return false;
}

bool HttpRouter::refuse_method(HttpExchange& exchange) {
  const auto segments = routes_.empty() ? std::nullopt : split_path(exchange.request().path);
  if (!segments) {
    return false;
  }
  std::vector<std::string_view> methods;
  const auto add = [&methods](std::string_view method) {
    if (std::find(methods.begin(), methods.end(), method) == methods.end()) {
      methods.push_back(method);
    }
  };
  for (const auto& route : routes_) {
    if (route->path.match(*segments)) {
      add(route->method);
      if (route->method == "GET") {
        add("HEAD");
      }
    }
  }
  if (methods.empty()) {
    return false;
  }
  std::string allowed;
  for (const std::string_view method : methods) {
    allowed.append(allowed.empty() ? "" : ", ").append(method);
  }
  if (exchange.request().method == "OPTIONS") {
    exchange.respond(204, {{"Allow", allowed}}, {});
  } else {
    ++counters.method_not_allowed;
    respond_text(exchange, 405, "Method not allowed\n", {{"Allow", allowed}});
  }
  return true;
}

void HttpRouter::not_found(HttpExchange& exchange) {
  ++counters.not_found;
  respond_text(exchange, 404, "Not found\n");
}

/// Reads the whole body first. The function must not keep the exchange, which keeps the function.
void HttpRouter::read(HttpExchange& exchange, std::shared_ptr<const Route> route) {
  const std::size_t bytes_max = route->body_bytes_max != 0 ? route->body_bytes_max : body_bytes_max_;
  exchange.read_body(bytes_max, [this, &exchange, route = std::move(route)](Bytes body, bool complete, bool too_large) {
    if (too_large) {
      ++counters.bodies_too_large;
      respond_text(exchange, 413, "Payload too large\n");
    } else if (complete) {
      const auto kept = exchange.shared_from_this();
      exchange.editable_request().body = body;
      call(exchange, route);
      exchange.editable_request().body = {};
    }
  });
}

void HttpRouter::call(HttpExchange& exchange, const std::shared_ptr<const Route>& route) {
  const auto call = [this, &exchange, &route](const std::shared_ptr<CallTicket>& ticket) {
    if (route->pieces) {
      call_pieces(exchange, route, ticket);
    } else {
      guard_(route->name, [&] { route->handler(exchange.request(), HttpResponse(ticket)); });
    }
  };
  calls_.ask(exchange.shared_from_this(), call,
             [this, kept = exchange.shared_from_this()](CallAnswer& answer) { respond(*kept, answer); });
}

void HttpRouter::call_pieces(HttpExchange& exchange, const std::shared_ptr<const Route>& route,
                             const std::shared_ptr<CallTicket>& ticket) {
  OnBodyPiece take;
  guard_(route->name, [&] { take = route->pieces(exchange.request(), HttpResponse(ticket)); });
  if (!take || !ticket->wanted()) {
    return;
  }
  const std::size_t bytes_max = route->body_bytes_max != 0 ? route->body_bytes_max : body_bytes_max_;
  exchange.read_pieces(bytes_max, [this, route, ticket, take = std::move(take)](Bytes piece, BodyState state) {
    if (state == BodyState::too_large) {
      ++counters.bodies_too_large;
    }
    const bool done = guard_(route->name, [&] { take(piece, state); });
    if (!done) {
      ticket->answer({CallAnswer::Kind::unanswered});
    } else if (state == BodyState::too_large) {
      ticket->answer(
          {CallAnswer::Kind::respond, 413, 0, {{"Content-Type", "text/plain; charset=utf-8"}}, "Payload too large\n"});
    }
  });
}

void HttpRouter::respond(HttpExchange& exchange, const CallAnswer& answer) {
  switch (answer.kind) {
    case CallAnswer::Kind::respond: exchange.respond(answer.status, answer.headers, as_bytes(answer.text)); break;
    case CallAnswer::Kind::timed_out:
      ++counters.answers_timed_out;
      respond_text(exchange, 503, "No response in time\n");
      break;
    case CallAnswer::Kind::too_many:
      ++counters.answers_refused;
      respond_text(exchange, 503, "Too many requests are waiting\n");
      break;
    default: ++counters.answers_missing; respond_text(exchange, 500, "Internal server error\n");
  }
}

}  // namespace socketio::server
