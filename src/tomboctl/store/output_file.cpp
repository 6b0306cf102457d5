#include "tomboctl/store/output_file.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

namespace tombo::tomboctl {

Result<OutputFile, std::string> OutputFile::open(const std::string& path) {
  OutputFile out;
  out.path_ = path;
  if (path == "-") return out;
  const std::string name = fmt::format("{}.{}", path, ::getpid());
  // Payloads are nobody else's business.
  const int descriptor = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return Failure{fmt::format("{} cannot be written: {}", path, std::strerror(errno))};
  out.unfinished_ = name;
  out.file_.reset(::fdopen(descriptor, "w"));
  if (out.file_ == nullptr) return Failure{fmt::format("{} cannot be written: {}", path, std::strerror(errno))};
  return out;
}

OutputFile::~OutputFile() {
  if (file_ != nullptr) ::unlink(unfinished_.c_str());
}

bool OutputFile::write(std::string_view line) {
  std::FILE* const file = file_ != nullptr ? file_.get() : stdout;
  if (error_ == 0 && (std::fwrite(line.data(), 1, line.size(), file) != line.size() || std::fputc('\n', file) == EOF)) error_ = errno;
  return error_ == 0;
}

Result<void, std::string> OutputFile::finish() {
  std::FILE* const file = file_ != nullptr ? file_.get() : stdout;
  if (error_ == 0 && std::fflush(file) != 0) error_ = errno;
  if (error_ == 0 && file_ != nullptr && ::fsync(::fileno(file)) != 0) error_ = errno;
  if (error_ == 0 && file_ != nullptr && ::rename(unfinished_.c_str(), path_.c_str()) != 0) error_ = errno;
  if (error_ != 0) return Failure{fmt::format("{} cannot be written: {}", path_ == "-" ? "stdout" : path_, std::strerror(error_))};
  file_.reset();
  return {};
}

}  // namespace tombo::tomboctl
