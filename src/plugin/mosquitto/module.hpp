#pragma once

#include "base/log.hpp"
#include "base/result.hpp"
#include "plugin/events.hpp"
#include "plugin/host/decision.hpp"
#include "plugin/host/shared_object.hpp"
#include "plugin/host_actions.hpp"
#include "plugin/mosquitto/abi.hpp"
#include "plugin/mosquitto/client_record.hpp"
#include "plugin/mosquitto/delayed_logins.hpp"
#include "plugin/mosquitto/option_list.hpp"

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tombo::plugin::mosquitto {
class Module;
}  // namespace tombo::plugin::mosquitto

struct mosquitto_plugin_id_t {
  tombo::plugin::mosquitto::Module* module = nullptr;
};

namespace tombo::plugin::mosquitto {

/// A message on its way in or out, for as long as a call may be late.
struct KeptMessage {
  std::string topic;
  std::string payload;
  mqtt::Qos qos = mqtt::Qos::at_most_once;
  bool retain = false;
  std::vector<std::uint8_t> properties;
  std::size_t bytes() const { return topic.size() + payload.size() + properties.size(); }
};

/// A plugin's exported functions of the interfaces before 5; those that it need not have may be null.
struct OldCalls {
  AuthInit init = nullptr;
  AuthCleanup cleanup = nullptr;
  SecurityInit security_init = nullptr;
  SecurityInit security_cleanup = nullptr;
  void* acl_check = nullptr;  // of its version's type, as the next two
  void* unpwd_check = nullptr;
  void* psk_key_get = nullptr;
  AuthStart start = nullptr;
  AuthContinue go_on = nullptr;
};

/// A line of a plugin's for the log: a client's name in it must not begin a line of its own.
std::string printable(std::string_view text);

/// One plugin of Mosquitto's interface: what it exports, what it has registered, the clients that it knows.
/// Lives on: the plugin's thread, if nothing else is said.
class Module {
 public:
  struct Parts {
    std::string name;
    log::Logger logger;
    HostActions& actions;
    /// Gives the answer to a question that was left open.
    std::function<void(std::uint64_t ticket, Decision)> give;
    /// Runs something on the plugin's thread.
    std::function<void(std::function<void()>)> run_here;
    bool deny_special_names = true;
  };
  /// What it wants to be asked and told: what it had registered when it had begun.
  struct Roles {
    bool basic_auth = false, extended_auth = false, acl = false, psk_key = false;
    bool message_in = false, message_out = false, subscribe = false, unsubscribe = false, tick = false;
  };

  explicit Module(Parts parts);
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// Asks it for its version and keeps it; the failure says what is wrong.
  std::optional<std::string> load(OpenedFile& file);
  std::optional<std::string> begin(const std::vector<std::pair<std::string, std::string>>& options);
  void reload(const std::vector<std::pair<std::string, std::string>>& options);
  void end();
  int version() const { return version_; }
  /// Any thread, once it has begun.
  const Roles& roles() const { return roles_; }

  // --- questions (questions.cpp, keys.cpp, messages.cpp); nothing: it will be answered by complete_login()

  std::optional<Decision> login(std::uint64_t ticket, const auth::Login& login);
  Decision exchange(const auth::Login& login, std::string_view method, std::string_view data, bool first, bool again);
  Decision access(const auth::Access& access);
  /// With the key, as bytes, as data.
  Decision psk_key(const auth::KeyWanted& wanted);
  Decision message(Event event, const ClientFacts& client, const KeptMessage& message);
  /// Nothing: it has no callback for this topic.
  std::optional<Decision> control(const ClientFacts& client, const KeptMessage& message);

  // --- events (events.cpp)

  void connected(const ClientFacts& client);
  void disconnected(const ClientFacts& client, int reason);
  void subscription(Event event, const ClientFacts& client, std::string filter, std::uint8_t options,
                    std::uint32_t identifier);
  void tick();

  // --- for the functions that plugins call

  int add_callback(int event, Callback callback, const void* event_data, void* user_data);
  int remove_callback(int event, Callback callback, const void* event_data);
  int publish(const char* client_id, OwnMessage message);
  int kick(const char* client_id, bool with_will);
  int kick_user(const char* user_name, bool with_will);
  int rename(::mosquitto& client, const char* user_name);
  /// Only of the client whose login it judges at the moment.
  int set_client_id(::mosquitto& client, const char* client_id);
  /// As HostActions::certificate().  Any thread.
  void* certificate(const ::mosquitto& client) const;
  /// Any thread.
  void complete_login(std::string client_id, int result);
  void log(unsigned level, std::string line) const;
  ClientRecords& clients() { return clients_; }

  /// The one whose code runs on this thread, else one that is there at all (a thread of a plugin's own calls); null: none.
  static Module* here();
  /// The same for an answer, which must come to the one that was asked: on a thread of a plugin's own it is the one whose file
  /// `caller` lies in, else the only one that judges logins; null: it cannot be told.
  static Module* of(const void* caller);

 private:
  struct Registered {
    Callback call;
    void* user_data;
    std::string topic;  // of CONTROL
  };
  /// While it lives, here() is this module on this thread.
  class Entered {
   public:
    explicit Entered(Module& module);
    Entered(const Entered&) = delete;
    Entered& operator=(const Entered&) = delete;
    ~Entered();

   private:
    Module* before_;
  };

  /// Of an enhanced authentication.
  struct Step {
    std::string method;
    std::string data;
    bool first;
    bool again;
  };

  std::optional<std::string> take_version(const OpenedFile& file);
  std::optional<std::string> take_old_calls(const OpenedFile& file);
  int begin_old(OptionList& options);
  std::optional<std::string> judge_event(int event, const void* event_data) const;
  /// Asks those that registered for it in turn, until one has an opinion; `kPluginDefer` or `kPluginIgnore`: nobody has.
  int ask(Event event, void* data);
  void tell(Event event, void* data);
  int old_acl_check(::mosquitto& client, const auth::Access& access);
  int old_unpwd_check(::mosquitto& client, const auth::Login& login);
  int ask_login(::mosquitto& client, const auth::Login& login);
  Decision delay(std::uint64_t ticket, const auth::Login& login, std::unique_ptr<::mosquitto> client, bool& waits);
  Decision login_decision(int result, const ::mosquitto& client, const auth::Login& login) const;
  Decision let_in(int result, std::unique_ptr<::mosquitto> client, const auth::Login& login);
  int ask_exchange(::mosquitto& client, const Step& step, void*& out, std::uint16_t& out_len);
  int ask_for_key(const auth::KeyWanted& wanted, std::span<char> key);
  Decision access_decision(int result) const;
  bool has(Event event) const { return !callbacks_[event].empty(); }

  const Parts parts_;
  mosquitto_plugin_id_t id_{this};
  int version_ = 0;
  const void* file_ = nullptr;  // where it lies in memory
  std::atomic<bool> judges_logins_{false};  // for threads of plugins' own
  PluginInit init_ = nullptr;
  PluginCleanup cleanup_ = nullptr;
  OldCalls old_;
  void* user_data_ = nullptr;
  bool begun_ = false;
  OptionList options_;
  Roles roles_;
  std::array<std::vector<Registered>, kEventEnd> callbacks_;
  ClientRecords clients_;
  const ::mosquitto* judged_ = nullptr;  // whose login it is asked about at the moment
  DelayedLogins delayed_;
  std::atomic<std::size_t> answers_{0};  // that came from any thread and were not looked at yet
  bool told_of_ids_ = false;  // that it cannot give a client id to one that is in
};

}  // namespace tombo::plugin::mosquitto
