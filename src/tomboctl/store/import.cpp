#include "tomboctl/store/import.hpp"

#include "tomboctl/store/export.hpp"
#include "tomboctl/store/records.hpp"

#include <limits>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace tombo::tomboctl {

namespace {

constexpr std::uint64_t kAny = std::numeric_limits<std::uint64_t>::max();

/// Reads the lines one after the other.  With a writer it writes what they say, without it only looks.
class Import {
 public:
  Import(std::istream& lines, store::StoreWriter* writer) : lines_(lines), writer_(writer) {}

  Result<void, std::string> run() {
    std::string text;
    while (!ended_ && std::getline(lines_, text)) {
      ++line_;
      if (text.find_first_not_of(" \t\r") == std::string::npos) return wrong("is empty");
      const Json json = Json::parse(text, nullptr, false);
      if (!json.is_object()) return wrong("is no JSON object");
      JsonFields fields(json);
      read(fields);
      if (const auto& problem = fields.problem()) return wrong(*problem);
    }
    if (ended_ && std::getline(lines_, text)) return ++line_, wrong("comes after the end");
    if (!ended_) return Failure{fmt::format("the file ends after line {}, without its line of the kind 'end': it was cut off", line_)};
    return {};
  }

 private:
  Result<void, std::string> wrong(std::string_view what) const { return Failure{fmt::format("line {}: {}", line_, what)}; }

  void read(JsonFields& fields) {
    const std::string kind = fields.text("kind");
    if (line_ == 1 || kind == "tombo-store") return head(fields, kind);
    if (kind == "message") return message(fields);
    if (kind == "session") return session(fields);
    if (kind == "subscription") return subscription(fields);
    if (kind == "received") return received(fields);
    if (kind == "delivery") return delivery(fields);
    if (kind == "retained") return retained(fields);
    if (kind == "end") return end(fields);
    fields.refuse(fmt::format("there is no kind '{}'", kind.substr(0, 100)));
  }

  void head(JsonFields& fields, const std::string& kind) {
    if (line_ != 1 || kind != "tombo-store") return fields.refuse("the first line, and no other, has the kind 'tombo-store'");
    const std::uint64_t version = fields.number("version", kAny);
    if (version != kExportVersion) fields.refuse(fmt::format("this is version {}, and this program reads version {}", version, kExportVersion));
  }
  void end(JsonFields& fields) {
    ended_ = true;
    if (fields.number("lines", kAny) != line_) fields.refuse("lines are missing, or there are too many");
  }

  void message(JsonFields& fields) {
    const std::uint64_t number = fields.number("message", kAny);
    const store::MessageRow row = read_message(fields);
    if (number != messages_ + 1) return fields.refuse("'message' has to count up from 1");
    ++messages_;
    if (writer_ != nullptr) message_numbers_.push_back(writer_->add_message(row));
  }

  void session(JsonFields& fields) {
    const std::uint64_t number = fields.number("session", kAny);
    const store::SessionRow row = read_session(fields);
    if (number != sessions_ + 1) return fields.refuse("'session' has to count up from 1");
    ++sessions_;
    if (writer_ != nullptr) {
      session_numbers_.push_back(writer_->add_session(row).value_or(0));
    } else if (!clients_.insert(row.client_id).second) {
      fields.refuse("there was a session with this 'client_id' before");
    }
  }
  /// The session that a line belongs to; 0: none that is written.
  store::SessionNumber session_of(JsonFields& fields) {
    const std::uint64_t number = fields.number("session", kAny);
    if (number == 0 || number > sessions_) {
      fields.refuse("'session' names none of the lines before");
      return 0;
    }
    return writer_ != nullptr ? session_numbers_[number - 1] : 0;
  }

  void subscription(JsonFields& fields) {
    std::string filter;
    const store::SessionNumber session = session_of(fields);
    const store::SubscriptionRow row = read_subscription(fields, filter);
    if (session != 0 && !fields.problem()) writer_->add_subscription(session, filter, row);
  }

  void received(JsonFields& fields) {
    const store::SessionNumber session = session_of(fields);
    const std::uint64_t id = fields.number("packet_id", std::numeric_limits<mqtt::PacketId>::max());
    if (id == 0) fields.refuse("'packet_id' is missing");
    if (session != 0 && !fields.problem()) writer_->add_received(session, static_cast<mqtt::PacketId>(id));
  }

  void delivery(JsonFields& fields) {
    const store::SessionNumber session = session_of(fields);
    const std::uint64_t message = fields.number("message", kAny);
    store::DeliveryRow row = read_delivery(fields);
    if (message > messages_) return fields.refuse("'message' names none of the lines before");
    const int messages = (message != 0 ? 1 : 0) + (row.body ? 1 : 0);
    if (messages != (row.released ? 0 : 1)) return fields.refuse("there is one message, here or by its number; none if 'released'");
    if (session == 0 || fields.problem()) return;
    if (message != 0) row.message = message_numbers_[message - 1];
    writer_->add_delivery(session, row);
  }

  void retained(JsonFields& fields) {
    const store::MessageRow row = read_message(fields);
    if (writer_ != nullptr && !fields.problem()) writer_->add_retained(row);
  }

  std::istream& lines_;
  store::StoreWriter* writer_;
  std::uint64_t line_ = 0;
  bool ended_ = false;
  std::uint64_t messages_ = 0;
  std::uint64_t sessions_ = 0;
  std::unordered_set<std::string> clients_;
  std::vector<store::MessageNumber> message_numbers_;  // in the store, in the order of the lines
  std::vector<store::SessionNumber> session_numbers_;
};

}  // namespace

Result<void, std::string> check_export(std::istream& lines) { return Import(lines, nullptr).run(); }

Result<store::Imported, std::string> import_export(std::istream& lines, store::StoreWriter& writer) {
  if (auto read = Import(lines, &writer).run(); !read) return Failure{read.error()};
  auto imported = writer.finish();
  if (!imported) return Failure{imported.error().text};
  return *imported;
}

}  // namespace tombo::tomboctl
