#pragma once

#include "plugin/events.hpp"
#include "plugin/host/c_forms.hpp"
#include "plugin/host/loaded_plugin.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace tombo::plugin {

namespace mosquitto {
struct KeptMessage;
enum Event : int;
}  // namespace mosquitto

/// One message on its way through the plugins that watch what is published, each of which sees what the one before it
/// made of it.
/// Lives on: one thread after the other, as answers come.
class PublishChain : public std::enable_shared_from_this<PublishChain> {
 public:
  using Later = std::function<void(PublishVerdict)>;

  PublishChain(const std::vector<LoadedPlugin*>& watchers, Later later);
  /// What plugins of Mosquitto's interface are told it is: a message that comes in, or goes out.
  PublishChain(const std::vector<LoadedPlugin*>& watchers, Later later, mosquitto::Event event);
  PublishVerdict begin(const Publication& publication);

 private:
  /// The message as a plugin sees it; never altered once a plugin was asked, since one that has answered may still read it.
  struct Kept {
    explicit Kept(const Publication& from);
    Kept(const Kept&) = delete;
    Kept& operator=(const Kept&) = delete;
    Publication view() const;
    std::size_t bytes() const { return topic.size() + payload.size() + properties.size(); }

    KeptClient client;
    ClientView client_view;
    std::string topic;
    std::vector<std::uint8_t> payload;
    mqtt::Qos qos;
    bool retain;
    bool is_will;
    std::vector<std::uint8_t> properties;
  };

  /// Asks from watcher `at` on; nothing: an answer will come.
  std::optional<PublishVerdict> go_on(std::size_t at);
  std::optional<Decision> ask(LoadedPlugin& plugin, std::size_t at);
  /// Takes an answer in; a verdict where it ends the chain.
  std::optional<PublishVerdict> take(const LoadedPlugin& plugin, const Decision& decision, bool last);
  void merge(const WantedChanges& wanted);
  PublishVerdict end() const;

  const std::vector<LoadedPlugin*>& watchers_;
  const Later later_;
  const mosquitto::Event event_;
  const Publication* borrowed_ = nullptr;  // within begin() where nothing had to be kept
  std::shared_ptr<const Kept> kept_;
  std::vector<std::uint8_t> properties_;   // the message's, as they are now
  std::shared_ptr<Changes> changes_;
};

/// A copy for plugins of Mosquitto's interface.
mosquitto::KeptMessage kept_message(const Publication& publication);

/// Calls a plugin's on_publish.
int call_on_publish(const LoadedPlugin& plugin, std::uint64_t ticket, const Publication& publication);

}  // namespace tombo::plugin
