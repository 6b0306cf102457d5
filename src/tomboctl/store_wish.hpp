#pragma once

#include <cstdint>
#include <string>

namespace tombo::tomboctl {

/// What the command line asks to be done with a store on disk, without a broker.
struct StoreWish {
  enum class What : std::uint8_t { none, ls, show, check, export_to, import_from, compact, backup, restore };
  /// What `ls` lists.
  enum class Rows : std::uint8_t { totals, sessions, retained };
  /// What a file to be imported is; any: as its content says.
  enum class Form : std::uint8_t { any, tombo, mosquitto };

  What what = What::none;
  bool json = false;
  std::string directory;  // of the store
  std::string other;      // the file or directory that is read from or written to
  Rows rows = Rows::totals;
  std::string client_id;  // of the session to be shown
  std::string topic;      // of the retained message to be shown, if it is not empty
  std::string after;      // go on behind this number
  std::uint64_t limit = 0;
  bool limit_given = false;
  Form form = Form::any;
  bool merge = false;     // into a store that holds something
  bool force = false;     // restore what has losses
};

}  // namespace tombo::tomboctl
