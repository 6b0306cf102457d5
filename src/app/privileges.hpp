#pragma once

#include "base/result.hpp"

#include <string>
#include <vector>

#include <sys/types.h>

namespace tombo::app {

/// The user that the broker becomes, where it was started as root.  First for a while, so that the store is made as that
/// user, then for good, once ports and keys that only root may use are taken.
/// Lives on: main.
class Privileges {
 public:
  /// Empty: nobody else.  Where the process is not root there is nothing to give up, which `note` says.
  /// `or_nobody`: as Mosquitto does where no user was named, "nobody" stands in for one that there is not, and it is no news
  /// that the process is not root.
  Result<void, std::string> resolve(const std::string& user, bool or_nobody = false);
  /// What must be said about it, or empty.
  const std::string& note() const { return note_; }

  /// The directory, made with mode 0700 if it is not there, belongs to the user.
  Result<void, std::string> give(const std::string& directory) const;
  /// The same of a file that the broker has made, so that it can be opened again later.  Not through a link, nor one that has
  /// several names.
  Result<void, std::string> give_file(const std::string& file) const;
  Result<void, std::string> lower() const;
  Result<void, std::string> raise() const;
  /// There is no way back.
  Result<void, std::string> drop() const;

 private:
  bool changes_ = false;
  std::string user_;
  std::string note_;
  uid_t uid_ = 0;
  gid_t gid_ = 0;
  std::vector<gid_t> groups_;
};

}  // namespace tombo::app
