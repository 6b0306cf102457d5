#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tombo::config::mosquitto {

class Reading;
struct Line;

/// What a directive is about, and so where it may stand.  `security` is global, or of a listener where
/// per_listener_settings says so; `listeners` is written once and holds for all listeners.
enum class Scope : std::uint8_t { global, listeners, listener, security, plugin, bridge };

/// What becomes of a directive.  Nothing is passed over in silence: no_effect is a warning, refused an error.
enum class Fate : std::uint8_t { honoured, partly, no_effect, refused };

using Take = void (*)(Reading& reading, const Line& line);

/// A number at or below `at_most` stands for `becomes`: Mosquitto's "no limit".
struct Unlimited {
  std::int64_t at_most;
  std::uint64_t becomes;
};

/// Everything about one directive of mosquitto.conf.  The loader, docs/migrating-from-mosquitto.md and the names in
/// messages follow from it; a directive more is an entry more.  Lives on: any thread (immutable).
struct Directive {
  std::string_view name;  // "plugin_opt_*" stands for all that begin so
  Scope scope;
  std::string_view value;  // how it is written, for people
  Fate fate;
  std::string_view becomes;  // "limits.in_flight_max", as a TOML file has it; the first where there are several
  std::string_view what;     // one sentence: what it does, why it has no effect, or what to use instead
  Take take;
  std::int64_t min = 0;  // of a number, as Mosquitto has it
  std::int64_t max = 0;
  std::optional<Unlimited> unlimited = std::nullopt;
  bool opens = true;  // of a listener: the default one is there once this is written for it

  constexpr Directive or_unlimited(std::int64_t at_most, std::uint64_t instead) const {
    Directive copy = *this;
    copy.unlimited = Unlimited{at_most, instead};
    return copy;
  }
  constexpr Directive opening_none() const {
    Directive copy = *this;
    copy.opens = false;
    return copy;
  }
  constexpr Directive but(Fate other) const {
    Directive copy = *this;
    copy.fate = other;
    return copy;
  }
};

/// All of Mosquitto 2.0 and 2.1 and what older ones had, in the order of the page.
std::span<const Directive> directives();
/// The one that a name means, "plugin_opt_x" included; nullptr for what is none.
const Directive* find_directive(std::string_view name);

std::string_view name_of(Scope scope);
std::string_view name_of(Fate fate);

}  // namespace tombo::config::mosquitto
