// Files that are larger than what may be in memory, and that do not arrive whole.
#include <gmock/gmock.h>
#include <openssl/evp.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include "base/crypto.h"
#include "connector/test_api.h"
#include "connector/test_raw_peer.h"

namespace junctor::connector {
namespace {

constexpr std::size_t block_bytes = 64 * 1024;
constexpr std::uint64_t mebi = 1024 * 1024;

// Bytes that do not repeat from block to block.
std::string block(std::uint64_t number) {
  std::string out(block_bytes, '\0');
  std::uint64_t state = number * 0x9E3779B97F4A7C15u + 1;
  for (std::size_t at = 0; at < block_bytes; at += sizeof state) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    std::memcpy(out.data() + at, &state, sizeof state);
  }
  return out;
}

class Sha256 final {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void add(std::string_view bytes) {
    EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
    bytes_ += bytes.size();
  }
  std::string hex() {
    unsigned char out[32];
    EVP_DigestFinal_ex(context_.get(), out, nullptr);
    return crypto::to_hex(std::string_view(reinterpret_cast<const char*>(out), sizeof out));
  }
  std::uint64_t bytes() const { return bytes_; }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
  std::uint64_t bytes_ = 0;
};

std::string digest_of(std::uint64_t bytes) {
  Sha256 digest;
  for (std::uint64_t i = 0; i < bytes / block_bytes; ++i) digest.add(block(i));
  return digest.hex();
}

// Sanitizers keep freed memory for a while.
#ifdef JUNCTOR_SANITIZED
constexpr std::uint64_t most_growth = UINT64_MAX;
#else
constexpr std::uint64_t most_growth = 16 * mebi;
#endif

// Of this process, in bytes.
std::uint64_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6)) * 1024;
  return 0;
}
void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

struct TempFile {
  TempFile() : path(std::filesystem::temp_directory_path() / ("junctor-" + crypto::to_hex(crypto::random_bytes(8)))) {}
  ~TempFile() { std::filesystem::remove(path); }
  std::filesystem::path path;
};

bool send_blocks(RawConnection& connection, std::uint64_t bytes) {
  for (std::uint64_t i = 0; i < bytes / block_bytes; ++i)
    if (!connection.write(block(i))) return false;
  return true;
}

std::string head_of(std::uint64_t bytes) {
  return "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/octet-stream\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n";
}

std::uint64_t length_in(const std::string& head) {
  const auto at = head.find("Content-Length: ");
  return at == std::string::npos ? 0 : std::stoull(head.substr(at + 16));
}

// A whole body of a known length.
Sha256 receive(RawConnection& connection, std::uint64_t bytes) {
  Sha256 digest;
  while (digest.bytes() < bytes) {
    const std::string piece = connection.read(block_bytes);
    if (piece.empty()) break;
    digest.add(piece);
  }
  return digest;
}

// An open file as what a caller hands in.
UploadFile upload_of(std::FILE* file, std::uint64_t bytes) {
  return {"big.bin", "application/octet-stream", bytes,
          [file](Fiber&, std::span<char> buffer) { return std::fread(buffer.data(), 1, buffer.size(), file); },
          [file] { std::rewind(file); }};
}

// The blocks without a file.
UploadFile upload_of_blocks(std::uint64_t bytes, std::uint64_t& given) {
  return {"big.bin", "application/octet-stream", bytes,
          [bytes, &given](Fiber&, std::span<char> buffer) {
            const std::string all = block(given / block_bytes);
            const std::size_t from = given % block_bytes;
            const std::size_t count = given >= bytes ? 0 : std::min(buffer.size(), block_bytes - from);
            std::copy_n(all.data() + from, count, buffer.data());
            given += count;
            return count;
          },
          [&given] { given = 0; }};
}

TEST(Transfers, hundreds_of_megabytes_go_down_and_up_in_bounded_memory) {
  constexpr std::uint64_t size = 256 * mebi;
  std::string arrived;
  RawPeer peer([&](RawConnection& connection, int) {
    const std::string head = connection.head();
    if (head.starts_with("GET")) {
      connection.write(head_of(size));
      send_blocks(connection, size);
      return;
    }
    arrived = receive(connection, length_in(head)).hex();
    connection.answer("{}");
  });
  const std::string wanted = digest_of(size);
  const TempFile file;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> open(std::fopen(file.path.c_str(), "w+b"), std::fclose);
  ASSERT_TRUE(open);
  reset_peak();
  const std::uint64_t before = peak_memory();

  Caller down(peer.url(), "    api: {path: /big, response: {kind: file, max_bytes: 1GiB}}\n");
  Sha256 digest;
  down.scope.download.take = [&](Fiber&, std::string_view piece) {
    digest.add(piece);
    ASSERT_EQ(std::fwrite(piece.data(), 1, piece.size(), open.get()), piece.size());
  };
  EXPECT_EQ(down.call().output.at("bytes"), Json(size));
  EXPECT_EQ(digest.hex(), wanted);

  std::rewind(open.get());
  Caller up(peer.url(), "    params: {doc: {ui_type: file}}\n    api: {method: PUT, path: /big, body_kind: file}\n");
  up.scope.uploads["doc"] = upload_of(open.get(), size);
  up.call();
  EXPECT_EQ(arrived, wanted);

  const std::uint64_t grown = peak_memory() - before;
  RecordProperty("peak_growth_kib", static_cast<int>(grown / 1024));
  EXPECT_LT(grown, most_growth) << "of " << size / mebi << " MiB each way";
}

TEST(Transfers, a_multipart_file_is_streamed_with_its_length_known) {
  constexpr std::uint64_t size = 48 * mebi;
  std::string head, body_start, arrived;
  RawPeer peer([&](RawConnection& connection, int) {
    head = connection.head();
    const std::uint64_t length = length_in(head);
    std::string waiting;
    Sha256 digest;
    std::uint64_t read = 0;
    while (read < length) {
      const std::string piece = connection.read(block_bytes);
      if (piece.empty()) break;
      read += piece.size();
      waiting += piece;
      if (body_start.empty()) {
        const auto begin = waiting.find("octet-stream\r\n\r\n");
        if (begin == std::string::npos) continue;
        body_start = waiting.substr(0, begin);
        waiting.erase(0, begin + 16);
      }
      const std::uint64_t due = std::min<std::uint64_t>(size - digest.bytes(), waiting.size());
      digest.add(std::string_view(waiting).substr(0, due));
      waiting.erase(0, due);
    }
    arrived = digest.hex() + waiting.substr(0, 12);
    connection.answer("{}");
  });
  std::uint64_t given = 0;
  Caller up(peer.url(), "    params: {title: {}, doc: {ui_type: file}}\n    api: {method: POST, path: /x, body_kind: multipart, multipart: {title: {value: '=input.title'}, upload: {file: doc}}}\n");
  up.scope.uploads["doc"] = upload_of_blocks(size, given);
  reset_peak();
  const std::uint64_t before = peak_memory();
  up.call(JsonObject{{"title", "T"}});
  EXPECT_LT(peak_memory() - before, most_growth);
  EXPECT_THAT(head, testing::Not(testing::HasSubstr("Transfer-Encoding")));
  EXPECT_THAT(body_start, testing::HasSubstr("name=\"title\"\r\n\r\nT\r\n--junctor-"));
  EXPECT_EQ(arrived, digest_of(size) + "\r\n--junctor-");
}

TEST(Transfers, a_file_of_unknown_length_goes_up_in_chunks) {
  TestApi api([](const HttpRequest&, std::size_t) { return HttpResponse::json(200, JsonObject()); });
  std::uint64_t given = 0;
  Caller up(api.url(), "    params: {doc: {ui_type: file}}\n    api: {method: PUT, path: /x, body_kind: file}\n");
  UploadFile file = upload_of_blocks(5 * block_bytes, given);
  file.size_bytes.reset();
  up.scope.uploads["doc"] = file;
  up.call();
  Sha256 digest;
  digest.add(api.seen().at(0).body);
  EXPECT_EQ(digest.hex(), digest_of(5 * block_bytes));
  EXPECT_TRUE(api.seen().at(0).headers.contains("Transfer-Encoding"));
}

TEST(Transfers, a_download_ends_at_the_declared_bound) {
  for (const bool announced : {true, false}) {
    RawPeer peer([announced](RawConnection& connection, int) {
      connection.head();
      connection.write(announced ? head_of(64 * mebi) : "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
      send_blocks(connection, 64 * mebi);
    });
    Caller down(peer.url(), "    api: {path: /big, response: {kind: file, max_bytes: 1MiB}, retry: {wait: 1ms}}\n");
    std::uint64_t got = 0;
    down.scope.download.take = [&got](Fiber&, std::string_view piece) { got += piece.size(); };
    try {
      down.call();
      FAIL() << "it took everything";
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.kind(), FailureKind::too_large);
    }
    EXPECT_LE(got, mebi);
    EXPECT_EQ(peer.connections(), 1);
  }
}

TEST(Transfers, a_download_that_is_cut_fails_and_is_not_begun_again) {
  for (const bool chunked : {false, true}) {
    RawPeer peer([chunked](RawConnection& connection, int) {
      connection.head();
      connection.write(chunked ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400000\r\n" : head_of(4 * mebi));
      send_blocks(connection, 2 * mebi);
    });
    Caller down(peer.url(), "    api: {path: /big, response: {kind: file}, retry: {wait: 1ms}}\n");
    std::uint64_t got = 0;
    down.scope.download.take = [&got](Fiber&, std::string_view piece) { got += piece.size(); };
    try {
      down.call();
      FAIL() << "half a file is no file";
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.kind(), FailureKind::unavailable);
    }
    EXPECT_EQ(got, 2 * mebi);
    EXPECT_EQ(peer.connections(), 1) << "its sink has half of it already";
  }
}

TEST(Transfers, a_download_that_is_cut_before_its_first_byte_is_tried_again) {
  RawPeer peer([](RawConnection& connection, int number) {
    connection.head();
    connection.write(head_of(2 * block_bytes));
    if (number > 0) send_blocks(connection, 2 * block_bytes);
  });
  Caller down(peer.url(), "    api: {path: /big, response: {kind: file}, retry: {wait: 1ms}}\n");
  std::uint64_t got = 0;
  down.scope.download.take = [&got](Fiber&, std::string_view piece) { got += piece.size(); };
  EXPECT_EQ(down.call().tries, 2);
  EXPECT_EQ(got, 2 * block_bytes);
}

// Cuts the first connection after a while, takes everything of the second.
struct CuttingPeer {
  std::string arrived;
  RawPeer peer{[this](RawConnection& connection, int number) {
    const std::uint64_t length = length_in(connection.head());
    Sha256 digest = receive(connection, number == 0 ? mebi : length);
    if (number == 0) return;
    arrived = digest.hex();
    connection.answer("{}");
  }};
};

TEST(Transfers, an_upload_that_is_cut_goes_up_again_from_its_start) {
  CuttingPeer cutting;
  std::uint64_t given = 0;
  Caller up(cutting.peer.url(), "    params: {doc: {ui_type: file}}\n    api: {method: PUT, path: /x, body_kind: file, retry: {wait: 1ms}}\n");
  up.scope.uploads["doc"] = upload_of_blocks(16 * mebi, given);
  EXPECT_EQ(up.call().tries, 2);
  EXPECT_EQ(cutting.arrived, digest_of(16 * mebi));
}

TEST(Transfers, an_upload_that_is_cut_and_may_not_be_repeated_fails) {
  for (const char* block : {"{method: POST, path: /x, body_kind: file, retry: {wait: 1ms}}",
                            "{method: PUT, path: /x, body_kind: file, retry: {wait: 1ms}}"}) {
    CuttingPeer cutting;
    std::uint64_t given = 0;
    Caller up(cutting.peer.url(), std::string("    params: {doc: {ui_type: file}}\n    api: ") + block + "\n");
    up.scope.uploads["doc"] = upload_of_blocks(16 * mebi, given);
    if (std::string_view(block).find("PUT") != std::string_view::npos) up.scope.uploads["doc"].rewind = {};
    EXPECT_EQ(up.silence().kind(), FailureKind::unavailable) << block;
    EXPECT_EQ(cutting.peer.connections(), 1) << block;
  }
}

}  // namespace
}  // namespace junctor::connector
