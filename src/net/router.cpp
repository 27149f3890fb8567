#include "net/router.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "junctor/failure.h"
#include "net/problem.h"

namespace junctor {
namespace {

struct Target {
  std::string method;
  std::string path;  // the template
  std::vector<std::string> names;
  HttpHandler handler;
  BodyReading body;
  Head head;
};

struct Node {
  std::unordered_map<std::string, std::unique_ptr<Node>> literals;
  std::unique_ptr<Node> parameter;
  std::vector<Target> targets;       // of paths that end here
  std::vector<Target> rest_targets;  // of "{rest*}" behind here
};

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  path.remove_prefix(1);
  for (;;) {
    const auto slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

[[noreturn]] void throw_bad_template(const std::string& path, const std::string& why) {
  throw Failure(FailureKind::invalid, "the route '" + path + "' cannot be read: " + why);
}

// "run" of "{run}", "rest*" of "{rest*}".
std::optional<std::string> parameter_name(const std::string& path, std::string_view segment) {
  if (segment.find_first_of("{}") == std::string_view::npos) return std::nullopt;
  if (segment.size() < 3 || segment.front() != '{' || segment.back() != '}' ||
      segment.substr(1, segment.size() - 2).find_first_of("{}") != std::string_view::npos)
    throw_bad_template(path, "a parameter is a whole segment, such as {name}");
  return std::string(segment.substr(1, segment.size() - 2));
}

void insert(Node& root, const Route& route) {
  if (route.path.empty() || route.path.front() != '/')
    throw_bad_template(route.path, "it must begin with a slash");
  Node* node = &root;
  std::vector<std::string> names;
  bool rest = false;
  for (const std::string_view segment : split(route.path)) {
    if (rest) throw_bad_template(route.path, "{name*} must be the last segment");
    auto name = parameter_name(route.path, segment);
    if (!name) {
      auto& child = node->literals[std::string(segment)];
      if (!child) child = std::make_unique<Node>();
      node = child.get();
      continue;
    }
    rest = name->back() == '*';
    if (rest) name->pop_back();
    if (name->empty() || std::find(names.begin(), names.end(), *name) != names.end())
      throw_bad_template(route.path, "every parameter needs a name of its own");
    names.push_back(std::move(*name));
    if (rest) continue;
    if (!node->parameter) node->parameter = std::make_unique<Node>();
    node = node->parameter.get();
  }
  auto& targets = rest ? node->rest_targets : node->targets;
  for (const Target& other : targets)
    if (other.method == route.method)
      throw Failure(FailureKind::conflict, route.method + " " + route.path + " and " + other.path +
                                               " would answer the same requests");
  targets.push_back({route.method, route.path, std::move(names), route.handler, route.body, route.head});
}

// One look-up: walks all ways through the tree in order of preference.
class Search final {
 public:
  Search(const std::vector<std::string>& segments, std::string_view method)
      : segments_(segments), method_(method) {}

  const Target* walk(const Node& node, std::size_t at) {
    if (at == segments_.size()) return pick(node.targets);
    if (const auto literal = node.literals.find(segments_[at]); literal != node.literals.end())
      if (const Target* found = walk(*literal->second, at + 1)) return found;
    if (node.parameter && !segments_[at].empty()) {
      values_.push_back(segments_[at]);
      if (const Target* found = walk(*node.parameter, at + 1)) return found;
      values_.pop_back();
    }
    if (node.rest_targets.empty()) return nullptr;
    std::string rest = segments_[at];
    for (std::size_t i = at + 1; i < segments_.size(); ++i) rest += "/" + segments_[i];
    values_.push_back(std::move(rest));
    if (const Target* found = pick(node.rest_targets)) return found;
    values_.pop_back();
    return nullptr;
  }

  std::vector<std::string>& values() { return values_; }
  // What other methods the path knows: "GET, HEAD, POST".
  std::string allow() {
    if (head_as_get_) note("HEAD");
    note("OPTIONS");
    std::sort(allowed_.begin(), allowed_.end());
    std::string text;
    for (const auto& method : allowed_) text += (text.empty() ? "" : ", ") + method;
    return text;
  }
  bool knows_path() const { return !allowed_.empty(); }

 private:
  const Target* pick(const std::vector<Target>& targets) {
    const Target* get = nullptr;
    for (const Target& target : targets) {
      if (target.method == method_) return &target;
      const bool heads = target.method == "GET" && target.head == Head::as_get;
      head_as_get_ = head_as_get_ || heads;
      if (heads && method_ == "HEAD") get = &target;
      note(target.method);
    }
    return get;
  }
  bool contains(std::string_view method) const {
    return std::find(allowed_.begin(), allowed_.end(), method) != allowed_.end();
  }
  void note(const std::string& method) {
    if (!contains(method)) allowed_.push_back(method);
  }

  const std::vector<std::string>& segments_;
  std::string_view method_;
  std::vector<std::string> values_;
  std::vector<std::string> allowed_;
  bool head_as_get_ = false;
};

// The decoded segments; nullopt for what no route may see.
std::optional<std::vector<std::string>> decode(std::string_view path) {
  if (path.empty() || path.front() != '/') return std::nullopt;
  std::vector<std::string> segments;
  for (const std::string_view segment : split(path)) {
    auto decoded = percent_decode(segment);
    if (!decoded || *decoded == "." || *decoded == ".." || decoded->find('\0') != std::string::npos)
      return std::nullopt;
    segments.push_back(std::move(*decoded));
  }
  return segments;
}

}  // namespace

struct Router::Table {
  Node root;
};

Router::Router() : table_(std::make_shared<const Table>()) {}
Router::~Router() = default;

std::shared_ptr<const Router::Table> Router::table() const {
  std::lock_guard lock(mutex_);
  return table_;
}

void Router::set(const std::string& group, std::vector<Route> routes) {
  std::lock_guard lock(mutex_);
  auto groups = groups_;
  groups[group] = std::move(routes);
  if (groups[group].empty()) groups.erase(group);
  auto table = std::make_shared<Table>();
  for (const auto& [name, members] : groups)
    for (const Route& route : members) insert(table->root, route);
  groups_ = std::move(groups);
  table_ = std::move(table);
}

BodyReading Router::body_reading(const HttpRequest& head) const {
  const auto table_now = table();
  const auto segments = decode(head.path);
  if (!segments) return BodyReading::whole;
  const Target* target = Search(*segments, head.method).walk(table_now->root, 0);
  return target == nullptr ? BodyReading::whole : target->body;
}

HttpResponse Router::handle(Fiber& fiber, HttpRequest& request) const {
  const auto table_now = table();
  const auto segments = decode(request.path);
  if (!segments && request.path != "*")
    return problem_response(400, "the path has a broken escape or a segment that is not allowed");
  if (!segments) return problem_response(404, "nothing is found at this path");
  Search search(*segments, request.method);
  const Target* target = search.walk(table_now->root, 0);
  if (target == nullptr && !search.knows_path())
    return problem_response(404, "nothing is found at this path");
  if (target == nullptr && request.method == "OPTIONS") {
    HttpResponse response;
    response.status = 204;
    response.headers.add("Allow", search.allow());
    return response;
  }
  if (target == nullptr) {
    HttpResponse response = problem_response(405, "this path does not know " + request.method);
    response.headers.add("Allow", search.allow());
    return response;
  }
  request.route = target->path;
  request.path_parameters.clear();
  for (std::size_t i = 0; i < target->names.size(); ++i)
    request.path_parameters.push_back({target->names[i], std::move(search.values()[i])});
  return target->handler(fiber, request);
}

}  // namespace junctor
