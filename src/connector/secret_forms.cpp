#include "connector/secret_forms.h"

#include <algorithm>
#include <array>

#include "base/crypto.h"
#include "connector/redaction.h"
#include "net/http.h"

namespace junctor::connector {
namespace {

std::string with_small_escapes(std::string text) {
  for (std::size_t at = 0; (at = text.find('%', at)) != std::string::npos; at += 3)
    for (std::size_t i = at + 1; i < std::min(at + 3, text.size()); ++i)
      if (text[i] >= 'A' && text[i] <= 'F') text[i] = static_cast<char>(text[i] - 'A' + 'a');
  return text;
}

// As it stands between the quotes of a JSON text. Some escape these characters alone, some the solidus as well.
std::string in_json(std::string_view text, std::string_view escaped) {
  std::string out;
  out.reserve(2 * text.size());
  for (const char c : text) {
    if (escaped.find(c) != escaped.npos) out += '\\';
    out += c;
  }
  return out;
}

// As a page of HTML shows it. An apostrophe has several names.
std::string in_html(std::string_view text, std::string_view apostrophe) {
  std::string out;
  out.reserve(6 * text.size());
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += apostrophe; break;
      default: out += c;
    }
  }
  return out;
}

// A blank is spelled `blank` in text.
std::string with_plus_for_blanks(std::string_view text, std::string_view blank) {
  std::string out;
  for (std::size_t end = 0; (end = text.find(blank)) != std::string_view::npos; text.remove_prefix(end + blank.size())) {
    out += text.substr(0, end);
    out += '+';
  }
  return out += text;
}

}  // namespace

void each_other_form(std::string_view secret, const std::function<void(std::string_view)>& see) {
  std::string percent = percent_encode(secret);
  std::array<std::string, 9> forms = {percent,
                                      with_small_escapes(percent),
                                      with_plus_for_blanks(percent, "%20"),
                                      with_plus_for_blanks(secret, " "),
                                      in_json(secret, "\"\\"),
                                      in_json(secret, "\"\\/"),
                                      in_html(secret, "'"),
                                      in_html(secret, "&#39;"),
                                      in_html(secret, "&#x27;")};
  for (auto form = forms.begin(); form != forms.end(); ++form)
    if (*form != secret && std::find(forms.begin(), form, *form) == form) see(*form);
  for (std::string& form : forms) crypto::wipe(form);
  crypto::wipe(percent);
}

void cut(std::string& text, std::string_view secret) {
  if (secret.size() < shortest_secret) return;
  for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += redacted.size())
    text.replace(at, secret.size(), redacted);
}

}  // namespace junctor::connector
