#include "ledger.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <random>
#include <stdexcept>

namespace tombo::bench {

namespace {

/// Bytes that no store can compress, to cut payloads from.
const std::string& noise() {
  static const std::string bytes = [] {
    std::mt19937 random(1);  // the same in every run
    std::string made(1 << 16, '\0');
    std::ranges::generate(made, [&] { return static_cast<char>(random()); });
    return made;
  }();
  return bytes;
}

}  // namespace

std::string payload_of(MessageName name, std::size_t bytes) {
  bytes = std::clamp(bytes, sizeof name, noise().size());
  const auto at = (name.number * 2654435761U + name.publisher) % (noise().size() - bytes + 1);
  auto payload = noise().substr(at, bytes);
  std::memcpy(payload.data(), &name, sizeof name);
  return payload;
}

MessageName name_in(std::string_view payload) {
  MessageName name;
  if (payload.size() < sizeof name) throw std::runtime_error("a message came damaged");
  std::memcpy(&name, payload.data(), sizeof name);
  return name;
}

void Ledger::mark(MessageName name) {
  if (name.publisher >= marks_.size()) marks_.resize(name.publisher + 1);
  auto& marks = marks_[name.publisher];
  if (name.number >= marks.size()) marks.resize(std::max<std::size_t>(name.number + 1, marks.size() * 2));
  if (!marks[name.number]) ++count_;
  marks[name.number] = true;
}

bool Ledger::has(MessageName name) const {
  return name.publisher < marks_.size() && name.number < marks_[name.publisher].size() &&
         marks_[name.publisher][name.number];
}

std::uint64_t Ledger::missing_in(const Ledger& other) const {
  std::uint64_t missing = 0;
  for (std::uint32_t publisher = 0; publisher < marks_.size(); ++publisher) {
    for (std::uint32_t number = 0; number < marks_[publisher].size(); ++number) {
      if (marks_[publisher][number] && !other.has({publisher, number})) ++missing;
    }
  }
  return missing;
}

void Ledger::save(const std::string& path) const {
  std::ofstream file(path);
  for (std::uint32_t publisher = 0; publisher < marks_.size(); ++publisher) {
    for (std::uint32_t number = 0; number < marks_[publisher].size(); ++number) {
      if (marks_[publisher][number]) file << publisher << ' ' << number << '\n';
    }
  }
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

Ledger Ledger::load(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  Ledger ledger;
  for (MessageName name; file >> name.publisher >> name.number;) ledger.mark(name);
  return ledger;
}

}  // namespace tombo::bench
