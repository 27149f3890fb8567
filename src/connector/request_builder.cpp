#include "connector/request_builder.h"

#include <algorithm>

#include "connector/multipart.h"
#include "json/serialize.h"
#include "junctor/clock.h"

namespace junctor::connector {
namespace {

void add_parameter(std::vector<Parameter>& query, const std::string& name, const Json& value, ListStyle style) {
  const auto* list = value.if_array();
  if (value.is_null()) return;
  if (list == nullptr) {
    query.push_back({name, scalar_text(value)});
    return;
  }
  if (style == ListStyle::comma) {
    std::string joined;
    for (const Json& item : *list) joined += (joined.empty() ? "" : ",") + scalar_text(item);
    query.push_back({name, joined});
    return;
  }
  for (const Json& item : *list) {
    query.push_back({style == ListStyle::brackets ? name + "[]" : name, scalar_text(item)});
  }
}

void set_parameter(std::vector<Parameter>& query, const std::string& name, const Json& value) {
  std::erase_if(query, [&](const Parameter& one) { return one.name == name; });
  add_parameter(query, name, value, ListStyle::repeat);
}

bool is_query_method(const std::string& method) { return method == "GET" || method == "HEAD" || method == "DELETE"; }

class Builder final {
 public:
  Builder(const CompiledCall& call, const CallScope& scope, const Json& input, const PageTurn& turn)
      : call_(call), scope_(scope), input_(input), turn_(turn),
        root_(call.computes_request ? request_root(scope, input, turn) : Json()) {}

  ClientRequest build() {
    place_params();
    request_.method = call_.call.method;
    request_.url = url();
    add_headers();
    add_body();
    for (const Header& header : headers_) request_.header(header.name, header.value);
    request_.caller_ended = scope_.caller_ended;
    request_.timeouts = {call_.timeouts.connect, call_.timeouts.first_byte, call_.timeouts.total};
    request_.most_response_bytes = call_.max_response_bytes;
    return std::move(request_);
  }

 private:
  // ---- where each parameter goes

  void place_params() {
    const auto* object = input_.if_object();
    if (object == nullptr) return;
    if (call_.params.empty()) {
      for (const auto& [key, value] : *object) place(std::string(key), std::string(key), value, std::nullopt, ListStyle::repeat);
      return;
    }
    for (const Param& param : call_.params) {
      const Json* value = object->if_contains(param.name);
      if (value != nullptr) place(param.name, param.as.empty() ? param.name : param.as, *value, param.to, param.list_style);
    }
  }

  void place(const std::string& name, const std::string& as, const Json& value, std::optional<SendPlace> to,
             ListStyle style) {
    switch (to.value_or(usual_place(name))) {
      case SendPlace::query: return add_parameter(query_, as, value, style);
      case SendPlace::header:
        if (!value.is_null()) headers_.set(as, scalar_text(value));
        return;
      case SendPlace::cookie: return add_cookie(as, value);
      case SendPlace::body: fields_[as] = value; return;
      case SendPlace::path:
      case SendPlace::none: return;
    }
  }

  SendPlace usual_place(const std::string& name) const {
    if (call_.path.names(name) || call_.base_url.names(name) || is_file(name)) return SendPlace::none;
    if (is_query_method(call_.call.method)) return SendPlace::query;
    return call_.body.empty() && call_.parts.empty() ? SendPlace::body : SendPlace::none;
  }

  bool is_file(const std::string& name) const {
    if (call_.call.body_kind == BodyKind::file) return scope_.uploads.contains(name);
    for (const CompiledPart& part : call_.parts) {
      if (part.part.file == name) return true;
    }
    return false;
  }

  // ---- URL

  std::string url() {
    if (turn_.url) return *turn_.url;
    const std::string path = call_.path.fill(input_, scope_.vars, CompiledTemplate::Encode::percent);
    std::string url = is_absolute(path) ? "" : call_.base_url.fill(input_, scope_.vars, CompiledTemplate::Encode::none);
    while (url.ends_with('/')) url.pop_back();
    url += path;
    for (const CompiledValue& declared : call_.queries) {
      for_members(declared, [this](const std::string& name, const Json& value) { set_parameter(query_, name, value); });
    }
    for (const auto& [name, value] : turn_.query) set_parameter(query_, std::string(name), value);
    if (query_.empty()) return url;
    return url + (url.find('?') == std::string::npos ? "?" : "&") + to_query(query_);
  }

  static bool is_absolute(const std::string& path) {
    return path.starts_with("https://") || path.starts_with("http://");
  }

  // ---- headers

  template <typename Take>
  void for_members(const CompiledValue& declared, Take take) {
    if (declared.is_constant()) return each(declared.constant(), take);
    each(declared.evaluate(root_), take);
  }
  template <typename Take>
  static void each(const Json& json, Take take) {
    if (const auto* object = json.if_object()) {
      for (const auto& [key, value] : *object) take(std::string(key), value);
    }
  }

  void add_cookie(const std::string& name, const Json& value) {
    if (value.is_null()) return;
    const std::string text = scalar_text(value);
    // It would be another cookie, or another header.
    const auto is_foreign = [](char c) { return c == ';' || static_cast<unsigned char>(c) < ' ' || c == '\x7F'; };
    if (std::any_of(text.begin(), text.end(), is_foreign))
      throw Failure(FailureKind::invalid, "the value of the cookie " + name + " has a character that no cookie can hold");
    cookies_ += (cookies_.empty() ? "" : "; ") + name + "=" + text;
  }

  void set_header(const std::string& name, const Json& value) {
    if (!value.is_null()) headers_.set(name, scalar_text(value));
  }

  void add_headers() {
    for_members(call_.default_headers, [this](const std::string& name, const Json& value) {
      if (takes_default_type() || !equal_ignoring_case(name, "Content-Type")) set_header(name, value);
    });
    for_members(call_.headers, [this](const std::string& name, const Json& value) { set_header(name, value); });
    for (const auto& [name, value] : turn_.headers) set_header(std::string(name), value);
    for_members(call_.cookies, [this](const std::string& name, const Json& value) { add_cookie(name, value); });
    if (!cookies_.empty()) headers_.set("Cookie", cookies_);
    const bool file = call_.call.response.kind == ResponseKind::file;
    if (!headers_.contains("Accept")) headers_.set("Accept", file ? "*/*" : "application/json");
    add_idempotency();
  }

  // A content type for all actions is about their JSON: the other kinds of body know their own.
  bool takes_default_type() const {
    const BodyKind kind = call_.call.body_kind;
    return kind != BodyKind::form && kind != BodyKind::multipart && kind != BodyKind::file;
  }

  void add_idempotency() {
    if (!call_.idempotency || headers_.get(call_.idempotency->header).value_or("") != "") return;
    const std::string key = call_.idempotency_key.empty() ? scope_.idempotency_key
                                                          : call_.idempotency_key.text(root_).value_or("");
    if (!key.empty()) headers_.set(call_.idempotency->header, key);
  }

  // ---- body

  // The declared one of this body, else a header, else what is usual.
  void content_type(const std::string& usual) {
    const std::string& declared = call_.call.content_type;
    if (!declared.empty()) headers_.set("Content-Type", declared);
    else if (!headers_.contains("Content-Type")) headers_.set("Content-Type", usual);
  }

  // The declared body, or the parameters that go there, with what the page changes.
  Json body_value() {
    Json value = call_.body.empty() ? Json(std::move(fields_)) : call_.body.evaluate(root_);
    if (auto* object = value.if_object()) {
      if (!call_.body.empty()) {
        for (const auto& [key, extra] : fields_) (*object)[key] = extra;
      }
      for (const auto& [key, changed] : turn_.body) (*object)[key] = changed;
    }
    return value;
  }

  void add_body() {
    const BodyKind kind = call_.call.body_kind;
    if (kind == BodyKind::multipart) return add_multipart();
    if (kind == BodyKind::file) return add_file();
    if (kind == BodyKind::graphql) return add_graphql();
    const bool bare = call_.body.empty() && fields_.empty() && turn_.body.empty();
    if (kind == BodyKind::none || bare) return;
    const Json value = body_value();
    if (value.is_null()) return;
    if (kind == BodyKind::form) {
      content_type("application/x-www-form-urlencoded");
      std::vector<Parameter> form;
      each(value, [&](const std::string& name, const Json& one) { add_form(form, name, one); });
      request_.body = to_query(form);
    } else if (kind == BodyKind::raw) {
      content_type("text/plain; charset=utf-8");
      request_.body = scalar_text(value);
    } else {
      content_type("application/json");
      request_.body = json::to_text(value);
    }
  }

  // Nested members as name[member], which is what form APIs with structure take.
  static void add_form(std::vector<Parameter>& form, const std::string& name, const Json& value) {
    if (const auto* object = value.if_object()) {
      for (const auto& [key, inner] : *object) add_form(form, name + "[" + std::string(key) + "]", inner);
    } else if (const auto* list = value.if_array()) {
      for (std::size_t i = 0; i < list->size(); ++i) {
        const bool nested = (*list)[i].is_structured();
        add_form(form, name + (nested ? "[" + std::to_string(i) + "]" : "[]"), (*list)[i]);
      }
    } else if (!value.is_null()) {
      form.push_back({name, scalar_text(value)});
    }
  }

  void add_graphql() {
    const GraphqlRequest& graphql = *call_.call.graphql;
    Json variables = call_.variables.empty() ? Json(std::move(fields_)) : call_.variables.evaluate(root_);
    if (auto* object = variables.if_object()) {
      for (const auto& [key, changed] : turn_.body) (*object)[key] = changed;
    }
    JsonObject body{{"query", graphql.query}, {"variables", std::move(variables)}};
    if (!graphql.operation_name.empty()) body["operationName"] = graphql.operation_name;
    content_type("application/json");
    request_.body = json::to_text(Json(std::move(body)));
  }

  const UploadFile& upload(const std::string& name) const {
    const auto given = scope_.uploads.find(name);
    if (given == scope_.uploads.end())
      throw Failure(FailureKind::invalid, call_.action + " needs the file " + name);
    return given->second;
  }

  bool may_lack(const std::string& name) const {
    if (scope_.uploads.contains(name)) return false;
    return std::any_of(call_.files.begin(), call_.files.end(),
                       [&](const FileParam& one) { return one.name == name && !one.required; });
  }

  void add_file() {
    const UploadFile& file = scope_.uploads.size() == 1 ? scope_.uploads.begin()->second : upload(call_.files.front().name);
    content_type(file.content_type);
    request_.upload = file.read;
    request_.upload_bytes = file.size_bytes;
  }

  void add_multipart() {
    MultipartBody body;
    for (const auto& [name, value] : fields_) body.add_field(std::string(name), scalar_text(value), "");
    for (const CompiledPart& one : call_.parts) {
      if (one.part.file.empty()) {
        const Json value = one.value.evaluate(root_);
        if (!value.is_null()) body.add_field(one.part.name, scalar_text(value), one.part.content_type);
        continue;
      }
      if (may_lack(one.part.file)) continue;
      UploadFile file = upload(one.part.file);
      if (!one.filename.empty()) file.filename = scalar_text(one.filename.evaluate(root_));
      if (!one.part.content_type.empty()) file.content_type = one.part.content_type;
      body.add_file(one.part.name, std::move(file));
    }
    headers_.set("Content-Type", body.content_type());
    std::move(body).put_into(request_);
  }

  const CompiledCall& call_;
  const CallScope& scope_;
  const Json& input_;
  const PageTurn& turn_;
  const Json root_;
  ClientRequest request_;
  std::vector<Parameter> query_;
  Headers headers_;
  JsonObject fields_;
  std::string cookies_;
};

}  // namespace

Json request_root(const CallScope& scope, const Json& input, const PageTurn& turn) {
  return JsonObject{{"input", input},
                    {"vars", scope.vars},
                    {"connection", JsonObject{{"id", scope.connection}, {"name", scope.connection_name}}},
                    {"idempotency_key", scope.idempotency_key},
                    {"now", to_string(system_clock().now())},
                    {"page", turn.number}};
}

ClientRequest build_request(const CompiledCall& call, const CallScope& scope, const Json& input,
                            const PageTurn& turn) {
  return Builder(call, scope, input, turn).build();
}

// Member by member, as secrets do not copy: none is in there yet.
ClientRequest copy_of(const ClientRequest& built) {
  ClientRequest out;
  out.method = built.method;
  out.url = built.url;
  for (const ClientHeader& header : built.headers) out.header(header.name, std::get<std::string>(header.value));
  out.body = std::get<std::string>(built.body);
  out.upload = built.upload;
  out.upload_bytes = built.upload_bytes;
  out.caller_ended = built.caller_ended;
  out.timeouts = built.timeouts;
  out.most_response_bytes = built.most_response_bytes;
  out.resend = built.resend;
  return out;
}

}  // namespace junctor::connector
