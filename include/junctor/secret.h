// Text that must not be seen: keys, tokens, passwords.
//
// A Secret cannot be printed, formatted, compared by accident or copied silently; its bytes are
// zeroed when it dies and live in pages that a core dump leaves out. The only way to the text is reveal(), which is easy to search for.
//
// Threads: a value.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

namespace junctor {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  Secret clone() const { return Secret(reveal()); }
  bool empty() const { return size_bytes_ == 0; }

  // The text. The view ends with this object, so it is refused on a temporary.
  std::string_view reveal() const& { return {data_, size_bytes_}; }
  std::string_view reveal() const&& = delete;

  // Constant time in the length of both.
  bool equals(std::string_view other) const;

  friend std::ostream& operator<<(std::ostream&, const Secret&) = delete;

 private:
  void wipe() noexcept;

  char* data_ = nullptr;
  std::size_t size_bytes_ = 0;
};

}  // namespace junctor
