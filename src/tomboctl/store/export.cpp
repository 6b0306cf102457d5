#include "tomboctl/store/export.hpp"

#include "store/import/format.hpp"
#include "tomboctl/store/keys.hpp"
#include "tomboctl/store/records.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace tombo::tomboctl {

using store::EngineResult;

namespace {

/// Numbers of the store in their order; each is called by its place among them.
class Ordinals {
 public:
  void add(std::uint64_t number) { numbers_.push_back(number); }
  void sort() {
    std::sort(numbers_.begin(), numbers_.end());
    numbers_.erase(std::unique(numbers_.begin(), numbers_.end()), numbers_.end());
  }
  /// From 1 on; 0: it is not among them.
  std::uint64_t of(std::uint64_t number) const {
    const auto at = std::lower_bound(numbers_.begin(), numbers_.end(), number);
    return at != numbers_.end() && *at == number ? static_cast<std::uint64_t>(at - numbers_.begin()) + 1 : 0;
  }

 private:
  std::vector<std::uint64_t> numbers_;
};

class Export {
 public:
  Export(const store::Engine& engine, const ExportParts& parts) : engine_(engine), parts_(parts) {}

  EngineResult<Exported> run() {
    if (auto known = store::check_format(engine_); !known) return Failure{known.error()};
    using Walk = EngineResult<void> (Export::*)();
    line(Json{{"kind", "tombo-store"}, {"version", kExportVersion}});
    for (const Walk walk : {&Export::find_named, &Export::messages, &Export::sessions, &Export::subscriptions, &Export::received,
                            &Export::deliveries, &Export::retained}) {
      if (auto done = (this->*walk)(); !done) return Failure{done.error()};
      if (failed_) return exported_;
    }
    line(Json{{"kind", "end"}, {"lines", exported_.lines + 1}});
    exported_.complete = !failed_;
    return exported_;
  }

 private:
  bool line(const Json& json) {
    ++exported_.lines;
    failed_ = failed_ || !parts_.write(json.dump());
    return !failed_;
  }
  bool row(const char* kind, const Json& fields) { return row(Json{{"kind", kind}}, fields); }
  bool row(Json head, const Json& fields) {
    head.update(fields);
    return line(head);
  }
  bool leave_out(std::string_view key, const char* why) {
    ++exported_.left_out;
    parts_.left_out(readable_key(key) + " " + why);
    return true;
  }
  /// 0, and it was told, if the row's session is not exported.
  std::uint64_t session_of(std::string_view key) {
    const std::uint64_t session = sessions_.of(store::number_in_key(key));
    if (session == 0) leave_out(key, "belongs to a session that is not there");
    return session;
  }

  EngineResult<void> find_named() {
    Ordinals named;
    auto done = store::scan_letter(engine_, 'q', [&](std::string_view, std::string_view value) {
      const auto delivery = store::decode_delivery(value);
      if (delivery && delivery->message != 0) named.add(delivery->message);
      return true;
    });
    named.sort();
    if (!done) return done;
    done = store::scan_letter(engine_, 'm', [&](std::string_view key, std::string_view value) {
      const std::uint64_t number = store::number_in_key(key);
      if (named.of(number) == 0) return true;
      if (!store::decode_message(value)) return leave_out(key, "cannot be read");
      messages_.add(number);
      return true;
    });
    messages_.sort();
    return done;
  }

  EngineResult<void> messages() {
    return store::scan_letter(engine_, 'm', [this](std::string_view key, std::string_view value) {
      const std::uint64_t number = messages_.of(store::number_in_key(key));
      if (number == 0) return true;
      return row(Json{{"kind", "message"}, {"message", number}}, json_of(*store::decode_message(value)));
    });
  }

  EngineResult<void> sessions() {
    std::uint64_t count = 0;
    return store::scan_letter(engine_, 's', [&](std::string_view key, std::string_view value) {
      const auto session = store::decode_session(value);
      if (!session) return leave_out(key, "cannot be read");
      sessions_.add(store::number_in_key(key));
      return row(Json{{"kind", "session"}, {"session", ++count}}, json_of(*session));
    });
  }

  EngineResult<void> subscriptions() {
    return store::scan_letter(engine_, 'u', [this](std::string_view key, std::string_view value) {
      const std::uint64_t session = session_of(key);
      if (session == 0) return true;
      const auto subscription = store::decode_subscription(value);
      if (!subscription) return leave_out(key, "cannot be read");
      return row(Json{{"kind", "subscription"}, {"session", session}}, json_of(filter_in_key(key), *subscription));
    });
  }

  EngineResult<void> received() {
    return store::scan_letter(engine_, 'i', [this](std::string_view key, std::string_view) {
      const std::uint64_t session = session_of(key);
      if (session == 0) return true;
      return line(Json{{"kind", "received"}, {"session", session}, {"packet_id", packet_id_in_key(key)}});
    });
  }

  EngineResult<void> deliveries() {
    return store::scan_letter(engine_, 'q', [this](std::string_view key, std::string_view value) {
      const std::uint64_t session = session_of(key);
      if (session == 0) return true;
      const auto delivery = store::decode_delivery(value);
      if (!delivery) return leave_out(key, "cannot be read");
      Json head{{"kind", "delivery"}, {"session", session}};
      if (delivery->message != 0) {
        const std::uint64_t message = messages_.of(delivery->message);
        if (message == 0) return leave_out(key, "names a message that is not there or cannot be read");
        head["message"] = message;
      }
      return row(std::move(head), json_of(*delivery));
    });
  }

  EngineResult<void> retained() {
    return store::scan_letter(engine_, 'r', [this](std::string_view key, std::string_view value) {
      const auto message = store::decode_message(value);
      if (!message || message->topic != topic_in_key(key)) return leave_out(key, "cannot be read");
      return row("retained", json_of(*message));
    });
  }

  const store::Engine& engine_;
  const ExportParts& parts_;
  Exported exported_;
  Ordinals messages_;
  Ordinals sessions_;
  bool failed_ = false;
};

}  // namespace

EngineResult<Exported> export_store(const store::Engine& engine, const ExportParts& parts) { return Export(engine, parts).run(); }

}  // namespace tombo::tomboctl
