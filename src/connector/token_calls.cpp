#include "connector/token_calls.h"

#include "auth/oauth/token_exchange.h"
#include "json/serialize.h"

namespace junctor::connector {

RecordedCall recorded(const auth::TokenExchange& exchange) {
  RecordedCall out;
  out.integration = exchange.integration;
  out.started_at = exchange.started_at;
  out.method = exchange.method;
  out.url = exchange.url;
  out.request_headers = exchange.request_headers;
  if (!exchange.request.empty()) out.request_body = json::to_text(Json(exchange.request));
  out.request_bytes = exchange.request_bytes;
  out.status = exchange.status;
  if (!exchange.response.empty()) out.response_body = json::to_text(Json(exchange.response));
  out.response_bytes = exchange.response_bytes;
  out.connect = exchange.connect;
  out.first_byte = exchange.first_byte;
  out.total = exchange.total;
  out.connection_reused = exchange.connection_reused;
  out.failure = exchange.failure;
  return out;
}

}  // namespace junctor::connector
