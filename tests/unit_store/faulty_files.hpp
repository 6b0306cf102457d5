#pragma once

#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>
#include <string>

namespace tombo::store {

/// The operating system's files, of which chosen operations fail.  Syncs only count: no power is cut here.
class FaultyFiles final : public rocksdb::FileSystemWrapper {
 public:
  enum class Operation { append, sync, open, rename };
  enum class Fault { input_output, no_space };

  FaultyFiles() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "FaultyFiles"; }

  /// From now on operations of this kind, from the `first`-th (1: the next) on, fail `times` times.
  void fail(Operation operation, Fault fault, int first, int times) {
    operation_ = operation;
    fault_ = fault;
    count_ = 0;
    first_ = first;
    times_ = times;
    failed_ = 0;
  }
  int failed() const { return failed_; }
  int count() const { return count_; }

  /// Counts an operation; an error if it is to fail.
  rocksdb::IOStatus happens(Operation operation, const std::string& file) {
    if (operation != operation_) return {};
    const int number = ++count_;
    if (number < first_ || number >= first_ + times_) return {};
    ++failed_;
    if (fault_ == Fault::input_output) return rocksdb::IOStatus::IOError("While writing: " + file, "Input/output error");
    auto full = rocksdb::IOStatus::NoSpace("While writing: " + file, "No space left on device");
    full.SetRetryable(true);  // as the file system for POSIX does
    return full;
  }

  rocksdb::IOStatus NewWritableFile(const std::string& file, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
    if (auto fault = happens(Operation::rename, from); !fault.ok()) return fault;
    return FileSystemWrapper::RenameFile(from, to, options, debug);
  }
  rocksdb::IOStatus NewDirectory(const std::string& name, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* result, rocksdb::IODebugContext* debug) override;

 private:
  std::atomic<Operation> operation_{Operation::append};
  std::atomic<Fault> fault_{Fault::input_output};
  std::atomic<int> count_{0};
  std::atomic<int> first_{0};
  std::atomic<int> times_{0};
  std::atomic<int> failed_{0};
};

}  // namespace tombo::store
