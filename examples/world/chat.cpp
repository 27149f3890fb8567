#include "world/chat.h"

#include <boost/json.hpp>

#include "world/requests.h"

namespace junctor::world {
namespace {

constexpr std::size_t longest_text_bytes = 40'000;

JsonObject to_json(const ChatMessage& message) {
  return {{"id", message.id},
          {"channel", message.channel},
          {"text", message.text},
          {"key", message.key}};
}

// The member's text; a problem is noted when it is missing, no text, empty or too long.
std::string text_member(const JsonObject& body, std::string_view name, std::size_t most_bytes,
                        std::vector<Problem>& problems) {
  const Json* value = body.if_contains(name);
  if (value != nullptr && value->is_string() && !value->get_string().empty() &&
      value->get_string().size() <= most_bytes)
    return std::string(value->get_string());
  problems.push_back({"/" + std::string(name),
                      0,
                      value == nullptr ? "nothing" : "another value",
                      "text of 1 to " + std::to_string(most_bytes) + " bytes",
                      {}});
  return {};
}

}  // namespace

HttpResponse Chat::post(const HttpRequest& request) {
  if (!is_allowed(request, token_))
    return problem_response(401, "the bearer token is missing or wrong");
  auto body = object_in(request);
  if (auto* refused = std::get_if<HttpResponse>(&body)) return std::move(*refused);

  std::vector<Problem> problems;
  ChatMessage message;
  message.channel = text_member(std::get<JsonObject>(body), "channel", 200, problems);
  message.text = text_member(std::get<JsonObject>(body), "text", longest_text_bytes, problems);
  message.key = request.headers.get("Idempotency-Key").value_or("");
  if (!problems.empty()) return problem_response(problems);

  if (const auto first = by_key_.find(message.key); first != by_key_.end())
    return repeat(messages_[first->second], message);
  if (messages_.size() >= most_messages) return problem_response(507, "the chat is full");

  message.id = "m" + std::to_string(messages_.size() + 1);
  JsonObject line = to_json(message);
  line["kind"] = "message";
  ledger_.append(line);
  keep(message);
  return HttpResponse::json(201, to_json(message));
}

HttpResponse Chat::repeat(const ChatMessage& first, const ChatMessage& again) {
  if (first.channel != again.channel || first.text != again.text) {
    ++conflicts_;
    return problem_response(409, "this Idempotency-Key came with another body before");
  }
  ++repeats_;
  ledger_.append({{"kind", "repeat"}});
  HttpResponse response = HttpResponse::json(200, to_json(first));
  response.headers.set("Idempotent-Replay", "true");
  return response;
}

void Chat::keep(ChatMessage message) {
  if (message.key.empty()) {
    ++without_key_;
  } else {
    by_key_[message.key] = messages_.size();
  }
  messages_.push_back(std::move(message));
}

HttpResponse Chat::list(const HttpRequest& request) const {
  const std::size_t after = number_in_query(request, "after", 0, messages_.size());
  const std::size_t limit = number_in_query(request, "limit", 100, 1000);
  const std::size_t end = std::min(after + limit, messages_.size());
  JsonArray page;
  for (std::size_t i = after; i < end; ++i) page.push_back(to_json(messages_[i]));
  JsonObject answer = counts();
  answer["items"] = std::move(page);
  answer["next"] = end < messages_.size() ? Json(end) : Json();
  return HttpResponse::json(200, answer);
}

JsonObject Chat::counts() const {
  return {{"messages", messages_.size()},
          {"repeats", repeats_},
          {"conflicts", conflicts_},
          {"without_key", without_key_}};
}

void Chat::replay(const JsonObject& line) {
  if (line.at("kind") == "repeat") {
    ++repeats_;
  } else if (line.at("kind") == "message") {
    const auto text = [&line](std::string_view name) {
      return std::string(line.at(name).as_string());
    };
    keep({text("id"), text("channel"), text("text"), text("key")});
  }
}

void Chat::clear() {
  messages_.clear();
  by_key_.clear();
  repeats_ = conflicts_ = without_key_ = 0;
}

}  // namespace junctor::world
