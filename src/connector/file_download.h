// An answer's file on its way to the caller's sink. An error must be known before the first byte goes out: what is one
// by its head waits, and what rules may find one in, as long as it looks like JSON.
//
// Threads: the fiber of the call. Lifetime: call and scope outlive it; it outlives the requests it is given.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "connector/call_scope.h"
#include "connector/compiled_call.h"
#include "net/client.h"

namespace junctor::connector {

// Ends a download that is an error, of which enough has been read.
struct EnoughOfAnError {};

class FileDownload final {
 public:
  FileDownload(const CompiledCall& call, const CallScope& scope) : call_(call), scope_(scope) {}
  FileDownload(const FileDownload&) = delete;
  FileDownload& operator=(const FileDownload&) = delete;

  // Whether the answer's file goes to a sink at all.
  bool is_wanted() const { return call_.call.response.kind == ResponseKind::file && scope_.download; }
  // The next request: of its answer nothing is here yet.
  void begin_again() { held_back_.clear(); }
  // Of the next request the answer's body comes here. is_error: by its head alone.
  void take_answer_of(ClientRequest& request, std::function<bool(const ClientResponse&)> is_error);
  // Gives the sink a piece, behind the head.
  void hand_on(Fiber& fiber, std::string_view piece);

  std::uint64_t bytes() const { return bytes_; }  // that the sink has
  const ClientResponse& head() const { return head_; }
  const std::string& held_back() const { return held_back_; }
  // What the call gives in the file's place.
  Json output(const ClientResponse& response) const;

 private:
  void take(Fiber& fiber, std::string_view piece);

  const CompiledCall& call_;
  const CallScope& scope_;
  std::optional<DownloadHead> to_tell_;  // to the sink, before the first piece
  std::uint64_t bytes_ = 0;
  ClientResponse head_;
  bool refused_ = false;    // by its head alone it is an error
  std::string held_back_;   // of what is or may be an error
};

}  // namespace junctor::connector
