/* Makes calls on files below one directory, or operator new, fail: LD_PRELOAD this into a broker.
 *   FAULT_DIRECTORY  the directory, as programs name it
 *   FAULT_CONTROL    a file that is mapped: which calls fail is said there, and what was called is counted there,
 *                    while the program runs (fault_control.py has the same layout)
 * Calls of a kind are numbered from 1; those from `first` to `last` fail with `error`.
 * Allocations count from the moment at which the program has a new handler; one that fails ends in that handler. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { KIND_WRITE, KIND_SYNC, KIND_OPEN, KIND_RENAME, KIND_ALLOC, KINDS };

struct control {
  struct {
    _Atomic int64_t first, last, error, count, failed;
  } kinds[KINDS];
};

enum { DESCRIPTORS = 65536 };

static struct control nothing;
static struct control* control = &nothing;
static const char* directory;
static size_t directory_length;
static _Atomic char below[DESCRIPTORS]; /* descriptors of files below the directory */

__attribute__((constructor)) static void begin(void) {
  const char* path = getenv("FAULT_CONTROL");
  directory = getenv("FAULT_DIRECTORY");
  if (path == NULL || directory == NULL) return;
  directory_length = strlen(directory);
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void* mapped = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped != MAP_FAILED) control = mapped;
}

static int is_below(const char* path) {
  return directory_length != 0 && path != NULL && strncmp(path, directory, directory_length) == 0;
}

static int is_watched(int fd) { return fd >= 0 && fd < DESCRIPTORS && below[fd]; }

/* Counts the call; true, with errno set, if it is one that fails. */
static int fails(enum kind kind) {
  const int64_t number = ++control->kinds[kind].count;
  if (number < control->kinds[kind].first || number > control->kinds[kind].last) return 0;
  ++control->kinds[kind].failed;
  errno = (int)control->kinds[kind].error;
  return 1;
}

/* Copied, because ISO C knows no conversion from an object's address to a function's. */
#define REAL(name) \
  static __typeof__(&name) real; \
  if (real == NULL) { \
    void* const found = dlsym(RTLD_NEXT, #name); \
    memcpy(&real, &found, sizeof real); \
  }

static int watch(int fd, const char* path) {
  if (fd >= 0 && fd < DESCRIPTORS) below[fd] = (char)is_below(path);
  return fd;
}

static mode_t mode_in(int flags, va_list* arguments) {
  return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(*arguments, mode_t) : 0;
}

#define OPEN(name) \
  int name(const char* path, int flags, ...) { \
    REAL(name); \
    va_list arguments; \
    va_start(arguments, flags); \
    const mode_t mode = mode_in(flags, &arguments); \
    va_end(arguments); \
    if (is_below(path) && fails(KIND_OPEN)) return -1; \
    return watch(real(path, flags, mode), path); \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
  int name(int at, const char* path, int flags, ...) { \
    REAL(name); \
    va_list arguments; \
    va_start(arguments, flags); \
    const mode_t mode = mode_in(flags, &arguments); \
    va_end(arguments); \
    if (is_below(path) && fails(KIND_OPEN)) return -1; \
    return watch(real(at, path, flags, mode), path); \
  }
OPENAT(openat)
OPENAT(openat64)

/* Programs that are built with _FORTIFY_SOURCE open files by these. */
int __open_2(const char* path, int flags) { return open(path, flags); }
int __open64_2(const char* path, int flags) { return open64(path, flags); }

int close(int fd) {
  REAL(close);
  if (fd >= 0 && fd < DESCRIPTORS) below[fd] = 0;
  return real(fd);
}

ssize_t write(int fd, const void* data, size_t size) {
  REAL(write);
  if (is_watched(fd) && fails(KIND_WRITE)) return -1;
  return real(fd, data, size);
}

ssize_t writev(int fd, const struct iovec* parts, int count) {
  REAL(writev);
  if (is_watched(fd) && fails(KIND_WRITE)) return -1;
  return real(fd, parts, count);
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  REAL(pwrite);
  if (is_watched(fd) && fails(KIND_WRITE)) return -1;
  return real(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
  REAL(pwrite64);
  if (is_watched(fd) && fails(KIND_WRITE)) return -1;
  return real(fd, data, size, at);
}

int fdatasync(int fd) {
  REAL(fdatasync);
  if (is_watched(fd) && fails(KIND_SYNC)) return -1;
  return real(fd);
}

int fsync(int fd) {
  REAL(fsync);
  if (is_watched(fd) && fails(KIND_SYNC)) return -1;
  return real(fd);
}

int rename(const char* from, const char* to) {
  REAL(rename);
  if (is_below(to) && fails(KIND_RENAME)) return -1;
  return real(from, to);
}

/* operator new and new[].  As in the C++ runtime, the new handler makes room or does not return. */
typedef void (*new_handler)(void);

static new_handler handler(void) {
  static new_handler (*get)(void);
  if (get == NULL) {
    void* const found = dlsym(RTLD_DEFAULT, "_ZSt15get_new_handlerv");
    if (found == NULL) return NULL;
    memcpy(&get, &found, sizeof get);
  }
  return get();
}

void* _Znwm(size_t size);
void* _Znam(size_t size);

#define NEW(name) \
  void* name(size_t size) { \
    REAL(name); \
    const new_handler ends = handler(); \
    if (ends != NULL && fails(KIND_ALLOC)) ends(); \
    return real(size); \
  }
NEW(_Znwm)
NEW(_Znam)
