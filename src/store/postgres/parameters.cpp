#include "store/postgres/parameters.h"

#include <bit>
#include <cstring>
#include <memory>

#include "junctor/failure.h"

namespace junctor::postgres {
namespace {

// From the server's catalogue of types.
constexpr Oid bool_type = 16, bytea_type = 17, int8_type = 20, int2_type = 21, int4_type = 23,
              text_type = 25, float4_type = 700, float8_type = 701, numeric_type = 1700,
              jsonb_type = 3802, bytea_array = 1001, text_array = 1009, int8_array = 1016;

template <typename T>
void put_number(std::string& out, T value) {
  for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8)
    out += static_cast<char>(static_cast<std::uint64_t>(value) >> shift & 0xff);
}

std::uint64_t number(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

std::string array_header(Oid element, std::size_t count, bool has_null) {
  std::string out;
  put_number(out, std::int32_t{1});
  put_number(out, std::int32_t{has_null});
  put_number(out, static_cast<std::int32_t>(element));
  put_number(out, static_cast<std::int32_t>(count));
  put_number(out, std::int32_t{1});
  return out;
}

std::string bytes_array(Oid element, const std::vector<std::optional<std::string_view>>& values) {
  bool has_null = false;
  for (const auto& value : values) has_null = has_null || !value;
  std::string out = array_header(element, values.size(), has_null);
  for (const auto& value : values) {
    put_number(out, value ? static_cast<std::int32_t>(value->size()) : std::int32_t{-1});
    if (value) out += *value;
  }
  return out;
}

std::string int64_array(const std::vector<std::int64_t>& values) {
  std::string out = array_header(int8_type, values.size(), false);
  for (const std::int64_t value : values) {
    put_number(out, std::int32_t{8});
    put_number(out, value);
  }
  return out;
}

// Groups of four decimal digits: sums of integers come this way.
double numeric(std::string_view bytes) {
  if (bytes.size() < 8) return 0;
  const auto digits = static_cast<std::int16_t>(number(bytes.substr(0, 2)));
  const auto weight = static_cast<std::int16_t>(number(bytes.substr(2, 2)));
  double value = 0, scale = 1;
  for (int i = 0; i < weight; ++i) scale *= 10'000;
  for (int i = 0; i > weight; --i) scale /= 10'000;
  for (int i = 0; i < digits && bytes.size() >= 10 + 2 * static_cast<std::size_t>(i); ++i) {
    value += scale * static_cast<double>(number(bytes.substr(8 + 2 * static_cast<std::size_t>(i), 2)));
    scale /= 10'000;
  }
  return number(bytes.substr(4, 2)) == 0x4000 ? -value : value;
}

}  // namespace

Parameters::Parameters(std::span<const SqlParam> params) {
  for (const SqlParam& param : params) add(param);
}

void Parameters::add_bytes(Oid type, std::string_view bytes) {
  types_.push_back(type);
  values_.push_back(bytes.data() != nullptr ? bytes.data() : "");
  lengths_.push_back(static_cast<int>(bytes.size()));
  formats_.push_back(1);
}

void Parameters::add_owned(Oid type, std::string bytes) {
  owned_.push_back(std::make_unique<std::string>(std::move(bytes)));
  add_bytes(type, *owned_.back());
}

void Parameters::add(const SqlParam& param) {
  const auto& value = param.value();
  if (const auto* text = std::get_if<std::string_view>(&value)) return add_bytes(text_type, *text);
  if (const auto* blob = std::get_if<Blob>(&value)) return add_bytes(bytea_type, blob->bytes);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    std::string bytes;
    put_number(bytes, *integer);
    return add_owned(int8_type, std::move(bytes));
  }
  if (const auto* real = std::get_if<double>(&value)) {
    std::string bytes;
    put_number(bytes, std::bit_cast<std::uint64_t>(*real));
    return add_owned(float8_type, std::move(bytes));
  }
  if (const auto* integers = std::get_if<const std::vector<std::int64_t>*>(&value))
    return add_owned(int8_array, int64_array(**integers));
  if (const auto* texts = std::get_if<TextArray>(&value))
    return add_owned(text_array, bytes_array(text_type, texts->values));
  if (const auto* blobs = std::get_if<BlobArray>(&value))
    return add_owned(bytea_array, bytes_array(bytea_type, blobs->values));
  types_.push_back(0);
  values_.push_back(nullptr);
  lengths_.push_back(0);
  formats_.push_back(1);
}

std::string_view ResultRow::raw(int column) const {
  return {PQgetvalue(result_, row_, column),
          static_cast<std::size_t>(PQgetlength(result_, row_, column))};
}

std::int64_t ResultRow::int64(int column) const {
  if (is_null(column)) return 0;
  const std::string_view bytes = raw(column);
  switch (PQftype(result_, column)) {
    case int8_type: return static_cast<std::int64_t>(number(bytes));
    case int4_type: return static_cast<std::int32_t>(number(bytes));
    case int2_type: return static_cast<std::int16_t>(number(bytes));
    case bool_type: return bytes[0] != 0;
    case numeric_type:
    case float4_type:
    case float8_type: return static_cast<std::int64_t>(real(column));
    default: return std::strtoll(std::string(bytes).c_str(), nullptr, 10);
  }
}

double ResultRow::real(int column) const {
  if (is_null(column)) return 0;
  switch (PQftype(result_, column)) {
    case float8_type: return std::bit_cast<double>(number(raw(column)));
    case float4_type:
      return std::bit_cast<float>(static_cast<std::uint32_t>(number(raw(column))));
    case numeric_type: return numeric(raw(column));
    default: return static_cast<double>(int64(column));
  }
}

std::string_view ResultRow::text(int column) const {
  if (is_null(column)) return {};
  std::string_view bytes = raw(column);
  // A version byte stands before the text.
  if (PQftype(result_, column) == jsonb_type && !bytes.empty()) bytes.remove_prefix(1);
  return bytes;
}

Cell ResultRow::cell(int column) const {
  if (is_null(column)) return std::monostate();
  switch (PQftype(result_, column)) {
    case int8_type:
    case int4_type:
    case int2_type:
    case bool_type: return int64(column);
    case float4_type:
    case float8_type:
    case numeric_type: return real(column);
    default: return std::string(text(column));
  }
}

}  // namespace junctor::postgres
