#include "provider_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/json/parse.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace junctor::test {
namespace {

const std::string modules = JUNCTOR_SOURCE_DIR "/tests/node/node_modules";

std::string read_line(int fd) {
  std::string line;
  char c = 0;
  while (::read(fd, &c, 1) == 1 && c != '\n') line.push_back(c);
  return line;
}

}  // namespace

std::string ProviderProcess::why_not() {
  if (std::system("node --version > /dev/null 2>&1") != 0) return "node is not installed";
  if (std::system("node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'") != 0)
    return "oidc-provider needs Node.js 20 or later";
  if (!std::filesystem::exists(modules + "/oidc-provider"))
    return "tests/node/node_modules has no oidc-provider; run scripts/test";
  if (std::system("openssl version > /dev/null 2>&1") != 0)
    return "the openssl command is not installed";
  return {};
}

std::unique_ptr<ProviderProcess> ProviderProcess::start(int token_seconds) {
  if (!why_not().empty()) return nullptr;
  std::unique_ptr<ProviderProcess> out(new ProviderProcess);
  std::string pattern = (std::filesystem::temp_directory_path() / "junctor-oidc-XXXXXX").string();
  out->folder_ = mkdtemp(pattern.data());
  if (!out->make_certificates()) return nullptr;
  int to[2], from[2];
  if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0) return nullptr;
  const std::string script = JUNCTOR_SOURCE_DIR "/tests/oidc/provider.mjs",
                    seconds = std::to_string(token_seconds);
  out->pid_ = ::fork();
  if (out->pid_ == 0) {
    ::dup2(to[0], 0);
    ::dup2(from[1], 1);
    const int nowhere = ::open("/dev/null", O_WRONLY);
    ::dup2(nowhere, 2);
    ::execlp("node", "node", script.c_str(), modules.c_str(), out->folder_.c_str(), seconds.c_str(),
             nullptr);
    ::_exit(127);
  }
  ::close(to[0]);
  ::close(from[1]);
  out->input_ = to[1];
  std::string line;
  do line = read_line(from[0]);
  while (!line.empty() && !line.starts_with("READY "));
  ::close(from[0]);
  if (line.empty()) return nullptr;
  const auto ready = boost::json::parse(line.substr(6)).as_object();
  out->plain_ = ready.at("plain").as_string().c_str();
  out->secure_ = ready.at("secure").as_string().c_str();
  return out;
}

ProviderProcess::~ProviderProcess() {
  if (input_ >= 0) ::close(input_);
  if (pid_ > 0) {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  if (!folder_.empty()) std::filesystem::remove_all(folder_);
}

std::string ProviderProcess::file(const std::string& name) const {
  std::ifstream in(folder_ + "/" + name);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

bool ProviderProcess::make_certificates() const {
  const std::string script =
      "cd '" + folder_ +
      "' && exec > /dev/null 2>&1 && set -e\n"
      "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj "
      "'/CN=test ca'\n"
      "printf 'subjectAltName=IP:127.0.0.1' > names\n"
      "for one in server:127.0.0.1 client:bound-client other:other-client; do\n"
      "  openssl req -newkey rsa:2048 -nodes -keyout ${one%%:*}.key -out request -subj "
      "\"/CN=${one##*:}\"\n"
      "  openssl x509 -req -in request -CA ca.pem -CAkey ca.key -CAcreateserial -out "
      "${one%%:*}.pem -days 2 -extfile names\n"
      "done\n";
  return std::system(script.c_str()) == 0;
}

std::string browse(Fiber& fiber, HttpClient& client, const std::string& start,
                   const std::string& stop) {
  struct Cookie {
    std::string value, path;
  };
  std::map<std::string, Cookie> cookies;
  std::string url = start;
  const std::string origin = start.substr(0, start.find('/', 8));
  for (int hop = 0; hop < 20; ++hop) {
    ClientRequest request;
    request.url = url;
    request.most_redirects = 0;
    std::string line;
    const std::string path = url.substr(url.find('/', 8));
    for (const auto& [name, cookie] : cookies)
      if (path.starts_with(cookie.path))
        line += (line.empty() ? "" : "; ") + name.substr(0, name.find(' ')) + "=" + cookie.value;
    if (!line.empty()) request.header("Cookie", line);
    const ClientResponse answer = client.send(fiber, request);
    for (const std::string_view cookie : answer.headers.get_all("Set-Cookie")) {
      const std::string pair(cookie.substr(0, cookie.find(';')));
      const std::size_t at = cookie.find("path=");
      const std::string place(at == std::string_view::npos
                                  ? "/"
                                  : cookie.substr(at + 5, cookie.find(';', at) - at - 5));
      const std::string name = pair.substr(0, pair.find('=')),
                        value = pair.substr(pair.find('=') + 1);
      if (cookie.find("expires=Thu, 01 Jan 1970") != std::string_view::npos) {
        cookies.erase(name + " " + place);
      } else {
        cookies[name + " " + place] = {value, place};
      }
    }
    const auto location = answer.headers.get("Location");
    if (!location)
      return "no redirect: " + std::to_string(answer.status) + " " + answer.body.substr(0, 300);
    url = location->starts_with("/") ? origin + std::string(*location) : std::string(*location);
    if (url.starts_with(stop)) return url;
  }
  return "too many redirects";
}

}  // namespace junctor::test
