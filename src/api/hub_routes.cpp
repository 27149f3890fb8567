#include "api/hub_routes.h"

#include <algorithm>
#include <string>

#include "junctor/fiber.h"
#include "net/problem.h"

namespace junctor::api {
namespace {

constexpr std::string_view policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'";

constexpr std::string_view not_built = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Junctor: the hub is not built</title>
<h1>The hub is not in this binary</h1>
<p>Its pages are built with Node.js 18 or later and npm, and become part of the binary when it is built after them:</p>
<pre>
./scripts/build-hub
cmake --build --preset release --target junctor
</pre>
<p>Then start <code>junctor serve</code> again. Everything the hub shows is also at the management API below <code>/v1</code>.</p>
</html>
)";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Whether any element of the comma-separated values of a header fits.
template <typename Fits>
bool any_element(const HttpRequest& request, std::string_view name, Fits&& fits) {
  for (std::string_view list : request.headers.get_all(name))
    while (!list.empty()) {
      const std::size_t end = std::min(list.find(','), list.size());
      if (fits(trimmed(list.substr(0, end)))) return true;
      list.remove_prefix(std::min(end + 1, list.size()));
    }
  return false;
}

bool is_zero(std::string_view quality) { return quality.find_first_not_of("0.") == std::string_view::npos; }

// Whether a header such as Accept names this with a quality above 0.
bool accepts(const HttpRequest& request, std::string_view header, std::string_view wanted) {
  return any_element(request, header, [&](std::string_view element) {
    const std::size_t semicolon = std::min(element.find(';'), element.size());
    if (!equal_ignoring_case(trimmed(element.substr(0, semicolon)), wanted)) return false;
    const std::size_t quality = element.find("q=", semicolon);
    return quality == std::string_view::npos || !is_zero(trimmed(element.substr(quality + 2)));
  });
}

bool is_navigation(const HttpRequest& request) {
  return request.method == "GET" && accepts(request, "Accept", "text/html");
}

HttpResponse guarded(HttpResponse response) {
  response.headers.set("Content-Security-Policy", std::string(policy));
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Referrer-Policy", "no-referrer");
  response.headers.set("Cross-Origin-Opener-Policy", "same-origin");
  response.headers.set("Cross-Origin-Resource-Policy", "same-origin");
  return response;
}

HttpResponse serve(const HubFile& file, const HttpRequest& request) {
  const bool compressed = !file.gzip.empty() && accepts(request, "Accept-Encoding", "gzip");
  const std::string tag = "\"" + std::string(file.digest) + (compressed ? "-gzip\"" : "\"");
  const bool known = any_element(request, "If-None-Match", [&](std::string_view given) {
    if (given.starts_with("W/")) given.remove_prefix(2);
    return given == tag || given == "*";
  });
  HttpResponse response;
  response.status = known ? 304 : 200;
  response.headers.set("ETag", tag);
  response.headers.set("Vary", "Accept-Encoding");
  // The names below assets/ change with their content.
  response.headers.set("Cache-Control", file.path.starts_with("assets/")
                                            ? "public, max-age=31536000, immutable"
                                            : "no-cache");
  if (known) return guarded(std::move(response));
  response.headers.set("Content-Type", std::string(file.content_type));
  if (compressed) response.headers.set("Content-Encoding", "gzip");
  response.body = std::string(compressed ? file.gzip : file.bytes);
  return guarded(std::move(response));
}

const HubFile* find(std::span<const HubFile> files, std::string_view path) {
  const auto found =
      std::find_if(files.begin(), files.end(), [&](const HubFile& file) { return file.path == path; });
  return found == files.end() ? nullptr : &*found;
}

HttpResponse answer(std::span<const HubFile> files, const HttpRequest& request) {
  const std::string path(request.path_value("path").value_or(""));
  if (const HubFile* file = find(files, path)) return serve(*file, request);
  const bool page = path.empty() || (is_navigation(request) && !path.starts_with("assets/"));
  if (!page) return guarded(problem_response(404, "the hub has no such file"));
  if (const HubFile* index = find(files, "index.html")) return serve(*index, request);
  HttpResponse response = HttpResponse::text(200, std::string(not_built), "text/html; charset=utf-8");
  response.headers.set("Cache-Control", "no-store");
  return guarded(std::move(response));
}

}  // namespace

std::vector<Route> hub_routes(std::span<const HubFile> files) {
  return {{"GET", "/hub", [](Fiber&, HttpRequest&) { return HttpResponse::redirect(302, "/hub/"); }},
          {"GET", "/hub/{path*}",
           [files](Fiber&, HttpRequest& request) { return answer(files, request); }}};
}

HttpHandler home_leads_to_hub(HttpHandler handler) {
  return [handler = std::move(handler)](Fiber& fiber, HttpRequest& request) {
    HttpResponse response = handler(fiber, request);
    if (response.status != 404 || request.path != "/" || !request.route.empty() || !is_navigation(request))
      return response;
    return HttpResponse::redirect(302, "/hub/");
  };
}

}  // namespace junctor::api
