#include "store/rocks/wal_check.hpp"

#include "store/rocks/crc32c.hpp"
#include "store/rocks/status.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>

// The format, as RocksDB documents it: blocks of 32 KiB, in them fragments: checksum (4, of the type and the bytes,
// masked), length (2), type (1), bytes.  A record is one whole fragment, or a first, any number of middle ones, and a
// last.  Numbers are little-endian.  A record is a batch: sequence number of its first change (8), changes (4), changes.

namespace tombo::store::rocks {

namespace {

constexpr std::size_t kBlock = 32 << 10;
constexpr std::size_t kHeader = 7;
constexpr std::size_t kBatchHeader = 12;
enum class Type : std::uint8_t { whole = 1, first = 2, middle = 3, last = 4 };

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i != 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[i - 1]);
  return value;
}

struct Fragment {
  Type type;
  std::string_view bytes;
};

/// The fragment at the beginning of `rest`, if that is one and its checksum is right.
std::optional<Fragment> fragment_in(std::string_view rest) {
  if (rest.size() < kHeader) return std::nullopt;
  const auto type = static_cast<unsigned char>(rest[6]);
  const std::uint64_t length = little_endian(rest.substr(4, 2));
  if (type < 1 || type > 4 || length > rest.size() - kHeader) return std::nullopt;
  const std::uint32_t crc = crc32c(rest.substr(6, length + 1));
  if (((crc >> 15 | crc << 17) + 0xA282'EAD8U) != little_endian(rest.substr(0, 4))) return std::nullopt;
  return Fragment{static_cast<Type>(type), rest.substr(kHeader, length)};
}

/// Goes through log files in their order, block by block.
class WalReader {
 public:
  EngineResult<void> read(const std::string& directory, const std::string& name) {
    file_ = name;
    std::ifstream in(directory + "/" + name, std::ios::binary);
    std::string block(kBlock, '\0');
    for (std::uint64_t at = 0; in; at += kBlock) {
      in.read(block.data(), kBlock);
      take_block(std::string_view(block).substr(0, static_cast<std::size_t>(in.gcount())), at);
    }
    if (!in.eof()) return Failure{error_from(name + " cannot be read", {errno, std::generic_category()})};
    if (in_record_) broken_at(record_at_);
    return {};
  }
  const std::optional<WalDamage>& damage() const { return damage_; }

 private:
  void take_block(std::string_view block, std::uint64_t at) {
    for (std::size_t place = 0; place + kHeader <= block.size();) {
      if (const auto fragment = fragment_in(block.substr(place))) {
        take(*fragment, at + place);
        place += kHeader + fragment->bytes.size();
        continue;
      }
      broken_at(at + place);
      // The length may be what is wrong: the next fragment may begin anywhere.
      do ++place;
      while (place + kHeader <= block.size() && !fragment_in(block.substr(place)));
    }
  }
  void take(const Fragment& fragment, std::uint64_t at) {
    const bool begins = fragment.type == Type::whole || fragment.type == Type::first;
    const bool ends = fragment.type == Type::whole || fragment.type == Type::last;
    if (begins && in_record_) broken_at(record_at_);
    if (!begins && !in_record_) return;  // of a record whose beginning could not be read
    if (begins) {
      record_at_ = at;
      head_.clear();
    }
    in_record_ = !ends;
    if (head_.size() < kBatchHeader) head_ += fragment.bytes.substr(0, kBatchHeader - head_.size());
    if (ends) take_batch();
  }
  void take_batch() {
    if (!break_ || head_.size() < kBatchHeader) return;
    const std::uint64_t changes = little_endian(std::string_view(head_).substr(8, 4));
    if (changes == 0) return;
    if (!damage_) damage_ = break_;
    const std::uint64_t last = little_endian(std::string_view(head_).substr(0, 8)) + changes - 1;
    damage_->last_sequence = std::max(damage_->last_sequence, last);
  }
  void broken_at(std::uint64_t offset) {
    in_record_ = false;
    if (!break_) break_ = WalDamage{file_, offset, 0};
  }

  std::string file_;
  bool in_record_ = false;
  std::uint64_t record_at_ = 0;
  std::string head_;                  // of the batch that is being read
  std::optional<WalDamage> break_;    // the first place that cannot be read
  std::optional<WalDamage> damage_;   // the same, as soon as a batch has followed it
};

}  // namespace

std::vector<std::string> wal_files(const std::string& db_directory) {
  std::vector<std::pair<std::uint64_t, std::string>> numbered;
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(db_directory, code)) {
    const std::string name = entry.path().filename().string();
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && std::string_view(end) == ".log") numbered.emplace_back(number, name);
  }
  std::sort(numbered.begin(), numbered.end());
  std::vector<std::string> names;
  for (auto& [number, name] : numbered) names.push_back(std::move(name));
  return names;
}

EngineResult<void> check_room(const std::string& db_directory) {
  constexpr std::uint64_t kSmallFiles = 256 << 10;  // MANIFEST, OPTIONS, the first blocks of a log
  std::error_code code;
  std::uint64_t needed = kSmallFiles;
  for (const std::string& name : wal_files(db_directory)) {
    const std::uint64_t size = std::filesystem::file_size(db_directory + "/" + name, code);
    if (!code) needed += size;
  }
  const auto space = std::filesystem::space(db_directory, code);
  if (code || space.available >= needed) return {};
  return Failure{EngineError{EngineError::Kind::no_space, "the disk is full: opening the store takes " +
                                                              std::to_string(needed >> 10) + " KiB, free are " +
                                                              std::to_string(space.available >> 10) + " KiB"}};
}

EngineResult<std::optional<WalDamage>> find_wal_damage(const std::string& db_directory) {
  WalReader reader;
  for (const std::string& name : wal_files(db_directory)) {
    if (auto read = reader.read(db_directory, name); !read) return Failure{read.error()};
  }
  return reader.damage();
}

}  // namespace tombo::store::rocks
