#pragma once

#include "plugin/mosquitto/abi.hpp"

#include <string>
#include <utility>
#include <vector>

namespace tombo::plugin::mosquitto {

/// A plugin's options in the form that it is given; owns their texts.
class OptionList {
 public:
  OptionList() = default;
  explicit OptionList(std::vector<std::pair<std::string, std::string>> options) : texts_(std::move(options)) {
    for (auto& [key, value] : texts_) list_.push_back({key.data(), value.data()});
  }
  OptionList(const OptionList&) = delete;
  OptionList& operator=(const OptionList&) = delete;
  // The texts stay where they are: short ones live in the vector's own memory, which moves along.
  OptionList(OptionList&&) = default;
  OptionList& operator=(OptionList&&) = default;

  Option* data() { return list_.empty() ? nullptr : list_.data(); }
  int size() const { return static_cast<int>(list_.size()); }

 private:
  std::vector<std::pair<std::string, std::string>> texts_;
  std::vector<Option> list_;
};

}  // namespace tombo::plugin::mosquitto
