#include "support/wire_text.hpp"

#include <cstdio>
#include <cstdlib>

namespace tombo::test {
namespace {

using Buffer = std::vector<std::uint8_t>;

void append_varint(Buffer& out, std::size_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>((value & 0x7F) | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
}

/// Reads the notation of wire() from left to right.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Buffer read_until(char end) {
    Buffer out;
    while (at_ < text_.size() && text_[at_] != end) read_piece(out);
    if (end != '\0' && at_ == text_.size()) give_up("an open bracket");
    return out;
  }

 private:
  void read_piece(Buffer& out) {
    const char c = text_[at_];
    if (c == ' ' || c == '\n') {
      ++at_;
    } else if (c == '<' || c == '\'') {
      read_text(out, c == '<' ? '>' : '\'', c == '<');
    } else if (c == '[' || c == '#') {
      read_section(out, c == '[');
    } else {
      out.push_back(
          static_cast<std::uint8_t>(digit(c) << 4 | digit(at_ + 1 < text_.size() ? text_[at_ + 1] : '?')));
      at_ += 2;
    }
  }

  void read_text(Buffer& out, char end, bool with_length) {
    const std::size_t stop = text_.find(end, at_ + 1);
    if (stop == std::string_view::npos) give_up("an open text");
    const std::string_view text = text_.substr(at_ + 1, stop - at_ - 1);
    if (with_length) {
      out.push_back(static_cast<std::uint8_t>(text.size() >> 8));
      out.push_back(static_cast<std::uint8_t>(text.size()));
    }
    out.insert(out.end(), text.begin(), text.end());
    at_ = stop + 1;
  }

  void read_section(Buffer& out, bool bracketed) {
    at_ += bracketed ? 1 : 2;
    const Buffer inside = read_until(bracketed ? ']' : '\0');
    if (bracketed) ++at_;
    append_varint(out, inside.size());
    out.insert(out.end(), inside.begin(), inside.end());
  }

  unsigned digit(char c) const {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    give_up("a strange character");
  }

  [[noreturn]] void give_up(const char* what) const {
    std::fprintf(stderr, "wire text with %s: %.*s\n", what, static_cast<int>(text_.size()), text_.data());
    std::abort();
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<std::uint8_t> wire(std::string_view text) {
  return Reader(text).read_until('\0');
}

}  // namespace tombo::test
