#include "net/link_header.h"

#include <algorithm>

namespace junctor {
namespace {

constexpr std::size_t most_links = 256;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

class Reader final {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  void skip_space() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\t'))
      text_.remove_prefix(1);
  }
  bool take(char c) {
    skip_space();
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::string_view until_any(std::string_view stops) {
    const auto part = text_.substr(0, text_.find_first_of(stops));
    text_.remove_prefix(part.size());
    return part;
  }
  std::string quoted() {
    std::string out;
    while (!text_.empty() && text_.front() != '"') {
      if (text_.front() == '\\' && text_.size() > 1) text_.remove_prefix(1);
      out.push_back(text_.front());
      text_.remove_prefix(1);
    }
    take('"');
    return out;
  }
  bool empty() const { return text_.empty(); }

 private:
  std::string_view text_;
};

std::string_view trim_end(std::string_view text) {
  const auto last = text.find_last_not_of(" \t");
  return last == text.npos ? std::string_view() : text.substr(0, last + 1);
}

void add_relations(Link& link, std::string_view value) {
  while (!value.empty()) {
    const auto end = value.find_first_of(" \t");
    if (end != 0) link.relations.push_back(lower(value.substr(0, end)));
    if (end == value.npos) return;
    value.remove_prefix(end + 1);
  }
}

void read_parameters(Reader& reader, Link& link) {
  while (reader.take(';')) {
    reader.skip_space();
    const std::string name = lower(trim_end(reader.until_any("=;,")));
    std::string value;
    if (reader.take('=')) {
      if (reader.take('"')) {
        value = reader.quoted();
      } else {
        reader.skip_space();
        value = trim_end(reader.until_any(";,"));
      }
    }
    if (name.empty()) continue;
    // Of several rel parameters only the first counts.
    if (name == "rel" && link.relations.empty()) add_relations(link, value);
    link.parameters.push_back({name, std::move(value)});
  }
}

}  // namespace

std::vector<Link> parse_link_header(std::string_view value) {
  std::vector<Link> links;
  Reader reader(value);
  while (links.size() < most_links) {
    while (reader.take(',')) {
    }
    if (!reader.take('<')) break;
    Link link;
    link.target = reader.until_any(">");
    if (!reader.take('>')) break;
    read_parameters(reader, link);
    links.push_back(std::move(link));
  }
  return links;
}

std::optional<std::string> linked(const Headers& headers, std::string_view relation) {
  const std::string wanted = lower(relation);
  for (const std::string_view value : headers.get_all("Link"))
    for (Link& link : parse_link_header(value))
      if (std::find(link.relations.begin(), link.relations.end(), wanted) != link.relations.end())
        return std::move(link.target);
  return std::nullopt;
}

}  // namespace junctor
