#include "unit_store/faulty_files.hpp"

namespace tombo::store {

namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

class File final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  File(std::unique_ptr<rocksdb::FSWritableFile> file, std::string name, FaultyFiles& files)
      : FSWritableFileOwnerWrapper(std::move(file)), name_(std::move(name)), files_(files) {}

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, IODebugContext* debug) override {
    const IOStatus fault = files_.happens(FaultyFiles::Operation::append, name_);
    if (fault.ok()) return FSWritableFileOwnerWrapper::Append(data, options, debug);
    // A disk that becomes full takes what there is room for.
    const IOStatus half = FSWritableFileOwnerWrapper::Append(rocksdb::Slice(data.data(), data.size() / 2), options, debug);
    return half.ok() ? fault : half;
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return files_.happens(FaultyFiles::Operation::sync, name_); }
  IOStatus Fsync(const IOOptions&, IODebugContext*) override { return files_.happens(FaultyFiles::Operation::sync, name_); }
  IOStatus RangeSync(std::uint64_t, std::uint64_t, const IOOptions&, IODebugContext*) override { return {}; }

 private:
  std::string name_;
  FaultyFiles& files_;
};

class Directory final : public rocksdb::FSDirectoryWrapper {
 public:
  Directory(std::unique_ptr<rocksdb::FSDirectory> directory, FaultyFiles& files)
      : FSDirectoryWrapper(std::move(directory)), files_(files) {}
  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    return files_.happens(FaultyFiles::Operation::sync, "directory");
  }
  IOStatus FsyncWithDirOptions(const IOOptions&, IODebugContext*, const rocksdb::DirFsyncOptions&) override {
    return files_.happens(FaultyFiles::Operation::sync, "directory");
  }

 private:
  FaultyFiles& files_;
};

}  // namespace

IOStatus FaultyFiles::NewWritableFile(const std::string& file, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* debug) {
  if (auto fault = happens(Operation::open, file); !fault.ok()) return fault;
  std::unique_ptr<rocksdb::FSWritableFile> opened;
  IOStatus status = FileSystemWrapper::NewWritableFile(file, options, &opened, debug);
  if (status.ok()) *result = std::make_unique<File>(std::move(opened), file, *this);
  return status;
}

IOStatus FaultyFiles::NewDirectory(const std::string& name, const IOOptions& options,
                                   std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext* debug) {
  std::unique_ptr<rocksdb::FSDirectory> opened;
  IOStatus status = FileSystemWrapper::NewDirectory(name, options, &opened, debug);
  if (status.ok()) *result = std::make_unique<Directory>(std::move(opened), *this);
  return status;
}

}  // namespace tombo::store
