#include "async/stream.h"

#include <gtest/gtest.h>

#include "async/loop.h"
#include "async/scope.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"

namespace junctor {
namespace {

using namespace std::chrono_literals;

FailureKind kind_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Failure& failure) {
    return failure.kind();
  }
  return FailureKind::bug;
}

std::string read_all(Fiber& fiber, Stream& stream) {
  std::string all;
  char buffer[4096];
  while (const std::size_t count = stream.read_some(fiber, buffer)) all.append(buffer, count);
  return all;
}

TEST(Stream, carries_bytes_both_ways_and_ends_in_order) {
  run_in_fiber([](Fiber& fiber) {
    Listener listener(fiber.loop(), {});
    Scope scope(fiber.loop(), "test");
    scope.spawn([&](Fiber& server) {
      const auto stream = listener.accept(server);
      stream->write(server, "echo: " + read_all(server, *stream));
      stream->shutdown(server);
    });
    const auto stream = connect(fiber, "127.0.0.1", listener.port());
    stream->write(fiber, "hello");
    stream->shutdown(fiber);
    EXPECT_EQ(read_all(fiber, *stream), "echo: hello");
    scope.join(fiber);
  });
}

TEST(Stream, writes_more_than_the_kernel_holds) {
  run_in_fiber([](Fiber& fiber) {
    const auto pair = stream_pair(fiber.loop());
    Stream* const one = pair.first.get();
    [[maybe_unused]] Stream* const other = pair.second.get();
    Scope scope(fiber.loop(), "test");
    const std::string large(8 * 1024 * 1024, 'x');
    scope.spawn([&](Fiber& writer) {
      const std::string_view parts[] = {"<", large, ">"};
      one->write(writer, parts);
      one->shutdown(writer);
    });
    const std::string got = read_all(fiber, *other);
    EXPECT_EQ(got.size(), large.size() + 2);
    EXPECT_EQ(got.front(), '<');
    EXPECT_EQ(got.back(), '>');
    scope.join(fiber);
  });
}

TEST(Stream, an_interrupted_read_fails_and_the_stream_goes_on) {
  run_in_fiber([](Fiber& fiber) {
    const auto pair = stream_pair(fiber.loop());
    Stream* const one = pair.first.get();
    [[maybe_unused]] Stream* const other = pair.second.get();
    Scope scope(fiber.loop(), "test");
    scope.spawn([&](Fiber&) { one->interrupt(); });
    char buffer[16];
    EXPECT_EQ(kind_of([&] { one->read_some(fiber, buffer); }), FailureKind::unavailable);
    other->write(fiber, "still here");
    EXPECT_EQ(one->read_some(fiber, buffer), 10u);
    scope.join(fiber);
  });
}

TEST(Stream, a_read_ends_at_the_fibers_deadline) {
  run_in_fiber([](Fiber& fiber) {
    const auto pair = stream_pair(fiber.loop());
    Stream* const one = pair.first.get();
    [[maybe_unused]] Stream* const other = pair.second.get();
    DeadlineScope deadline(fiber, 5ms);
    char buffer[16];
    EXPECT_EQ(kind_of([&] { one->read_some(fiber, buffer); }), FailureKind::timeout);
  });
}

TEST(Listener, says_that_a_port_is_in_use) {
  run_in_fiber([](Fiber& fiber) {
    Listener first(fiber.loop(), {});
    EXPECT_EQ(kind_of([&] { Listener second(fiber.loop(), {.port = first.port()}); }),
              FailureKind::conflict);
    EXPECT_EQ(kind_of([&] { Listener third(fiber.loop(), {.address = "example"}); }),
              FailureKind::invalid);
  });
}

TEST(Listener, shares_its_port_when_asked) {
  run_in_fiber([](Fiber& fiber) {
    Listener first(fiber.loop(), {.sharing = PortSharing::shared});
    Listener second(fiber.loop(), {.port = first.port(), .sharing = PortSharing::shared});
    EXPECT_EQ(first.port(), second.port());
  });
}

TEST(Connect, fails_as_unavailable_where_nobody_listens) {
  run_in_fiber([](Fiber& fiber) {
    std::uint16_t port = 0;
    {
      Listener listener(fiber.loop(), {});
      port = listener.port();
    }
    EXPECT_EQ(kind_of([&] { connect(fiber, "127.0.0.1", port); }), FailureKind::unavailable);
  });
}

}  // namespace
}  // namespace junctor
