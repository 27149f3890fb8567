// Numbers in English words.
//
// Threads: any thread; no state.
#pragma once

#include <string>
#include <string_view>

namespace junctor::jsonata {

// "One Hundred and Twenty-Three", or as an ordinal "… Twenty-Third".
std::string number_to_words(double number, bool ordinal);

// The number behind words in lower case; NaN for words that are none.
double words_to_number(std::string_view words);

// A regular expression that accepts such words.
std::string number_word_pattern();

}  // namespace junctor::jsonata
