#include "plugin/mosquitto/module.hpp"

#include "plugin/host/limits.hpp"
#include "plugin/mosquitto/exports.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <mutex>
#include <utility>

namespace tombo::plugin::mosquitto {

namespace {

// The interface's functions have no argument that says for whom they work, so whose code runs must be known otherwise.
thread_local Module* running_here = nullptr;
std::mutex running_mutex;
std::vector<Module*> running;  // that have begun

constexpr std::size_t kControlTopicMax = 65'535;
constexpr std::string_view kControlPrefix = "$CONTROL/";

bool is_persistence(int event) {
  return (event >= kPersistFirst && event <= kPersistLast) || event == kPersistWillAdd || event == kPersistWillDelete;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string line{text.substr(0, kLogLineMax)};
  for (char& character : line) {
    if (static_cast<unsigned char>(character) < 0x20 || character == 0x7F) character = '?';
  }
  return line;
}

Module::Entered::Entered(Module& module) : before_(std::exchange(running_here, &module)) {}
Module::Entered::~Entered() {
  running_here = before_;
}

Module* Module::here() {
  if (running_here != nullptr) return running_here;
  const std::lock_guard lock{running_mutex};
  return running.empty() ? nullptr : running.back();
}

Module* Module::of(const void* caller) {
  if (running_here != nullptr) return running_here;
  const void* const file = OpenedFile::file_at(caller);
  const std::lock_guard lock{running_mutex};
  Module* only = nullptr;
  std::size_t judges = 0;
  for (Module* module : running) {
    if (module->file_ == file) return module;
    if (!module->judges_logins_) continue;
    only = module;
    ++judges;
  }
  return judges == 1 ? only : nullptr;
}

Module::Module(Parts parts) : parts_(std::move(parts)), clients_(parts_.actions) {
  link_memory_functions();
  link_property_functions();
  link_text_functions();
  link_broker_functions();
  link_helper_functions();
  link_storage_functions();
}

Module::~Module() {
  const std::lock_guard lock{running_mutex};
  std::erase(running, this);
}

std::optional<std::string> Module::load(OpenedFile& file) {
  const Entered entered{*this};
  auto wrong = take_version(file);
  if (!wrong) file.keep();
  return wrong;
}

/// Asks a new plugin which of our versions it wants, and tells an old one none.
std::optional<std::string> Module::take_version(const OpenedFile& file) {
  if (const auto choose = file.function<PluginVersion>("mosquitto_plugin_version")) {
    file_ = OpenedFile::file_at(file.symbol("mosquitto_plugin_version"));
    version_ = choose(static_cast<int>(std::size(kVersions)), kVersions);
  } else if (const auto say = file.function<AuthVersion>("mosquitto_auth_plugin_version")) {
    file_ = OpenedFile::file_at(file.symbol("mosquitto_auth_plugin_version"));
    version_ = say();
  } else {
    return "it exports neither 'mosquitto_plugin_version' nor 'mosquitto_auth_plugin_version'";
  }
  if (std::find(std::begin(kVersions), std::end(kVersions), version_) == std::end(kVersions)) {
    return fmt::format("it has version {} of Mosquitto's plugin interface, this broker has 5, 4, 3 and 2", version_);
  }
  if (version_ < 5) return take_old_calls(file);
  init_ = file.function<PluginInit>("mosquitto_plugin_init");
  cleanup_ = file.function<PluginCleanup>("mosquitto_plugin_cleanup");  // 2.1 does not want one of everybody
  if (init_ == nullptr) return "it does not export 'mosquitto_plugin_init'";
  return {};
}

std::optional<std::string> Module::take_old_calls(const OpenedFile& file) {
  old_.init = file.function<AuthInit>("mosquitto_auth_plugin_init");
  old_.cleanup = file.function<AuthCleanup>("mosquitto_auth_plugin_cleanup");
  old_.security_init = file.function<SecurityInit>("mosquitto_auth_security_init");
  old_.security_cleanup = file.function<SecurityInit>("mosquitto_auth_security_cleanup");
  old_.acl_check = file.symbol("mosquitto_auth_acl_check");
  old_.unpwd_check = file.symbol("mosquitto_auth_unpwd_check");
  old_.psk_key_get = file.symbol("mosquitto_auth_psk_key_get");
  if (version_ == 4) {
    old_.start = file.function<AuthStart>("mosquitto_auth_start");
    old_.go_on = file.function<AuthContinue>("mosquitto_auth_continue");
  }
  std::string missing;
  const auto need = [&](bool there, std::string_view name) {
    if (!there) missing += fmt::format("{}'mosquitto_auth_{}'", missing.empty() ? "" : ", ", name);
  };
  need(old_.init != nullptr, "plugin_init");
  need(old_.cleanup != nullptr, "plugin_cleanup");
  need(old_.security_init != nullptr, "security_init");
  need(old_.security_cleanup != nullptr, "security_cleanup");
  need(old_.acl_check != nullptr, "acl_check");
  if (version_ < 4) need(old_.unpwd_check != nullptr, "unpwd_check");
  if ((old_.start == nullptr) != (old_.go_on == nullptr))
    return "it has only one of 'mosquitto_auth_start' and 'mosquitto_auth_continue'";
  if (!missing.empty()) return "it does not export " + missing;
  return {};
}

std::optional<std::string> Module::begin(const std::vector<std::pair<std::string, std::string>>& options) {
  const Entered entered{*this};
  {
    const std::lock_guard lock{running_mutex};
    running.push_back(this);
  }
  options_ = OptionList{options};
  const int failed = version_ < 5 ? begin_old(options_) : init_(&id_, &user_data_, options_.data(), options_.size());
  if (failed != 0) {
    for (auto& list : callbacks_) list.clear();
    return fmt::format("its initialisation failed with error {}", failed);
  }
  begun_ = true;
  if (version_ < 5) {
    roles_.acl = true;
    roles_.basic_auth = old_.unpwd_check != nullptr;
    roles_.extended_auth = old_.start != nullptr;
    roles_.psk_key = old_.psk_key_get != nullptr;
    return {};
  }
  judges_logins_ = roles_.basic_auth = has(kBasicAuth);
  roles_.extended_auth = has(kExtAuthStart);
  roles_.acl = has(kAclCheck);
  roles_.psk_key = has(kPskKey);
  roles_.message_in = has(kMessageIn);
  roles_.message_out = has(kMessageOut);
  roles_.subscribe = has(kSubscribe);
  roles_.unsubscribe = has(kUnsubscribe);
  roles_.tick = true;  // it may want it later
  return {};
}

int Module::begin_old(OptionList& options) {
  if (const int failed = old_.init(&user_data_, options.data(), options.size()); failed != 0) return failed;
  return old_.security_init(user_data_, options.data(), options.size(), false);
}

void Module::reload(const std::vector<std::pair<std::string, std::string>>& options) {
  const Entered entered{*this};
  options_ = OptionList{options};
  int failed = 0;
  if (version_ < 5) {
    old_.security_cleanup(user_data_, options_.data(), options_.size(), true);
    failed = old_.security_init(user_data_, options_.data(), options_.size(), true);
  } else {
    EvtReload event{};
    event.options = options_.data();
    event.option_count = options_.size();
    for (const Registered& each : std::vector<Registered>{callbacks_[kReload]}) {
      const int answer = each.call(kReload, &event, each.user_data);
      if (answer != kSuccess) failed = answer;
    }
  }
  if (failed != 0) parts_.logger.error("plugin {}: its reload failed with error {}", parts_.name, failed);
}

void Module::end() {
  if (!std::exchange(begun_, false)) return;
  const Entered entered{*this};
  if (version_ < 5) {
    old_.security_cleanup(user_data_, options_.data(), options_.size(), false);
    old_.cleanup(user_data_, options_.data(), options_.size());
  } else if (cleanup_ != nullptr) {
    cleanup_(user_data_, options_.data(), options_.size());
  }
  for (auto& list : callbacks_) list.clear();
  delayed_.clear();
  clients_.clear();
}

/// Why it cannot be registered now; nothing: it can.
std::optional<std::string> Module::judge_event(int event, const void* event_data) const {
  if (is_persistence(event)) {
    return "wants a persistence event, which this broker does not have: sessions and messages are kept by "
           "[persistence]";
  }
  if (event < kReload || event >= kEventEnd)
    return fmt::format("wants event {}, which this broker does not know", event);
  if (event == kControl) {
    const auto* topic = static_cast<const char*>(event_data);
    if (topic == nullptr) return "wants control messages of no topic";
    const std::size_t size = ::strnlen(topic, kControlTopicMax + 1);
    if (size <= kControlPrefix.size() || size > kControlTopicMax ||
        !std::string_view{topic}.starts_with(kControlPrefix)) {
      return "wants control messages of a topic that is not below $CONTROL/";
    }
  }
  // What the shards ask is decided when they begin.
  const bool late =
      begun_ && ((event == kBasicAuth && !roles_.basic_auth) || (event == kAclCheck && !roles_.acl) ||
                 (event == kExtAuthStart && !roles_.extended_auth) || (event == kMessageIn && !roles_.message_in) ||
                 (event == kMessageOut && !roles_.message_out) || (event == kSubscribe && !roles_.subscribe) ||
                 (event == kUnsubscribe && !roles_.unsubscribe) || (event == kPskKey && !roles_.psk_key));
  if (late) return fmt::format("wants event {} only now: it has to register for it in mosquitto_plugin_init", event);
  return {};
}

int Module::add_callback(int event, Callback callback, const void* event_data, void* user_data) {
  if (callback == nullptr) return kInvalid;
  if (const auto wrong = judge_event(event, event_data)) {
    parts_.logger.error("plugin {}: it {}", parts_.name, *wrong);
    return event == kControl ? kInvalid : kNotSupported;
  }
  auto& list = callbacks_[static_cast<std::size_t>(event)];
  const std::string topic = event == kControl ? static_cast<const char*>(event_data) : "";
  for (const Registered& each : list) {
    if (event == kControl ? each.topic == topic : each.call == callback) return kAlreadyExists;
  }
  list.push_back({callback, user_data, topic});
  return kSuccess;
}

int Module::remove_callback(int event, Callback callback, const void* event_data) {
  if (callback == nullptr) return kInvalid;
  if (event < kReload || event >= kEventEnd || is_persistence(event)) return kNotSupported;
  if (event == kControl && event_data == nullptr) return kInvalid;
  const std::string_view topic = event == kControl ? static_cast<const char*>(event_data) : "";
  const auto gone = std::erase_if(callbacks_[static_cast<std::size_t>(event)],
                                  [&](const Registered& each) { return each.call == callback && each.topic == topic; });
  return gone > 0 ? kSuccess : kNotFound;
}

void Module::log(unsigned level, std::string line) const {
  const auto& logger = parts_.logger;
  if ((level & kLogError) != 0) return logger.error("plugin {}: {}", parts_.name, line);
  if ((level & kLogWarning) != 0) return logger.warning("plugin {}: {}", parts_.name, line);
  if ((level & (kLogNotice | kLogInfo)) != 0) return logger.info("plugin {}: {}", parts_.name, line);
  logger.debug("plugin {}: {}", parts_.name, line);
}

}  // namespace tombo::plugin::mosquitto
