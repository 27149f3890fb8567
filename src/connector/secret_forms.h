// The ways in which a text may spell a secret.
//
// Threads: any thread; no state.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace junctor::connector {

// Shorter ones would be found everywhere, and are searched nowhere.
constexpr std::size_t shortest_secret = 4;

// Puts `[redacted]` where the secret stands, exactly as given.
void cut(std::string& text, std::string_view secret);

// The other forms in which a text may hold the secret: in JSON, in HTML, percent-encoded, with plus for blanks.
// None is shorter than it. What see is given is wiped afterwards.
void each_other_form(std::string_view secret, const std::function<void(std::string_view)>& see);

}  // namespace junctor::connector
