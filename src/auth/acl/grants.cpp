#include "auth/acl/grants.hpp"

#include "auth/acl/filter_algebra.hpp"
#include "mqtt/topic.hpp"

#include <string>

namespace tombo::auth::acl {

namespace {

/// A grant's filter with %u and %c replaced.  Views the grant where there is nothing to replace.
class Filled {
 public:
  Filled(const Grant& grant, const Subject& subject) : filter_(grant.filter) {
    if (grant.filter.find('%') != std::string::npos) fill(grant, subject);
    if (usable_ && !mqtt::is_valid_topic_filter(filter_)) give_up(grant, "");
  }

  bool usable() const { return usable_; }
  /// A denial of everything, since it cannot be known what was meant.
  bool denies_all() const { return denies_all_; }
  std::string_view filter() const { return filter_; }

 private:
  void fill(const Grant& grant, const Subject& subject) {
    LevelReader reader{grant.filter};
    for (bool first = true; !reader.done; first = false) {
      if (!first) text_ += '/';
      const std::size_t level_begin = text_.size();
      std::string_view level = reader.next();
      for (std::size_t at; (at = level.find('%')) != level.npos;) {
        const char letter = at + 1 < level.size() ? level[at + 1] : '\0';
        text_ += level.substr(0, at);
        level.remove_prefix(at);
        if (letter != 'u' && letter != 'c') {
          text_ += '%';
          level.remove_prefix(1);
          continue;
        }
        level.remove_prefix(2);
        const std::string_view value = letter == 'u' ? subject.user : subject.client;
        if (value.empty()) return give_up(grant, {});
        const bool opens_dollar = first && grant.allow && text_.size() == level_begin && value.starts_with('$');
        // What such a name might mean is denied as a whole, and allowed not at all.
        if (opens_dollar || !fits_in_level(value)) return give_up(grant, text_.substr(0, level_begin) + "+/#");
        text_ += value;
      }
      text_ += level;
    }
    filter_ = text_;
  }

  /// `instead`: what a denial is widened to; empty of a name that is not there: nothing is denied by it.
  void give_up(const Grant& grant, std::string instead) {
    const bool absent = instead.empty() && mqtt::is_valid_topic_filter(grant.filter);
    usable_ = !grant.allow && !absent;
    denies_all_ = usable_ && !mqtt::is_valid_topic_filter(instead);
    text_ = std::move(instead);
    filter_ = text_;
  }

  std::string text_;
  std::string_view filter_;
  bool usable_ = true;
  bool denies_all_ = false;
};

bool concerns(const Grant& grant, Action action) {
  return action == Action::publish ? grant.publish : grant.subscribe;
}

bool applies(const Grant& grant, const Access& access, const Subject& subject) {
  if (!concerns(grant, access.action)) return false;
  const Filled filled(grant, subject);
  if (!filled.usable()) return false;
  if (filled.denies_all()) return true;
  if (access.action != Action::subscribe) return mqtt::matches(filled.filter(), access.topic);
  return grant.allow ? covers(filled.filter(), access.topic) : overlaps(filled.filter(), access.topic);
}

}  // namespace

const Grant* deciding_grant(const Access& access, const Subject& subject) {
  for (const bool allow : {false, true}) {
    for (const Grant& grant : subject.principal.grants) {
      if (grant.allow == allow && applies(grant, access, subject)) return &grant;
    }
  }
  return nullptr;
}

}  // namespace tombo::auth::acl
