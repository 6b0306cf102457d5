#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace tombo::filter {

using Problems = std::vector<std::string>;

/// The whole of a regular file; or why not, with its name in front: "x.pem: No such file or directory".
Result<std::string, std::string> read_file(const std::string& path, std::size_t bytes_max);
/// Paths of the files of a directory that are meant to be read: named by hash (c_rehash), or *.pem, *.crt, *.cer, *.crl.
/// Sorted.  Fails where there are none.
Result<std::vector<std::string>, std::string> certificate_files(const std::string& directory);
/// The line in which `offset` stands, from 1.
std::size_t line_at(const std::string& text, std::size_t offset);

}  // namespace tombo::filter
