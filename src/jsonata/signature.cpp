#include "jsonata/signature.h"

#include "jsonata/messages.h"

namespace junctor::jsonata {
namespace {

std::uint32_t bits(std::string_view of) {
  std::uint32_t out = 0;
  for (const char c : of) out |= symbol_bit(c);
  return out;
}

std::size_t closing(std::string_view text, std::size_t start, char open, char close) {
  int depth = 1;
  std::size_t i = start;
  while (i < text.size()) {
    ++i;
    if (i >= text.size()) break;
    if (text[i] == close) {
      if (--depth == 0) break;
    } else if (text[i] == open) {
      ++depth;
    }
  }
  return i;
}

SignatureParam simple(char symbol) {
  SignatureParam p;
  p.type = symbol;
  switch (symbol) {
    case 'a':
    case 'x': p.accepts = bits("asnblfom"); break;
    case 'j': p.accepts = bits("asnblom"); break;
    case 'f': p.accepts = bits("f"); break;
    default: p.accepts = symbol_bit(symbol) | symbol_bit('m');
  }
  return p;
}

}  // namespace

char symbol_of(Value value) {
  switch (value.tag) {
    case Tag::null: return 'l';
    case Tag::boolean: return 'b';
    case Tag::number: return 'n';
    case Tag::string: return 's';
    case Tag::json_array:
    case Tag::array: return 'a';
    case Tag::json_object:
    case Tag::object: return 'o';
    case Tag::function: return 'f';
    default: return 'm';
  }
}

std::shared_ptr<const Signature> Signature::parse(std::string_view text, std::size_t position) {
  auto out = std::make_shared<Signature>();
  std::vector<SignatureParam>& params = out->params;
  for (std::size_t i = 1; i < text.size() && text[i] != ':'; ++i) {
    const char c = text[i];
    if (std::string_view("snbloafjx").find(c) != std::string_view::npos) {
      params.push_back(simple(c));
      out->takes_arrays |= c == 'a';
    } else if (c == '-' || c == '?' || c == '+') {
      if (params.empty()) continue;
      params.back().context |= c == '-';
      params.back().optional |= c != '+';
      params.back().many |= c == '+';
      if (c == '+') out->plain = false;
    } else if (c == '(') {
      const std::size_t end = closing(text, i, '(', ')');
      const std::string_view choice = text.substr(i + 1, end - i - 1);
      if (choice.find('<') != std::string_view::npos) {
        throw make_error("S0402", {.position = position + i, .value = std::string(choice)});
      }
      SignatureParam p;
      p.type = '(';
      p.accepts = bits(choice) | symbol_bit('m');
      params.push_back(p);
      i = end;
    } else if (c == '<') {
      if (params.empty() || (params.back().type != 'a' && params.back().type != 'f')) {
        throw make_error("S0401", {.position = position + i,
                                   .value = params.empty() ? "nothing"
                                                           : std::string(1, params.back().type)});
      }
      const std::size_t end = closing(text, i, '<', '>');
      params.back().subtype = text.substr(i + 1, end - i - 1);
      params.back().subtype_bit = symbol_bit(params.back().subtype.empty() ? '\0' : params.back().subtype[0]);
      i = end;
    }
  }
  return out;
}

}  // namespace junctor::jsonata
