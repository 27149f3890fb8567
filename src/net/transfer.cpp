#include "net/transfer.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/crypto.h"
#include "junctor/failure.h"
#include "net/curl_setup.h"

namespace junctor {
namespace {

constexpr std::size_t most_head_bytes = 64 * 1024;
constexpr std::size_t most_fields = 256;
constexpr std::size_t pause_above_bytes = 256 * 1024;
constexpr std::size_t upload_piece_bytes = 64 * 1024;

std::string_view text_of(const std::variant<std::string, Secret>& value) {
  if (const auto* secret = std::get_if<Secret>(&value)) return secret->reveal();
  return std::get<std::string>(value);
}

void free_and_wipe(curl_slist* list) {
  for (const curl_slist* entry = list; entry != nullptr; entry = entry->next)
    OPENSSL_cleanse(entry->data, std::strlen(entry->data));
  curl_slist_free_all(list);
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

// What libcurl or this file decides. A Host of one's own would take the credential to another site of a
// shared front end.
bool is_ours(std::string_view name) {
  return equal_ignoring_case(name, "Content-Length") ||
         equal_ignoring_case(name, "Transfer-Encoding") || equal_ignoring_case(name, "Connection") ||
         equal_ignoring_case(name, "Host");
}

}  // namespace

struct Transfer::Callbacks {
  static std::size_t header(char* data, std::size_t size, std::size_t count, void* self) {
    return static_cast<Transfer*>(self)->take_header({data, size * count});
  }
  static std::size_t write(char* data, std::size_t size, std::size_t count, void* self) {
    return static_cast<Transfer*>(self)->take_body({data, size * count});
  }
  static std::size_t read(char* data, std::size_t size, std::size_t count, void* self) {
    return static_cast<Transfer*>(self)->give_upload(data, size * count);
  }
  // The last moment before a connection is made: this is the address it is made to.
  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* to) {
    const auto text = curl_setup::address_text(to->addr);
    if (!static_cast<Transfer*>(self)->permits(text)) return CURL_SOCKET_BAD;
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
  }
  // The last moment before a request goes out, on a connection that may be an old one.
  static int before_request(void* self, char* address, char*, int, int) {
    auto& transfer = *static_cast<Transfer*>(self);
    if (!transfer.permits(address) || !transfer.may_go_out()) return CURL_PREREQFUNC_ABORT;
    transfer.sent_at_ = std::chrono::steady_clock::now();
    return CURL_PREREQFUNC_OK;
  }
  static int progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t sent) {
    static_cast<Transfer*>(self)->note_sent(sent);
    return 0;
  }
};

Transfer::Transfer(const HttpClientOptions& options, const ClientRequest& request, const Hop& hop,
                   CURL* handle)
    : guard_(options.guard),
      request_(request),
      hop_(hop),
      handle_(handle) {
  if (const auto refusal = guard_.refusal(hop.url.origin().host))
    throw Failure(FailureKind::denied, "the call is refused: " + *refusal);
  try {
    set_up(options);
  } catch (...) {
    free_and_wipe(headers_);
    curl_slist_free_all(resolve_);
    throw;
  }
  began_ = std::chrono::steady_clock::now();
}

Transfer::~Transfer() {
  free_and_wipe(headers_);
  curl_slist_free_all(resolve_);
  curl_easy_reset(handle_);
}

void Transfer::set_up(const HttpClientOptions& options) {
  using curl_setup::set;
  set(handle_, CURLOPT_PRIVATE, static_cast<void*>(this));
  set(handle_, CURLOPT_ERRORBUFFER, error_);
  set(handle_, CURLOPT_NOSIGNAL, 1L);
  set(handle_, CURLOPT_URL, hop_.url.text().c_str());
  set(handle_, CURLOPT_PATH_AS_IS, 1L);
  set(handle_, CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle_, CURLOPT_PROXY, "");  // unset, libcurl takes the environment's
  set(handle_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.timeouts.connect.count()));
  set(handle_, CURLOPT_HEADERFUNCTION, &Callbacks::header);
  set(handle_, CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(handle_, CURLOPT_WRITEFUNCTION, &Callbacks::write);
  set(handle_, CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(handle_, CURLOPT_OPENSOCKETFUNCTION, &Callbacks::open_socket);
  set(handle_, CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  set(handle_, CURLOPT_PREREQFUNCTION, &Callbacks::before_request);
  set(handle_, CURLOPT_PREREQDATA, static_cast<void*>(this));
  set(handle_, CURLOPT_NOPROGRESS, 0L);
  set(handle_, CURLOPT_XFERINFOFUNCTION, &Callbacks::progress);
  set(handle_, CURLOPT_XFERINFODATA, static_cast<void*>(this));
  set(handle_, CURLOPT_HTTP_VERSION,
      request_.version == HttpVersion::http1 ? long{CURL_HTTP_VERSION_1_1}
      : request_.version == HttpVersion::http2_prior_knowledge
          ? long{CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE}
          : long{CURL_HTTP_VERSION_2TLS});
  set_tls(options);
  set_method_and_body();
  set_headers(options);
  set_resolve(options);
}

void Transfer::set_tls(const HttpClientOptions& options) {
  if (hop_.url.origin().scheme != "https") return;
  using curl_setup::set;
  set(handle_, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  if (!options.certificate_authorities.empty())
    curl_setup::set_blob(handle_, CURLOPT_CAINFO_BLOB, options.certificate_authorities);
  if (!request_.identity || !hop_.carried.credentials) return;
  // libcurl lends connections by certificate alone. The key's digest, as text outside of the PEM
  // blocks, keeps a caller who only knows the certificate off the connections of its owner.
  certificate_ = request_.identity->certificate_chain + "\n" +
                 crypto::to_hex(crypto::hash(crypto::Digest::sha256,
                                             request_.identity->private_key.reveal())) +
                 "\n";
  const std::string& own_authorities = request_.identity->certificate_authorities;
  if (!own_authorities.empty()) {
    set(handle_, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    curl_setup::set_blob(handle_, CURLOPT_CAINFO_BLOB, own_authorities);
  }
  curl_setup::set_blob(handle_, CURLOPT_SSLCERT_BLOB, certificate_);
  curl_setup::set_blob(handle_, CURLOPT_SSLKEY_BLOB, request_.identity->private_key.reveal());
  set(handle_, CURLOPT_SSLCERTTYPE, "PEM");
  set(handle_, CURLOPT_SSLKEYTYPE, "PEM");
}

void Transfer::set_method_and_body() {
  using curl_setup::set;
  if (!is_token(hop_.method))
    throw Failure(FailureKind::invalid, "the method is not an HTTP method");
  const std::string_view body = hop_.carried.body ? text_of(request_.body) : std::string_view();
  if (hop_.carried.body && request_.upload) {
    upload_ = request_.upload;
    set(handle_, CURLOPT_UPLOAD, 1L);
    set(handle_, CURLOPT_READFUNCTION, &Callbacks::read);
    set(handle_, CURLOPT_READDATA, static_cast<void*>(this));
    if (request_.upload_bytes)
      set(handle_, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(*request_.upload_bytes));
  } else if (!body.empty() || hop_.method == "POST" || hop_.method == "PUT" ||
             hop_.method == "PATCH") {
    set(handle_, CURLOPT_POST, 1L);
    set(handle_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    set(handle_, CURLOPT_POSTFIELDS, body.empty() ? "" : body.data());
  } else if (hop_.method == "HEAD") {
    set(handle_, CURLOPT_NOBODY, 1L);
  }
  if (hop_.method != "GET" || !body.empty() || (hop_.carried.body && request_.upload))
    set(handle_, CURLOPT_CUSTOMREQUEST, hop_.method.c_str());
}

void Transfer::set_headers(const HttpClientOptions& options) {
  bool typed = false;
  bool coded = false;
  bool named = false;
  for (const ClientHeader& header : request_.headers) {
    if (!goes_along(header, hop_.carried)) continue;
    typed |= equal_ignoring_case(header.name, "Content-Type");
    coded |= equal_ignoring_case(header.name, "Accept-Encoding");
    named |= equal_ignoring_case(header.name, "User-Agent");
    add_header(header.name, text_of(header.value));
  }
  if (!typed) headers_ = curl_slist_append(headers_, "Content-Type:");
  headers_ = curl_slist_append(headers_, "Expect:");
  if (!coded) curl_setup::set(handle_, CURLOPT_ACCEPT_ENCODING, "");
  if (!named) curl_setup::set(handle_, CURLOPT_USERAGENT, options.user_agent.c_str());
  curl_setup::set(handle_, CURLOPT_HTTPHEADER, headers_);
}

void Transfer::add_header(const std::string& name, std::string_view value) {
  if (!is_token(name)) throw Failure(FailureKind::invalid, "'" + name + "' is no name of a header");
  if (is_ours(name))
    throw Failure(FailureKind::invalid, "the header " + name + " is set by the client itself");
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
    throw Failure(FailureKind::invalid, "the value of the header " + name + " has a line break");
  std::string line;
  line.reserve(name.size() + value.size() + 2);
  line.append(name).append(value.empty() ? ";" : ": ").append(value);
  headers_ = curl_slist_append(headers_, line.c_str());
  crypto::wipe(line);
}

void Transfer::set_resolve(const HttpClientOptions& options) {
  if (!options.resolve) return;
  const Origin& origin = hop_.url.origin();
  if (address_in_host(origin.host)) return;
  std::string entry = "+" + origin.host + ":" + origin.port + ":";
  const auto addresses = options.resolve(origin.host);
  if (addresses.empty())
    throw Failure(FailureKind::unavailable, "cannot find the host " + origin.host);
  for (const std::string& address : addresses)
    entry += (entry.back() == ':' ? "" : ",") +
             (address.find(':') == std::string::npos ? address : "[" + address + "]");
  resolve_ = curl_slist_append(nullptr, entry.c_str());
  curl_setup::set(handle_, CURLOPT_RESOLVE, resolve_);
}

bool Transfer::permits(std::string_view address) {
  const auto parsed = IpAddress::parse(address.substr(0, address.find('%')));
  const auto refusal = parsed ? guard_.refusal(hop_.url.origin().host, *parsed)
                              : std::optional<std::string>("its address is of an unknown kind");
  if (!refusal) return true;
  failure_.emplace(FailureKind::denied, "the call is refused: " + *refusal);
  return false;
}

// libcurl sends a request again when a kept connection closes without a byte of an answer.
bool Transfer::may_go_out() {
  const bool once = request_.resend == Resend::by_method &&
                    (hop_.method == "POST" || hop_.method == "PATCH");
  if (++sent_times_ == 1 || !once) return true;
  failure_.emplace(FailureKind::unavailable,
                   hop_.url.origin().host +
                       " closed a kept connection without an answer; the request is not sent again, "
                       "as it may have been carried out");
  return false;
}

std::chrono::steady_clock::time_point Transfer::head_due() const {
  using Clock = std::chrono::steady_clock;
  if (head_done_ || up_paused_) return Clock::time_point::max();
  return sent_at_.value_or(Clock::now()) + request_.timeouts.first_byte;
}

void Transfer::note_sent(curl_off_t bytes) {
  if (bytes == sent_bytes_) return;
  sent_bytes_ = bytes;
  most_sent_bytes_ = std::max(most_sent_bytes_, bytes);
  sent_at_ = std::chrono::steady_clock::now();
}

std::size_t Transfer::take_header(std::string_view line) {
  if (!first_byte_at_) first_byte_at_ = std::chrono::steady_clock::now();
  head_bytes_ += line.size();
  if (head_bytes_ > most_head_bytes || response_.headers.size() > most_fields) {
    failure_.emplace(FailureKind::too_large, "the answer's head is too long");
    return 0;
  }
  if (head_done_) return line.size();  // a trailer
  const std::size_t all = line.size();
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {
    response_.headers.clear();
    const auto space = line.find(' ');
    response_.http_version = line.substr(5, space == line.npos ? line.npos : space - 5);
    response_.status = 0;
    if (space != line.npos)
      std::from_chars(line.data() + space + 1, line.data() + line.size(), response_.status);
  } else if (line.empty()) {
    head_done_ = response_.status >= 200;
    if (head_done_ && (request_.on_head || streams_down())) notify();
  } else if (const auto colon = line.find(':'); colon != line.npos) {
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t'))
      value.remove_prefix(1);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
    response_.headers.add(std::string(line.substr(0, colon)), std::string(value));
  }
  return all;
}

std::size_t Transfer::take_body(std::string_view bytes) {
  if (streams_down() && down_.size() > pause_above_bytes) {
    down_paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  body_bytes_ += bytes.size();
  const std::uint64_t most = streams_down() ? request_.most_download_bytes.value_or(request_.most_response_bytes)
                                            : request_.most_response_bytes;
  if (body_bytes_ > most) {
    failure_.emplace(FailureKind::too_large, "the answer of " + hop_.url.origin().host +
                                                 " is longer than " + std::to_string(most) + " bytes");
    return 0;
  }
  (streams_down() ? down_ : response_.body).append(bytes);
  if (streams_down()) notify();
  return bytes.size();
}

std::size_t Transfer::give_upload(char* buffer, std::size_t most) {
  const std::size_t count = std::min(most, up_.size() - up_begin_);
  if (count == 0 && !up_ended_) {
    up_paused_ = true;
    notify();
    return CURL_READFUNC_PAUSE;
  }
  std::copy_n(up_.data() + up_begin_, count, buffer);
  up_begin_ += count;
  return count;
}

void Transfer::finish(CURLcode code) {
  done_ = true;
  code_ = code;
  notify();
}

void Transfer::notify() {
  if (!waker_) return;
  waker_->wake();
  waker_.reset();
}

Woken Transfer::wait(Fiber& fiber) {
  const Woken woken = fiber.wait([this](Waker waker) { waker_ = std::move(waker); });
  waker_.reset();
  return woken;
}

bool Transfer::work(Fiber& fiber) {
  if (head_done_ && !head_told_ && (request_.on_head || streams_down())) {
    head_told_ = true;
    if (request_.on_head) request_.on_head(response_.status, response_.headers);
    return true;
  }
  if (!down_.empty()) {
    std::string piece;
    piece.swap(down_);
    request_.download(fiber, piece);
    return true;
  }
  if (down_paused_ && !done_) {
    down_paused_ = false;
    curl_easy_pause(handle_, up_paused_ ? CURLPAUSE_SEND : CURLPAUSE_CONT);
    return true;
  }
  if (!up_paused_ || done_) return false;
  up_.resize(upload_piece_bytes);
  up_.resize(upload_(fiber, up_));
  up_begin_ = 0;
  up_ended_ = up_.empty();
  up_paused_ = false;
  sent_at_ = std::chrono::steady_clock::now();
  if (!done_) curl_easy_pause(handle_, CURLPAUSE_CONT);
  return true;
}

ClientResponse Transfer::take_response() {
  if (code_ != CURLE_OK) throw_failure();
  response_.url = hop_.url.text();
  if (response_.headers.contains("Content-Encoding") && body_bytes_ > 0) {
    const bool raw =
        std::any_of(request_.headers.begin(), request_.headers.end(),
                    [](const auto& h) { return equal_ignoring_case(h.name, "Accept-Encoding"); });
    if (!raw) {
      response_.headers.remove("Content-Encoding");
      response_.headers.remove("Content-Length");
    }
  }
  return std::move(response_);
}

void Transfer::throw_failure() {
  if (failure_) throw *failure_;
  curl_setup::throw_curl_failure(code_, error_, hop_.url.origin().host);
}

void Transfer::note(ClientHop& hop) {
  hop.status = response_.status;
  hop.headers = std::move(response_.headers);
  using curl_setup::microseconds;
  CallTimings& timings = hop.timings;
  timings.name_lookup = microseconds(handle_, CURLINFO_NAMELOOKUP_TIME_T);
  timings.connect = microseconds(handle_, CURLINFO_CONNECT_TIME_T);
  timings.tls = microseconds(handle_, CURLINFO_APPCONNECT_TIME_T);
  // Of an upload libcurl tells when the first byte went out.
  if (first_byte_at_)
    timings.first_byte = std::chrono::duration_cast<std::chrono::microseconds>(*first_byte_at_ - began_);
  curl_off_t bytes = 0;
  curl_easy_getinfo(handle_, CURLINFO_SIZE_UPLOAD_T, &bytes);
  // It counts from zero again before it finds that it cannot repeat an upload.
  timings.sent_bytes = static_cast<std::uint64_t>(std::max(bytes, most_sent_bytes_));
  curl_easy_getinfo(handle_, CURLINFO_SIZE_DOWNLOAD_T, &bytes);
  timings.received_bytes = static_cast<std::uint64_t>(bytes);
  long made = 0;
  curl_easy_getinfo(handle_, CURLINFO_NUM_CONNECTS, &made);
  timings.connection_reused = made == 0;
  const char* address = nullptr;
  curl_easy_getinfo(handle_, CURLINFO_PRIMARY_IP, &address);
  if (address != nullptr) timings.peer_address = address;
}

}  // namespace junctor
