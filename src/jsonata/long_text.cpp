// Work on texts of any length that can be interrupted: in pieces, looking at the clock between them.
#include <algorithm>

#include "jsonata/evaluator.h"
#include "jsonata/text.h"

namespace junctor::jsonata {

std::size_t Evaluator::piece_of(std::string_view text) {
  if (text.size() <= piece_bytes) return text.size();
  std::size_t end = piece_bytes;
  while (end > piece_bytes - 4 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return end;
}

char* Evaluator::copy(char* out, std::string_view text) {
  in_pieces(text, [&](std::string_view piece) {
    out = std::copy(piece.begin(), piece.end(), out);
  });
  return out;
}

std::size_t Evaluator::find_text(std::string_view text, std::string_view wanted, std::size_t from) {
  const std::size_t window = piece_bytes + wanted.size();
  while (from <= text.size() && text.size() - from > window) {
    const std::size_t at = text.substr(from, window).find(wanted);
    if (at != std::string_view::npos) return from + at;
    from += piece_bytes + 1;
    tick(piece_ticks);
  }
  return text.find(wanted, from);
}

std::size_t Evaluator::code_points(std::string_view text) {
  std::size_t count = 0;
  in_pieces(text, [&](std::string_view piece) { count += count_code_points(piece); });
  return count;
}

bool Evaluator::all_ascii(std::string_view text) {
  bool ascii = true;
  in_pieces(text, [&](std::string_view piece) { ascii = ascii && is_ascii(piece); });
  return ascii;
}

double Evaluator::units_before(std::string_view text, std::size_t offset) {
  if (counted_.text != text.data() || offset < counted_.offset) counted_ = {text.data(), 0, 0};
  in_pieces(text.substr(counted_.offset, offset - counted_.offset), [&](std::string_view piece) {
    counted_.units += count_utf16_units(piece);
    counted_.offset += piece.size();
  });
  return static_cast<double>(counted_.units);
}

}  // namespace junctor::jsonata
