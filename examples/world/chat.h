// A chat service with a careful API: a repeated Idempotency-Key gets the first answer again.
//
// Threads: one loop.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "net/http.h"
#include "world/ledger.h"

namespace junctor::world {

struct ChatMessage {
  std::string id;
  std::string channel;
  std::string text;
  std::string key;  // the Idempotency-Key it came with; may be empty
};

class Chat final {
 public:
  // token: what callers must bear; empty lets everyone in.
  Chat(std::string token, Ledger& ledger) : token_(std::move(token)), ledger_(ledger) {}
  Chat(const Chat&) = delete;
  Chat& operator=(const Chat&) = delete;

  // POST /chat/api/messages {channel, text}: 201 with the message. 200 and Idempotent-Replay: true
  // for a key seen before, 409 when it came with another body, 401, 422, 507 when it is full.
  HttpResponse post(const HttpRequest& request);
  // GET /chat/messages?after=N&limit=N: what has arrived, and the counts.
  HttpResponse list(const HttpRequest& request) const;

  JsonObject counts() const;
  void replay(const JsonObject& line);
  void clear();

 private:
  static constexpr std::size_t most_messages = 1'000'000;

  HttpResponse repeat(const ChatMessage& first, const ChatMessage& again);
  void keep(ChatMessage message);

  std::string token_;
  Ledger& ledger_;
  std::vector<ChatMessage> messages_;
  std::unordered_map<std::string, std::size_t> by_key_;
  std::uint64_t repeats_ = 0;
  std::uint64_t conflicts_ = 0;
  std::uint64_t without_key_ = 0;
};

}  // namespace junctor::world
