#include "other_load.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace junctor::bench {
namespace {

double ticks() { return static_cast<double>(::sysconf(_SC_CLK_TCK)); }

double busy_seconds() {
  std::ifstream stat("/proc/stat");
  std::string name;
  stat >> name;
  double total = 0, value = 0;
  // user nice system idle iowait irq softirq steal
  for (int i = 0; i < 8 && stat >> value; ++i)
    if (i != 3 && i != 4) total += value;
  return total / ticks();
}

struct Process {
  pid_t parent = 0;
  double seconds = 0;
};

Process read_process(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(text.substr(name_end + 2));
  std::string word;
  Process process;
  double value = 0;
  rest >> word >> process.parent;
  for (int i = 0; i < 9; ++i) rest >> word;
  for (int i = 0; i < 2 && rest >> value; ++i) process.seconds += value / ticks();
  return process;
}

// The server's children are known to it; PostgreSQL's have none of their own.
double server_seconds(pid_t server) {
  if (server == 0) return 0;
  double total = read_process(std::to_string(server)).seconds;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const Process process = read_process(name);
    if (process.parent == server) total += process.seconds;
  }
  return total;
}

}  // namespace

OtherLoad::OtherLoad(pid_t server) : server_(server), before_(others()) {}

double OtherLoad::others() const {
  return busy_seconds() - read_process(std::to_string(::getpid())).seconds - server_seconds(server_);
}

double OtherLoad::percent() const {
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
  return 100 * (others() - before_) / passed.count();
}

}  // namespace junctor::bench
