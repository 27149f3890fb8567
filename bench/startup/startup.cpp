// How long `junctor serve` takes from its start until /healthz answers, and what it then holds in
// memory, with both examples loaded. Prints; asserts nothing.
//
//   startup_bench JUNCTOR PROJECT_DIR...
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr int rounds = 9;
constexpr auto patience = std::chrono::seconds(10);

class Socket final {
 public:
  Socket() : handle_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() { ::close(handle_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int handle() const { return handle_; }

 private:
  int handle_;
};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

std::uint16_t free_port() {
  const Socket socket;
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(socket.handle(), reinterpret_cast<sockaddr*>(&address), size) != 0) return 0;
  ::getsockname(socket.handle(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

bool is_healthy(std::uint16_t port) {
  const Socket socket;
  const sockaddr_in address = loopback(port);
  if (::connect(socket.handle(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return false;
  const std::string request =
      "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  if (::send(socket.handle(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return false;
  char answer[16] = {};
  return ::recv(socket.handle(), answer, sizeof answer - 1, MSG_WAITALL) > 12 &&
         std::string(answer).find(" 200") != std::string::npos;
}

double resident_mib(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string word; status >> word;) {
    if (word != "VmRSS:") continue;
    double kib = 0;
    status >> kib;
    return kib / 1024;
  }
  return 0;
}

struct Sample {
  double milliseconds = 0;
  double mib = 0;
};

// One start in a data directory; 0 ms when it never answered.
Sample start_once(const std::vector<std::string>& command, const std::string& data_dir) {
  const std::uint16_t port = free_port();
  std::vector<std::string> words = {command[0],   "serve",  "--port",       std::to_string(port),
                                    "--data-dir", data_dir, "--dev-no-auth"};
  words.insert(words.end(), command.begin() + 1, command.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 1, "/dev/null", 1, 0);
  posix_spawn_file_actions_addopen(&files, 2, "/dev/null", 1, 0);
  Sample sample;
  pid_t process = 0;
  const auto began = Clock::now();
  if (::posix_spawn(&process, words[0].c_str(), &files, nullptr, arguments.data(), environ) != 0)
    return sample;
  while (Clock::now() - began < patience) {
    if (is_healthy(port)) {
      sample.milliseconds = std::chrono::duration<double, std::milli>(Clock::now() - began).count();
      break;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  std::this_thread::sleep_for(
      std::chrono::milliseconds(300));  // what it does after the first answer
  sample.mib = resident_mib(process);
  ::kill(process, SIGTERM);
  ::waitpid(process, nullptr, 0);
  posix_spawn_file_actions_destroy(&files);
  return sample;
}

void print(const char* what, std::vector<Sample> samples) {
  const auto middle = samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2);
  std::nth_element(samples.begin(), middle, samples.end(), [](const Sample& a, const Sample& b) {
    return a.milliseconds < b.milliseconds;
  });
  std::printf("%-32s %6.1f ms until /healthz answers, %5.1f MiB resident (median of %zu)\n", what,
              middle->milliseconds, middle->mib, samples.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: startup_bench JUNCTOR PROJECT_DIR...\n");
    return 2;
  }
  // The examples name these; nothing calls them here.
  for (const char* name : {"CHAT_URL", "HR_URL"}) ::setenv(name, "http://127.0.0.1:9", 0);
  for (const char* name : {"CHAT_TOKEN", "HR_TOKEN", "GITHUB_WEBHOOK_SECRET"})
    ::setenv(name, "x", 0);

  const std::vector<std::string> command(argv + 1, argv + argc);
  const auto folder =
      std::filesystem::temp_directory_path() / ("junctor-startup-" + std::to_string(::getpid()));
  std::vector<Sample> first, again;
  for (int i = 0; i < rounds; ++i) {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    first.push_back(start_once(command, folder.string()));
    again.push_back(start_once(command, folder.string()));
  }
  std::filesystem::remove_all(folder);
  print("first start, database is made", first);
  print("started again", again);
  return 0;
}
