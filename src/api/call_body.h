// The body of a call: its input, and the files that come with it.
//
//   application/json      the input, whatever the action takes: a file of JSON comes as a part of a form
//   multipart/form-data   `input`, a part of JSON; every other part with a file name is a file of the part's name; a
//                         part without one is a member of the input, as text; repeated, where that is a list
//   anything else, for an action that takes one file and needs it: that file; its name is in Content-Disposition, and
//                         what would stand in the body is in the query
//
// Texts are bounded by the setting body_limit, everything together by upload_limit; files are on disk.
//
// Threads: any loop.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "api/action_input.h"
#include "api/spool.h"
#include "engine/registry.h"
#include "junctor/fiber.h"
#include "net/http.h"

namespace junctor::api {

struct FormBody {
  FormTexts texts;
  UploadFiles files;
};

struct CallBody {
  Json input = JsonObject();
  UploadFiles files;
};

// Problems: an input that is no JSON object, a part that is no parameter; path is "body". Throws Failure{invalid,
// too_large, no_space, unavailable}. places: heeded on an action's own route.
Result<CallBody> read_call(Fiber& fiber, const LoadedAction& action, HttpRequest& request, Spool& spool, Places places);

// Whether the request's body is a form with parts.
bool is_form(const HttpRequest& request);

// text_part: a text also where it comes with a file name, as a browser's Blob or a tool's file does. Throws
// Failure{invalid} for what is no form, a file, or the text part, that comes twice; {too_large} beyond a bound.
FormBody read_form(Fiber& fiber, HttpRequest& request, Spool& spool, std::string_view text_part);

// The whole body into request.body. Throws Failure{too_large}.
void read_text(Fiber& fiber, HttpRequest& request, std::size_t most_bytes);

}  // namespace junctor::api
