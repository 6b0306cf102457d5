// Time, randomness, base64, passwords and files: what 2.1 adds for plugins.
#include "auth/password_hash.hpp"
#include "plugin/mosquitto/exports.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace tombo;
using namespace tombo::plugin::mosquitto;

/// A password that a plugin keeps.
struct mosquitto_pw {
  auth::PasswordHash::Kind kind = auth::PasswordHash::Kind::pbkdf2;
  std::optional<auth::PasswordHash> hash;
  std::string encoded;
  bool valid = false;
};

namespace {

constexpr std::size_t kFileMax = 64 * 1024 * 1024;
constexpr std::size_t kLineMax = 16 * 1024 * 1024;
constexpr long kNanoseconds = 1'000'000'000;

std::timespec now() {
  std::timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time;
}

constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int value_of(char digit) {
  const char* at = digit == '\0' ? nullptr : std::strchr(kDigits, digit);
  return at == nullptr ? -1 : static_cast<int>(at - kDigits);
}

}  // namespace

TOMBO_FOR_MOSQUITTO void mosquitto_time_init() {}
TOMBO_FOR_MOSQUITTO std::time_t mosquitto_time() { return now().tv_sec; }
TOMBO_FOR_MOSQUITTO void mosquitto_time_ns(std::time_t* seconds, long* nanoseconds) {
  const std::timespec time = now();
  if (seconds != nullptr) *seconds = time.tv_sec;
  if (nanoseconds != nullptr) *nanoseconds = time.tv_nsec;
}
TOMBO_FOR_MOSQUITTO long mosquitto_time_cmp(std::time_t a_s, long a_ns, std::time_t b_s, long b_ns) {
  return (a_s - b_s) * kNanoseconds + (a_ns - b_ns);
}
TOMBO_FOR_MOSQUITTO int mosquitto_getrandom(void* bytes, int count) {
  if (bytes == nullptr || count < 0) return kInvalid;
  auto* at = static_cast<char*>(bytes);
  for (std::size_t left = static_cast<std::size_t>(count); left > 0;) {
    const ssize_t got = ::getrandom(at, left, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return kUnknown;
    at += got;
    left -= static_cast<std::size_t>(got);
  }
  return kSuccess;
}

TOMBO_FOR_MOSQUITTO int mosquitto_base64_encode(const unsigned char* in, std::size_t size, char** encoded) {
  if ((in == nullptr && size > 0) || encoded == nullptr || size > kFileMax) return kInvalid;
  auto* out = static_cast<char*>(mosquitto_malloc((size + 2) / 3 * 4 + 1));
  if (out == nullptr) return kNoMemory;
  *encoded = out;
  for (std::size_t at = 0; at < size; at += 3) {
    const std::size_t left = size - at;
    const unsigned long word = static_cast<unsigned long>(in[at]) << 16 | (left > 1 ? in[at + 1] : 0UL) << 8 | (left > 2 ? in[at + 2] : 0UL);
    *out++ = kDigits[word >> 18];
    *out++ = kDigits[word >> 12 & 63];
    *out++ = left > 1 ? kDigits[word >> 6 & 63] : '=';
    *out++ = left > 2 ? kDigits[word & 63] : '=';
  }
  *out = '\0';
  return kSuccess;
}
TOMBO_FOR_MOSQUITTO int mosquitto_base64_decode(const char* in, unsigned char** decoded, unsigned int* decoded_size) {
  if (in == nullptr || decoded == nullptr || decoded_size == nullptr) return kInvalid;
  std::size_t size = ::strnlen(in, kFileMax);
  if (size == 0 || size % 4 != 0) return kInvalid;
  const std::size_t padding = in[size - 1] != '=' ? 0 : in[size - 2] != '=' ? 1 : 2;
  size -= padding;
  std::string out;
  unsigned long word = 0;
  for (std::size_t at = 0; at < size; ++at) {
    const int value = value_of(in[at]);
    if (value < 0) return kInvalid;
    word = word << 6 | static_cast<unsigned long>(value);
    if (at % 4 != 0) out += static_cast<char>(word >> (6 - 2 * (at % 4)) & 0xFF);
  }
  auto* copy = static_cast<unsigned char*>(mosquitto_malloc(out.size() + 1));
  if (copy == nullptr) return kNoMemory;
  std::memcpy(copy, out.c_str(), out.size() + 1);
  *decoded = copy;
  *decoded_size = static_cast<unsigned>(out.size());
  return kSuccess;
}

// --- passwords

TOMBO_FOR_MOSQUITTO int mosquitto_pw_new(mosquitto_pw** password, int kind) {
  // 1: SHA-512, 2: PBKDF2 with SHA-512, 3: argon2id.
  using Kind = auth::PasswordHash::Kind;
  if (password == nullptr) return kInvalid;
  if (kind < 1 || kind > 3) return kNotSupported;
  *password = new mosquitto_pw;
  (*password)->kind = kind == 1 ? Kind::sha512 : kind == 2 ? Kind::pbkdf2 : Kind::argon2id;
  return kSuccess;
}
TOMBO_FOR_MOSQUITTO void mosquitto_pw_cleanup(mosquitto_pw* password) { delete password; }
TOMBO_FOR_MOSQUITTO void mosquitto_pw_set_valid(mosquitto_pw* password, bool valid) {
  if (password != nullptr) password->valid = valid;
}
TOMBO_FOR_MOSQUITTO bool mosquitto_pw_is_valid(mosquitto_pw* password) { return password != nullptr && password->valid; }
TOMBO_FOR_MOSQUITTO int mosquitto_pw_hash_encoded(mosquitto_pw* password, const char* text) {
  if (password == nullptr || text == nullptr) return kInvalid;
  auto hash = auth::PasswordHash::make(password->kind, text);
  if (!hash) return kUnknown;
  password->hash = std::move(*hash);
  password->encoded = password->hash->text();
  password->valid = true;
  return kSuccess;
}
TOMBO_FOR_MOSQUITTO const char* mosquitto_pw_get_encoded(mosquitto_pw* password) {
  return password == nullptr || !password->hash ? nullptr : password->encoded.c_str();
}
TOMBO_FOR_MOSQUITTO int mosquitto_pw_verify(mosquitto_pw* password, const char* text) {
  if (password == nullptr || text == nullptr) return kInvalid;
  return password->valid && password->hash && password->hash->verify(text) ? kSuccess : kAuth;
}
/// Costs are the broker's.
TOMBO_FOR_MOSQUITTO int mosquitto_pw_set_param(mosquitto_pw* password, int, int) { return password == nullptr ? kInvalid : kNotSupported; }
TOMBO_FOR_MOSQUITTO int mosquitto_pw_decode(mosquitto_pw* password, const char* encoded) {
  if (password == nullptr || encoded == nullptr) return kInvalid;
  auto hash = auth::PasswordHash::parse(encoded);
  if (!hash) return kInvalid;
  password->hash = std::move(*hash);
  password->kind = password->hash->kind();
  password->encoded = encoded;
  password->valid = true;
  return kSuccess;
}

// --- files

TOMBO_FOR_MOSQUITTO std::FILE* mosquitto_fopen(const char* path, const char* mode, bool restrict_read) {
  if (path == nullptr || mode == nullptr) return nullptr;
  const mode_t before = restrict_read ? ::umask(0077) : 0;
  std::FILE* file = std::fopen(path, mode);
  if (restrict_read) ::umask(before);
  if (file == nullptr) return nullptr;
  struct stat about {};
  if (::fstat(::fileno(file), &about) == 0 && S_ISREG(about.st_mode)) return file;
  std::fclose(file);
  errno = EINVAL;
  return nullptr;
}
TOMBO_FOR_MOSQUITTO char* mosquitto_fgets(char** buffer, int* size, std::FILE* stream) {
  if (buffer == nullptr || *buffer == nullptr || size == nullptr || *size < 2 || stream == nullptr) return nullptr;
  std::size_t used = 0;
  while (std::fgets(*buffer + used, *size - static_cast<int>(used), stream) != nullptr) {
    used += std::strlen(*buffer + used);
    if (used + 1 < static_cast<std::size_t>(*size) || (*buffer)[used - 1] == '\n') return *buffer;
    const std::size_t wanted = static_cast<std::size_t>(*size) * 2;
    auto* larger = wanted > kLineMax ? nullptr : static_cast<char*>(std::realloc(*buffer, wanted));
    if (larger == nullptr) return nullptr;
    *buffer = larger;
    *size = static_cast<int>(wanted);
  }
  return used > 0 ? *buffer : nullptr;
}
TOMBO_FOR_MOSQUITTO int mosquitto_write_file(const char* path, bool restrict_read, int (*write)(std::FILE*, void*), void* user_data,
                                             void (*log)(const char*)) {
  if (path == nullptr || write == nullptr) return kInvalid;
  const std::string beside = std::string{path} + ".new";
  const auto failed = [&](const char* what) {
    if (log != nullptr) log((std::string{what} + " " + beside + ": " + std::strerror(errno)).c_str());
    ::unlink(beside.c_str());
    return kErrno;
  };
  ::unlink(beside.c_str());  // never follows what somebody has put there
  const int handle = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, restrict_read ? 0600 : 0644);
  std::FILE* file = handle < 0 ? nullptr : ::fdopen(handle, "w");
  if (file == nullptr) return failed("cannot open");
  const int result = write(file, user_data);
  const bool written = result == kSuccess && std::fflush(file) == 0 && ::fsync(::fileno(file)) == 0;
  if (std::fclose(file) != 0 || !written) return failed("cannot write");
  if (std::rename(beside.c_str(), path) != 0) return failed("cannot rename");
  return kSuccess;
}
TOMBO_FOR_MOSQUITTO int mosquitto_read_file(const char* path, bool restrict_read, char** buffer, std::size_t* size) {
  if (buffer == nullptr) return kInvalid;
  *buffer = nullptr;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{mosquitto_fopen(path, "rb", restrict_read), &std::fclose};
  if (!file) return kErrno;
  std::string text;
  char part[4096];
  while (const std::size_t got = std::fread(part, 1, sizeof part, file.get())) {
    if (text.size() + got > kFileMax) return kPayloadSize;
    text.append(part, got);
  }
  if (std::ferror(file.get()) != 0) return kErrno;
  auto* copy = static_cast<char*>(mosquitto_malloc(text.size() + 1));
  if (copy == nullptr) return kNoMemory;
  std::memcpy(copy, text.c_str(), text.size() + 1);
  *buffer = copy;
  if (size != nullptr) *size = text.size();
  return kSuccess;
}

namespace tombo::plugin::mosquitto {
void link_helper_functions() {}
}  // namespace tombo::plugin::mosquitto
