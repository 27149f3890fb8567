#include "store/value.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "junctor/failure.h"

namespace junctor {

Uuid Row::uuid(int column) const {
  const std::string_view bytes = text(column);
  std::array<std::uint8_t, 16> out{};
  if (bytes.size() != out.size()) return Uuid();
  std::transform(bytes.begin(), bytes.end(), out.begin(),
                 [](char c) { return static_cast<std::uint8_t>(c); });
  return Uuid(out);
}

std::int64_t Rows::Owned::int64(int column) const {
  const Cell& value = at(column);
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  if (const auto* number = std::get_if<double>(&value)) return static_cast<std::int64_t>(*number);
  std::int64_t number = 0;
  if (const auto* digits = std::get_if<std::string>(&value))
    std::from_chars(digits->data(), digits->data() + digits->size(), number);
  return number;
}

double Rows::Owned::real(int column) const {
  const Cell& value = at(column);
  if (const auto* number = std::get_if<std::int64_t>(&value)) return static_cast<double>(*number);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  return 0;
}

std::string_view Rows::Owned::text(int column) const {
  const auto* bytes = std::get_if<std::string>(&at(column));
  return bytes ? std::string_view(*bytes) : std::string_view();
}

const Rows::Owned* Rows::one() const& {
  JUNCTOR_CHECK(rows_.size() <= 1);
  return rows_.empty() ? nullptr : &rows_.front();
}

}  // namespace junctor
