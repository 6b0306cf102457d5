#include "store/import/mapped_file.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace tombo::store {

Result<MappedFile, std::string> MappedFile::open(const std::string& path) {
  const auto fail = [&path](const char* why) { return Failure{fmt::format("{} cannot be read: {}", path, why)}; };
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return fail(std::strerror(errno));
  struct stat about {};
  MappedFile file;
  const bool plain = ::fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode);
  if (plain && about.st_size > 0) {
    file.size_ = static_cast<std::size_t>(about.st_size);
    void* start = ::mmap(nullptr, file.size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (start != MAP_FAILED) file.start_ = start;
  }
  const int error = errno;
  ::close(descriptor);
  if (!plain) return fail("it is no plain file");
  if (about.st_size > 0 && file.start_ == nullptr) return fail(std::strerror(error));
  return file;
}

MappedFile::MappedFile(MappedFile&& other) noexcept : start_(std::exchange(other.start_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile::~MappedFile() {
  if (start_ != nullptr) ::munmap(start_, size_);
}

}  // namespace tombo::store
