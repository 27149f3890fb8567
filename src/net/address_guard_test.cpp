#include "net/address_guard.h"

#include <gtest/gtest.h>

#include "async/scope.h"
#include "junctor/failure.h"
#include "junctor/fiber.h"
#include "net/client.h"
#include "net/server.h"

namespace junctor {
namespace {

using namespace std::chrono_literals;

std::string_view use_of(const char* text) {
  const auto address = IpAddress::parse(text);
  EXPECT_TRUE(address.has_value()) << text;
  return address ? special_use(*address) : "?";
}

// First and last address of every range, and the public neighbours on both sides.
TEST(AddressGuard, knows_every_special_range_to_its_edges) {
  const char* special[] = {"0.0.0.0",
                           "0.255.255.255",
                           "10.0.0.0",
                           "10.255.255.255",
                           "100.64.0.0",
                           "100.127.255.255",
                           "127.0.0.0",
                           "127.255.255.255",
                           "169.254.0.0",
                           "169.254.169.254",
                           "169.254.255.255",
                           "172.16.0.0",
                           "172.31.255.255",
                           "192.0.0.0",
                           "192.0.0.255",
                           "192.0.2.0",
                           "192.0.2.255",
                           "192.88.99.0",
                           "192.88.99.255",
                           "192.168.0.0",
                           "192.168.255.255",
                           "198.18.0.0",
                           "198.19.255.255",
                           "198.51.100.0",
                           "198.51.100.255",
                           "203.0.113.0",
                           "203.0.113.255",
                           "224.0.0.0",
                           "239.255.255.255",
                           "240.0.0.0",
                           "255.255.255.255",
                           "168.63.129.16",
                           "100.100.100.200",
                           "::",
                           "::1",
                           "::7f00:1",
                           "::ffff:0:127.0.0.1",
                           "64:ff9b:1::",
                           "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
                           "100::",
                           "100::ffff:ffff:ffff:ffff",
                           "100:0:0:1::1",
                           "2001::",
                           "2001:0:ffff:ffff::1",
                           "2001:1::1",
                           "2001:2::",
                           "2001:10::1",
                           "2001:20::1",
                           "2001:1ff:ffff::",
                           "2001:db8::",
                           "2001:db8:ffff:ffff::1",
                           "2002::",
                           "2002:ffff::1",
                           "3fff::1",
                           "3fff:fff:ffff::1",
                           "5f00::1",
                           "4000::1",
                           "8000::1",
                           "fc00::",
                           "fd00:ec2::254",
                           "fdff:ffff::1",
                           "fe80::",
                           "febf:ffff::1",
                           "fec0::1",
                           "feff::1",
                           "ff00::",
                           "ff02::1",
                           "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};
  for (const char* text : special) EXPECT_NE(use_of(text), "") << text;
  const char* open[] = {
      "1.0.0.0",         "9.255.255.255",   "11.0.0.0",        "100.63.255.255", "100.128.0.0",
      "126.255.255.255", "128.0.0.0",       "169.253.255.255", "169.255.0.0",    "172.15.255.255",
      "172.32.0.0",      "191.255.255.255", "192.0.1.0",       "192.0.3.0",      "192.88.98.255",
      "192.88.100.0",    "192.167.255.255", "192.169.0.0",     "198.17.255.255", "198.20.0.0",
      "198.51.99.255",   "198.51.101.0",    "203.0.112.255",   "203.0.114.0",    "223.255.255.255",
      "8.8.8.8",         "192.31.196.1",    "2000::",          "2001:200::",     "2001:db7:ffff::1",
      "2001:db9::",      "2003::1",         "2606:4700::1111", "2a00:1450::1",   "3ffe:ffff::1"};
  for (const char* text : open) EXPECT_EQ(use_of(text), "") << text;
}

TEST(AddressGuard, looks_inside_addresses_that_carry_another) {
  for (const char* text :
       {"::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.1.2.3", "64:ff9b::127.0.0.1",
        "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:0:1:2::", "2606:4700::5efe:10.0.0.1",
        "2606:4700::200:5efe:192.168.1.1"})
    EXPECT_NE(use_of(text), "") << text;
  for (const char* text : {"::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2606:4700::5efe:8.8.8.8"})
    EXPECT_EQ(use_of(text), "") << text;
}

TEST(AddressGuard, reads_hosts_in_every_spelling) {
  const char* loopback[] = {
      "127.0.0.1",        "127.0.0.1.",      "127.1",           "127.0.1",        "2130706433",
      "0x7f000001",       "0X7F000001",      "017700000001",    "0x7f.1",         "0177.0.0.1",
      "0x7f.0x0.0x0.0x1", "00000177.0.0.01", "%31%32%37.0.0.1", "127%2e0%2E0%2e1"};
  for (const char* text : loopback) {
    const auto address = address_in_host(text);
    ASSERT_TRUE(address.has_value()) << text;
    EXPECT_EQ(address->to_string(), "127.0.0.1") << text;
  }
  for (const char* text : {"[::1]", "[0:0:0:0:0:0:0:1]", "[::0001]", "[::1%25lo]", "::1"}) {
    const auto address = address_in_host(text);
    ASSERT_TRUE(address.has_value()) << text;
    EXPECT_EQ(address->to_string(), "::1") << text;
  }
  for (const char* text : {"", "localhost", "example.com", "1.2.3.4.5", "256.1.1.1", "1.2.3.256",
                           "0x.1.g", "4294967296", "1..2", "127.0.0.1x", "08.1", "[::1", "::g"})
    EXPECT_FALSE(address_in_host(text).has_value()) << text;
}

TEST(AddressGuard, allows_what_development_names_and_no_more) {
  const auto guard =
      AddressGuard::allowing({"10.1.0.0/16", "::1", "localhost", "*.test.example", "0x7f000001"})
          .value();
  const auto refused = [&](const char* host, const char* address) {
    return guard.refusal(host, *IpAddress::parse(address)).has_value();
  };
  EXPECT_FALSE(refused("a", "10.1.255.1"));
  EXPECT_TRUE(refused("a", "10.2.0.1"));
  EXPECT_FALSE(refused("a", "::ffff:10.1.0.9"));
  EXPECT_FALSE(refused("a", "::1"));
  EXPECT_FALSE(refused("a", "127.0.0.1"));
  EXPECT_TRUE(refused("a", "127.0.0.2"));
  EXPECT_FALSE(refused("LOCALHOST.", "192.168.0.1"));
  EXPECT_FALSE(refused("x.test.example", "192.168.0.1"));
  EXPECT_TRUE(refused("test.example", "192.168.0.1"));
  EXPECT_TRUE(refused("xtest.example", "192.168.0.1"));
  EXPECT_FALSE(refused("a", "8.8.8.8"));
  EXPECT_FALSE(AddressGuard::off().refusal("a", *IpAddress::parse("10.0.0.1")).has_value());
  for (const char* bad :
       {"", "10.0.0.0/33", "10.0.0.0/x", "::1/129", "a/8", "http://x", "10.0.0.0/8/8"})
    EXPECT_FALSE(AddressGuard::allowing({bad}).ok()) << bad;
}

// A server that counts who reached it, and a client whose names resolve as the test says.
struct World {
  std::atomic<int> reached{0};
  HttpServer server{{},
                    [this](Fiber&, HttpRequest&) {
                      ++reached;
                      return HttpResponse::text(200, "inside");
                    },
                    std::size_t{1}};
  std::vector<std::string> answer{"127.0.0.1"};
  HttpClientOptions options() {
    HttpClientOptions options;
    options.resolve = [this](const std::string&) { return answer; };
    return options;
  }
  std::string port() { return std::to_string(server.port()); }
};

void expect_refused(Fiber& fiber, HttpClient& client, const std::string& url) {
  try {
    client.send(fiber, {.url = url, .timeouts = {.connect = 500ms}});
    ADD_FAILURE() << url << " was called";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.kind(), FailureKind::denied) << url << ": " << failure.message();
  }
}

TEST(AddressGuard, refuses_every_spelling_before_a_socket_is_opened) {
  World world;
  world.server.start();
  run_in_fiber([&](Fiber& fiber) {
    HttpClient client;
    for (const char* host : {"127.0.0.1", "127.1", "2130706433", "0x7f000001", "017700000001",
                             "0177.0.0.1", "127.0.0.1.", "[::1]", "[::ffff:127.0.0.1]",
                             "[::ffff:7f00:1]", "[64:ff9b::127.0.0.1]", "0", "0.0.0.0", "[::]",
                             "localhost", "%31%32%37.0.0.1", "169.254.169.254", "[fd00:ec2::254]"})
      expect_refused(fiber, client, "http://" + std::string(host) + ":" + world.port() + "/");
  });
  EXPECT_EQ(world.reached.load(), 0);
}

TEST(AddressGuard, refuses_a_public_name_that_leads_inside) {
  World world;
  world.server.start();
  run_in_fiber([&](Fiber& fiber) {
    HttpClient client(world.options());
    for (const char* address : {"127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0"}) {
      world.answer = {address};
      expect_refused(fiber, client, "http://rebind.example:" + world.port() + "/");
    }
    // One good address does not carry the others in.
    world.answer = {"127.0.0.1", "127.0.0.2", "::1"};
    expect_refused(fiber, client, "http://rebind.example:" + world.port() + "/");
  });
  EXPECT_EQ(world.reached.load(), 0);
}

// The address at the moment of the check is fine, the one at the moment of use is not.
TEST(AddressGuard, refuses_a_name_that_changes_between_check_and_connect) {
  World world;
  world.server.start();
  auto options = world.options();
  options.guard = AddressGuard::allowing({"127.0.0.1"}).value();
  int asked = 0;
  options.resolve = [&](const std::string&) {
    return std::vector<std::string>{++asked == 1 ? "127.0.0.1" : "127.0.0.2"};
  };
  run_in_fiber([&](Fiber& fiber) {
    HttpClient client(options);
    const std::string url = "http://rebind.example:" + world.port() + "/";
    ClientRequest request{.url = url};
    EXPECT_EQ(client.send(fiber, request).body, "inside");
    // The connection to the allowed address is kept; a call that needs a new one is refused.
    world.server.stop(fiber, 0ms);
    expect_refused(fiber, client, url);
  });
  EXPECT_EQ(world.reached.load(), 1);
  EXPECT_EQ(asked, 2);
}

TEST(AddressGuard, refuses_a_redirect_that_leads_inside) {
  std::atomic<int> inside{0};
  std::string location;
  HttpServer server(
      {},
      [&](Fiber&, HttpRequest& request) {
        if (request.path == "/inside") ++inside;
        HttpResponse response;
        response.status = 302;
        response.headers.add("Location", location);
        return response;
      },
      std::size_t{1});
  server.start();
  const std::string port = std::to_string(server.port());
  HttpClientOptions options;
  options.guard = AddressGuard::allowing({"public.example"}).value();
  options.resolve = [](const std::string&) { return std::vector<std::string>{"127.0.0.1"}; };
  run_in_fiber([&](Fiber& fiber) {
    HttpClient client(options);
    for (const std::string host :
         {"127.0.0.1", "0x7f.1", "[::1]", "other.example", "169.254.169.254"}) {
      location = "http://" + host + ":" + port + "/inside";
      expect_refused(fiber, client, "http://public.example:" + port + "/");
    }
    for (const char* bad :
         {"file:///etc/passwd", "gopher://x/", "http://user:pass@public.example/"}) {
      location = bad;
      expect_refused(fiber, client, "http://public.example:" + port + "/");
    }
  });
  EXPECT_EQ(inside.load(), 0);
}

}  // namespace
}  // namespace junctor
