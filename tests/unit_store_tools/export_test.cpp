#include "unit_store_tools/arrange.hpp"
#include "unit_store_tools/exported.hpp"

#include "store/owner_row.hpp"

#include <gmock/gmock.h>

#include <random>

namespace tombo::tomboctl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A store with everything that rows can hold, where `seed` decides how much of it.
void fill_by_chance(Shelf& shelf, unsigned seed) {
  std::mt19937 random(seed);
  const auto chance = [&](unsigned of) { return random() % of == 0; };
  const auto bytes = [&](std::size_t max) {
    std::string text;
    for (std::size_t i = random() % (max + 1); i > 0; --i) text += static_cast<char>(random());
    return text;
  };
  const auto body = [&](const std::string& topic) {
    store::MessageRow row = message_row(topic, bytes(40));
    row.qos = static_cast<mqtt::Qos>(random() % 3);
    row.retain = chance(2);
    if (chance(2)) row.raw_properties = std::string("\x01\x01\x26\x00\x01k\x00\x01v", 9);
    row.received_at = chance(4) ? 0 : static_cast<std::int64_t>(random());
    if (chance(2)) row.expires_at = static_cast<std::int64_t>(random());
    if (chance(2)) row.source = encode(store::SourceRow{"c", bytes(3), chance(2), {}});
    return row;
  };
  std::uint64_t seq = 1000;
  std::vector<std::uint64_t> shared;
  for (std::uint64_t i = 0; i < random() % 5; ++i) {
    shared.push_back(100 + i);
    shelf.message(shared.back(), body("shared/" + std::to_string(i)));
  }
  for (std::uint64_t s = 1; s <= random() % 6; ++s) {
    store::SessionRow session = session_row("grün " + std::to_string(s));
    session.expiry_s = static_cast<std::uint32_t>(random());
    session.left_at = chance(2) ? 0 : 1'700'000'000;
    if (chance(2)) session.user_name = "anna";
    const std::uint32_t delay_s = chance(2) ? 8 : 0;
    if (chance(2)) session.will = store::WillRow{"will", bytes(9), {}, mqtt::Qos::at_least_once, chance(2), delay_s, {}, {}};
    if (session.will && chance(2)) session.will->expiry_s = 0;
    if (session.will && chance(2)) session.will->owner = store::encode(store::OwnerRow{"ldap", {bytes(3)}, {}, false, {}, 2});
    session.vouched = chance(2);
    shelf.session(s, session);
    if (chance(2)) shelf.put(store::received_key(kEpoch + s, static_cast<mqtt::PacketId>(random() % 65535 + 1)), {});
    for (unsigned i = 0; i < random() % 4; ++i) {
      const mqtt::SubscribeOptions options{static_cast<mqtt::Qos>(random() % 3), chance(2), chance(2), static_cast<mqtt::RetainHandling>(random() % 3)};
      shelf.subscription(s, "f/" + std::to_string(i) + "/#", {options, chance(2) ? 0 : static_cast<std::uint32_t>(random() % 1000), 0});
    }
    for (unsigned i = 0; i < random() % 5; ++i) {
      store::DeliveryRow row;
      row.qos = mqtt::Qos::exactly_once;
      row.packet_id = static_cast<mqtt::PacketId>(random() | 1);
      row.retain = chance(2);
      row.share_number = chance(2) ? 0 : 4;
      row.bytes = random();
      if (chance(2)) row.subscription_ids = {1, 300, mqtt::kSubscriptionIdMax};
      if (chance(3)) {
        row.released = true;
      } else if (!shared.empty() && chance(2)) {
        row.message = kEpoch + shared[random() % shared.size()];
      } else {
        row.body = body("own");
      }
      shelf.delivery(s, ++seq, row);
    }
  }
  for (unsigned i = 0; i < random() % 4; ++i) shelf.retained(body("r/" + std::to_string(i)));
}

/// Everything but the numbers: rows by their letters, with references followed.
std::vector<std::string> meaning_of(const store::Engine& engine) {
  std::vector<std::string> all;
  const auto get = [&](const std::string& key) {
    std::string value;
    const auto found = engine.get(key, value);
    EXPECT_TRUE(found.ok() && *found);
    return value;
  };
  for (const auto& [key, value] : rows_of(engine)) {
    const char letter = key.front();
    if (letter == 'F' || letter == 'm' || letter == 'h') continue;
    if (letter == 'r') {
      all.push_back(key + value);
      continue;
    }
    std::string text(1, letter);
    text += get(store::session_key(store::number_in_key(key)));
    if (letter == 'u' || letter == 'i') text += key.substr(9) + value;
    if (letter == 'q') {
      auto row = store::decode_delivery(value);
      EXPECT_TRUE(row);
      if (row->message != 0) text += get(store::message_key(row->message));
      row->message = row->message != 0 ? 1 : 0;
      text += encode(*row);
    }
    all.push_back(text);
  }
  return all;
}

TEST(Export, ComesBackExactlyWhateverWasInIt) {
  std::size_t rows = 0;
  for (unsigned seed = 1; seed <= 300; ++seed) {
    Shelf from;
    fill_by_chance(from, seed);
    const std::string text = exported(from.engine());
    // Batches of every size: what is written in several parts is the same.
    const auto to = store::make_memory_engine();
    ASSERT_EQ(import_into(*to, text, seed % 3 == 0 ? 1 : store::StoreWriter::kBatchBytes), "") << seed << "\n" << text;
    EXPECT_EQ(exported(*to), text) << seed;
    EXPECT_EQ(meaning_of(*to), meaning_of(from.engine())) << seed;
    rows += meaning_of(*to).size();
  }
  EXPECT_GT(rows, 1000u);
}

TEST(Export, IsReadable) {
  Shelf shelf;
  shelf.session(1, session_row("one"));
  shelf.subscription(1, "a/#");
  shelf.delivery(1, 10, delivery_of(message_row("a/b", "21.5")));
  shelf.retained(message_row("r", std::string("\x00\xFF", 2)));
  EXPECT_EQ(exported(shelf.engine()),
            R"({"kind":"tombo-store","version":1})" "\n"
            R"({"kind":"session","session":1,"client_id":"one","expiry_s":1000,"left_at":1700000500})" "\n"
            R"({"kind":"subscription","session":1,"filter":"a/#","qos":0})" "\n"
            R"({"kind":"delivery","session":1,"qos":1,"bytes":7,"body":{"topic":"a/b","payload":"21.5","qos":1,"received_at":1700000000}})" "\n"
            R"({"kind":"retained","topic":"r","payload_base64":"AP8=","qos":1,"received_at":1700000000})" "\n"
            R"({"kind":"end","lines":6})" "\n");
}

TEST(Export, LeavesOutWhatCannotBeReadAndSaysSo) {
  Shelf shelf;
  shelf.fill();
  shelf.erase(store::message_key(kEpoch + 7));
  shelf.put(store::session_key(kEpoch + 2), "?");
  std::vector<std::string> left_out;
  const std::string text = exported(shelf.engine(), &left_out);
  EXPECT_THAT(left_out, ElementsAre("session 3-2 cannot be read",
                                    "subscription $share/g/a/+ of session 3-2 belongs to a session that is not there",
                                    "received packet 99 of session 3-2 belongs to a session that is not there",
                                    "delivery 3-10 of session 3-1 names a message that is not there or cannot be read",
                                    "delivery 3-12 of session 3-2 belongs to a session that is not there"));
  const auto to = store::make_memory_engine();
  EXPECT_EQ(import_into(*to, text), "");
}

TEST(Export, EndsWhenNothingCanBeWritten) {
  Shelf shelf;
  shelf.fill();
  unsigned lines = 0;
  const auto done = export_store(shelf.engine(), {[&](std::string_view) { return ++lines < 3; }, [](const std::string&) {}});
  ASSERT_TRUE(done.ok());
  EXPECT_FALSE(done->complete);
  EXPECT_EQ(lines, 3u);
}

TEST(Export, RefusesAFormatThatItDoesNotKnow) {
  Shelf shelf;
  shelf.put(store::key_of_state("format"), store::encode_number(store::kFormat + 1));
  const auto done = export_store(shelf.engine(), {[](std::string_view) { return true; }, [](const std::string&) {}});
  ASSERT_FALSE(done.ok());
  EXPECT_THAT(done.error().text, HasSubstr("newer tombo"));
}

}  // namespace
}  // namespace tombo::tomboctl
