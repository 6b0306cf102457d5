// Writes each row of the wire table as one seed for fuzz_decode: a byte that says version and sender, then
// the packet.

#include "support/wire_cases.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>

int main(int argc, char** argv) {
  using tombo::mqtt::Sender;
  if (argc != 2) {
    std::fprintf(stderr, "usage: corpus_writer DIRECTORY\n");
    return 2;
  }
  const std::filesystem::path directory(argv[1]);
  std::filesystem::create_directories(directory);
  int number = 0;
  for (const auto& row : tombo::test::wire_cases()) {
    std::ofstream file(directory / ("wire_" + std::to_string(number++)), std::ios::binary);
    const int version = static_cast<int>(row.version) - 3;
    file.put(static_cast<char>(version + (row.sender == Sender::server ? 3 : 0)));
    file.write(reinterpret_cast<const char*>(row.bytes.data()),
               static_cast<std::streamsize>(row.bytes.size()));
    if (!file) {
      std::fprintf(stderr, "cannot write to %s\n", argv[1]);
      return 1;
    }
  }
  return 0;
}
