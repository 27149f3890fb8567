// Where a next page may be.
//
// Threads: any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace junctor::connector {

// What no URL may hold (blanks, brackets, bytes that are not ASCII, a lone %) as escapes, from the path on:
// "/x?page[number]=2" → "/x?page%5Bnumber%5D=2". The authority stays as it is, the fragment goes.
std::string escaped_url(std::string_view text);

// reference as seen from base, both escaped as escaped_url() does; nullopt when either is no URL of RFC 3986
// even so, or the scheme is neither http nor https.
std::optional<std::string> resolve_url(std::string_view base, std::string_view reference);

// "https://api.example.com:443/…" → "https://api.example.com:443"; the port always, the host in lower
// case; empty for no URL. Escapes as escaped_url() does, like host_of().
std::string origin_of(std::string_view url);
// The host in lower case; empty for no URL.
std::string host_of(std::string_view url);
// "*.example.com" holds "a.example.com" and "a.b.example.com"; any other pattern only itself.
bool matches_host(std::string_view pattern, std::string_view host);

}  // namespace junctor::connector
