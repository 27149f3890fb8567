// Files that handlers give to the actions they call, and take from them.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "base/crypto.h"
#include "engine/test_engine.h"
#include "junctor/context.h"
#include "junctor/define.h"

namespace junctor {
namespace {

using testing::HasSubstr;

std::string definition(const std::string& url) {
  return "slug: drive\nendpoints: {base_url: '" + url + "'}\nschemas: {told: {schema: {type: object, required: [id]}}}\nactions:\n"
         "  work: {api: {path: /never}}\n"
         "  keep:\n"
         "    params: {doc: {ui_type: file, required: true}, more: {ui_type: file}, title: {}}\n"
         "    api: {method: PUT, path: /keep, retry: {wait: 1ms}, body_kind: multipart, multipart: {title: {value: =input.title}, doc: {file: doc}, more: {file: more}, name: {value: =input.doc}}}\n"
         "  fetch: {memoize: 1h, output: told, api: {path: /fetch, cache: 1h, response: {kind: file, map: \"{'id': 1}\"}}}\n";
}

class Files : public testing::Test {
 protected:
  HttpResponse answer(const HttpRequest& request, std::size_t call) {
    if (request.path == "/fetch") return HttpResponse::text(200, std::string(100'000, 'z'), "application/pdf");
    if (refuses_) return HttpResponse::text(422, "no");
    return fails_first_ && call == 0 ? HttpResponse::text(503, "busy") : HttpResponse::json(200, JsonObject{{"ok", true}});
  }
  // What the handler `work` makes of it.
  Json work(std::function<Json(Context&)> handler) {
    Integration integration = connector::load_integration(definition(api_.url()), "test.yaml").value_or_throw();
    for (Action& action : integration.actions)
      if (action.slug == "work") {
        action.api.reset();
        action.handler = ActionHandler([&](Context& context, const Json&) { return handler(context); });
      }
    engine_.registry.set(std::make_shared<Registry>(std::vector{LoadedIntegration::load(std::move(integration)).value_or_throw()}));
    Json out;
    run_in_fiber([&](Fiber& fiber) {
      CallScope scope;
      scope.tenant = default_tenant();
      scope.run = RunId::generate();
      out = engine_.actions.call(fiber, scope, "drive", "work", JsonObject(), trace_);
    });
    return out;
  }
  std::string refusal(const CallOptions& options, const char* action = "keep", const JsonObject& input = {}) {
    std::string said = "none";
    work([&](Context& context) -> Json {
      try {
        context.call(action, input, options);
      } catch (const Failure& failure) {
        said = std::string(to_string(failure.kind())) + ": " + failure.message();
      }
      return nullptr;
    });
    return said;
  }

  bool fails_first_ = false;
  bool refuses_ = false;
  connector::TestApi api_{[this](const HttpRequest& request, std::size_t call) { return answer(request, call); }};
  TestEngine engine_{{definition(api_.url())}};
  CallTrace trace_;
};

TEST_F(Files, go_up_from_a_path_and_from_memory_again_when_the_call_is_tried_again) {
  const auto path = std::filesystem::temp_directory_path() / ("junctor-" + crypto::to_hex(crypto::random_bytes(8)));
  std::ofstream(path) << "on disk";
  fails_first_ = true;
  work([&](Context& context) {
    CallOptions options;
    options.files["doc"] = upload_of_path(path, "text/csv");
    options.files["more"] = upload_of_text("in memory", "m.txt", "text/plain");
    return context.call("keep", {{"title", "T"}}, options);
  });
  std::filesystem::remove(path);
  ASSERT_EQ(api_.seen().size(), 2u);
  for (const HttpRequest& sent : api_.seen()) {
    EXPECT_THAT(sent.body, HasSubstr("filename=\"" + path.filename().string() + "\"\r\nContent-Type: text/csv\r\n\r\non disk\r\n"));
    EXPECT_THAT(sent.body, HasSubstr("filename=\"m.txt\"\r\nContent-Type: text/plain\r\n\r\nin memory\r\n"));
    EXPECT_THAT(sent.body, HasSubstr("name=\"name\"\r\n\r\n" + path.filename().string() + "\r\n"));
    EXPECT_THAT(sent.body, HasSubstr("name=\"title\"\r\n\r\nT\r\n"));
  }
  EXPECT_EQ(trace_.counters.at("uploaded_bytes"), 16);
  EXPECT_EQ(trace_.calls.back().request_body, "");
  EXPECT_EQ(trace_.calls.back().request_bytes, api_.seen().back().body.size());
}

TEST_F(Files, are_counted_as_far_as_they_went_when_the_call_fails) {
  refuses_ = true;
  CallOptions options;
  options.files["doc"] = upload_of_text("in memory");
  EXPECT_THAT(refusal(options), HasSubstr("invalid: "));
  EXPECT_EQ(trace_.counters.at("uploaded_bytes"), 9);
  options.files["doc"].size_bytes.reset();
  options.files["doc"].rewind = {};
  options.files["doc"].read = [sent = false](Fiber&, std::span<char> into) mutable -> std::size_t {
    if (std::exchange(sent, true)) throw Failure(FailureKind::unavailable, "the disk is away");
    std::fill_n(into.data(), 5, 'x');
    return 5;
  };
  EXPECT_THAT(refusal(options), HasSubstr("the disk is away"));
  EXPECT_EQ(trace_.counters.at("uploaded_bytes"), 9 + 5);
}

TEST_F(Files, come_down_into_a_sink_past_maps_schemas_and_caches) {
  for (int i = 1; i <= 2; ++i) {
    std::string arrived;
    std::optional<DownloadHead> head;
    const Json told = work([&](Context& context) {
      CallOptions options;
      options.download.begin = [&](const DownloadHead& given) { head = given; };
      options.download.take = [&](Fiber&, std::string_view piece) { arrived += piece; };
      return context.call("fetch", JsonObject(), options);
    });
    EXPECT_EQ(arrived, std::string(100'000, 'z'));
    ASSERT_TRUE(head);
    EXPECT_EQ(head->content_type, "application/pdf");
    EXPECT_EQ(head->size_bytes, 100'000u);
    EXPECT_EQ(told, Json(JsonObject({{"bytes", 100'000}, {"content_type", "application/pdf"}})));
    EXPECT_EQ(trace_.counters.at("downloaded_bytes"), i * 100'000);
  }
  EXPECT_EQ(trace_.calls.back().response_body, "");
  EXPECT_EQ(trace_.calls.back().response_bytes, 100'000u);
  // Without a sink the output is what the definition makes of it.
  EXPECT_EQ(work([](Context& context) { return context.call("fetch", JsonObject()); }), Json(JsonObject({{"id", 1}})));
}

TEST_F(Files, and_calls_stand_in_the_trace_of_a_handler_that_throws_what_it_likes) {
  try {
    work([](Context& context) -> Json {
      CallOptions options;
      options.files["doc"] = upload_of_text("x");
      context.call("keep", JsonObject(), options);
      throw std::out_of_range("canary");
    });
    ADD_FAILURE() << "it goes on";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.kind(), FailureKind::bug);
    EXPECT_EQ(failure.message(), "drive.work failed with an error of its own; the log has it");
    EXPECT_EQ(failure.detail(), "canary");
  }
  EXPECT_EQ(trace_.calls.size(), 1u);
}

TEST_F(Files, stay_with_the_call_they_were_given_to) {
  const Json output = work([&](Context& context) {
    CallOptions options;
    options.files["doc"] = upload_of_text("x");
    context.call("keep", JsonObject(), options);
    return context.call("fetch", JsonObject());
  });
  EXPECT_EQ(output, Json(JsonObject({{"id", 1}})));
}

TEST_F(Files, are_refused_where_nobody_takes_or_gives_them) {
  CallOptions none;
  EXPECT_THAT(refusal(none), HasSubstr("invalid: the input of drive.keep does not fit: doc: found no file, expected one, beside the input: as a part \"doc\" of "
                                       "multipart/form-data, by `junctor plug call --file doc=PATH`, or from code"));
  CallOptions unknown;
  unknown.files["doc"] = upload_of_text("x");
  unknown.files["dco"] = upload_of_text("x");
  EXPECT_THAT(refusal(unknown), HasSubstr("dco: found a file of this name, expected one of its files: doc, more"));
  EXPECT_THAT(refusal(unknown, "fetch"), HasSubstr("expected none: the action takes no file"));
  unknown.files.erase("doc");
  EXPECT_THAT(refusal(unknown), testing::AllOf(HasSubstr("does not fit: dco: found a file of this name"), HasSubstr("\ndoc: found no file")));
  CallOptions sink;
  sink.files["doc"] = upload_of_text("x");
  sink.download.take = [](Fiber&, std::string_view) {};
  EXPECT_THAT(refusal(sink), HasSubstr("drive.keep gives no file"));
  EXPECT_TRUE(api_.seen().empty());
  EXPECT_THROW(upload_of_path("/nowhere/at/all"), Failure);
  EXPECT_THROW(upload_of_path("/"), Failure);
}

TEST_F(Files, are_no_members_of_the_input) {
  EXPECT_THAT(refusal({}, "keep", {{"doc", "a text"}}), HasSubstr("doc: found a member of the input, expected the file itself, beside the input: as a part \"doc\""));
  CallOptions options;
  options.files["doc"] = upload_of_text("x");
  EXPECT_THAT(refusal(options, "keep", {{"more", "a text"}}), HasSubstr("more: found a member of the input"));
  EXPECT_THAT(refusal(options, "keep", {{"doc", "x"}}), HasSubstr("doc: found a member of the input"));
  EXPECT_TRUE(api_.seen().empty());
  const auto& integration = *engine_.registry.get()->require("drive");
  EXPECT_EQ(input_schema(integration.definition, *integration.action("keep").definition),
            Json(JsonObject({{"type", "object"}, {"properties", JsonObject{{"title", JsonObject{{"type", "string"}, {"title", "Title"}}}}}})));
}

struct TakeInput {
  std::string title;
};
JUNCTOR_DESCRIBE(TakeInput, (title))

// A file that its caller hands to a coded action.
class TakenFiles : public Files {
 protected:
  using Handler = std::function<Json(Context&)>;
  Json take(UploadFiles files, const JsonObject& input, const Handler& handler) {
    const Param doc{.name = "doc", .ui_type = UiType::file, .required = true}, more{.name = "more", .ui_type = UiType::file};
    Integration desk = define_integration("desk")
                           .action("take", [&](Context& context, const TakeInput& given) -> Json {
                             EXPECT_EQ(given.title, "T");
                             return handler(context);
                           }, {.params = {doc, more}})
                           .build();
    auto drive = engine_.registry.get()->require("drive");
    engine_.registry.set(std::make_shared<Registry>(std::vector{drive, LoadedIntegration::load(std::move(desk)).value_or_throw()}));
    Json out;
    run_in_fiber([&](Fiber& fiber) {
      CallScope scope;
      scope.tenant = default_tenant();
      scope.run = RunId::generate();
      scope.files = std::move(files);
      out = engine_.actions.call(fiber, scope, "desk", "take", input, trace_);
    });
    return out;
  }
  static std::string all_of(Context& context, UploadFile& file) {
    std::string out;
    char buffer[3];
    while (const std::size_t count = file.read(context.fiber(), buffer)) out.append(buffer, count);
    return out;
  }
};

TEST_F(TakenFiles, have_name_type_size_and_content_and_may_go_on) {
  take({{"doc", upload_of_text("content", "a.csv", "text/csv")}}, {{"title", "T"}}, [&](Context& context) -> Json {
    std::optional<UploadFile> doc = context.file("doc");
    if (!doc) return ADD_FAILURE() << "no file", nullptr;
    EXPECT_EQ(doc->filename + " " + doc->content_type, "a.csv text/csv");
    EXPECT_EQ(doc->size_bytes, 7u);
    EXPECT_EQ(all_of(context, *doc), "content");
    doc->rewind();
    EXPECT_FALSE(context.file("more"));
    EXPECT_THROW(context.file("title"), Failure);
    CallOptions on;
    on.integration = "drive";
    on.files["doc"] = *doc;
    return context.call("keep", JsonObject(), on);
  });
  ASSERT_EQ(api_.seen().size(), 1u);
  EXPECT_THAT(api_.seen().front().body, HasSubstr("filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\ncontent\r\n"));
  EXPECT_EQ(trace_.counters.at("uploaded_bytes"), 7) << "what was given on";
}

TEST_F(TakenFiles, are_asked_for_as_those_of_a_declared_action_are) {
  const Handler never = [](Context&) -> Json { return ADD_FAILURE() << "it was called", nullptr; };
  const auto refused = [&](UploadFiles files, const JsonObject& input) -> std::string {
    try {
      take(std::move(files), input, never);
    } catch (const ShapeFailure& failure) {
      return failure.message();
    }
    return "none";
  };
  const UploadFile file = upload_of_text("x");
  EXPECT_THAT(refused({}, {{"title", "T"}}), HasSubstr("doc: found no file"));
  EXPECT_THAT(refused({{"doc", file}, {"dco", file}}, {{"title", "T"}}), HasSubstr("dco: found a file of this name, expected one of its files: doc, more"));
  EXPECT_THAT(refused({}, {{"title", "T"}, {"doc", "text"}}), HasSubstr("doc: found a member of the input"));
  EXPECT_THAT(refused({{"doc", file}}, JsonObject()), HasSubstr("'title' is missing"));
}

TEST_F(Files, are_kept_of_a_run_by_their_size) {
  const auto& action = engine_.registry.get()->require("drive")->action("fetch");
  EXPECT_EQ(kept_output(action, JsonObject{{"base64", "eHl6"}, {"content_type", "a/b"}}), Json(JsonObject({{"content_type", "a/b"}, {"bytes", 3}})));
  EXPECT_EQ(kept_output(action, JsonArray{JsonObject{{"base64", "eA=="}}}), Json(JsonArray({JsonObject{{"bytes", 1}}})));
  EXPECT_EQ(kept_output(action, JsonObject{{"id", 1}}), Json(JsonObject({{"id", 1}})));
}

}  // namespace
}  // namespace junctor
