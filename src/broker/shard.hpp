#pragma once

#include "broker/client.hpp"
#include "broker/client_lines.hpp"
#include "broker/core.hpp"
#include "broker/inspect.hpp"
#include "broker/left_will.hpp"
#include "broker/outbox.hpp"
#include "broker/restored.hpp"
#include "broker/routing_now.hpp"
#include "broker/session_table.hpp"
#include "broker/shard_scratch.hpp"
#include "broker/sys_report.hpp"
#include "broker/transport.hpp"
#include "mqtt/decode.hpp"
#include "mqtt/topic.hpp"
#include "plugin/events.hpp"
#include "plugin/host_actions.hpp"
#include "routing/subscriber_tables.hpp"
#include "store/journal.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tombo::broker {

/// A shard's brain: what happens on each packet.  Sans I/O: bytes, letters and the clock go in, packets go out into
/// the transports' batches.  One file per verb; this page is their table of contents.
///
/// A turn is: begin_turn(), any number of on_...() calls, end_turn(); then the transports that became dirty are
/// written.  Nothing outside a turn touches the shard.
/// Lives on: one shard.
class Shard : private ShardScratch {
 public:
  /// `sink`: where what must survive goes; none: nothing survives.
  Shard(Core& core, routing::ShardId id, store::Sink* sink);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // --- the turn (turn.cpp)

  /// Reads the clock, takes the mail, fires what is due.
  void begin_turn();
  /// Goes on with retained walks, posts the letters, passes a quiescent point.
  void end_turn();
  /// Work is left that needs no event: take another turn before sleeping.
  bool has_work() const { return work_left_ || !graveyard_.empty() || !outbox_.empty(); }
  /// When the next turn is needed at the latest.
  MonoTime next_due() const;
  /// So many letters came or went in this turn that more may be on their way.
  bool expects_mail() const;
  /// Going to sleep and waking up; false if a letter came in between.
  bool fall_asleep();
  void wake_up();

  // --- connections (connection.cpp)

  /// A transport has come: accepted here, or moved here from another shard.
  void on_open(Transport& transport, std::size_t listener_index, bool moved, std::shared_ptr<Luggage> luggage = {});
  /// Bytes have come.  Returns how many were consumed; the transport keeps the rest and hands it over again in front
  /// of what comes next.  Stops early when the client is paused or the turn has done enough (then has_more is true).
  /// `received`: the store that the bytes are the content of, if any; a PUBLISH that fills it may take its memory.
  std::size_t on_bytes(Client& client, mqtt::Bytes bytes, bool& has_more, mqtt::ByteStore* received = nullptr);
  /// The peer has taken what waited.
  void on_writable(Client& client);
  /// The network connection has ended by itself; `why` is for the log.
  void on_closed(Client& client, std::string_view why);
  /// This shard's records up to the ticket are on stable storage.  (persist.cpp)
  void on_durable(store::Ticket ticket);

  // --- the store (restore.cpp, window.cpp)

  /// Before the shard runs: a session as the store has it.  None if the client id has another one already.
  std::optional<routing::SessionHandle> restore(const RestoredSession& kept);
  /// Before the shard runs: takes a session out of the store that has no place.
  void discard(const RestoredSession& kept);
  /// What the store has counted for a session, and what it has read.
  void on_counted(const routing::SessionHandle& handle, std::uint64_t messages, std::uint64_t bytes);
  void on_read(const routing::SessionHandle& handle, store::Read& read);
  /// After the last turn: hands over what would have waited for another.
  void hand_over() { journal_.hand_over(); }

  // --- the operator (operate.cpp)

  void apply(std::shared_ptr<const config::Options> options);
  /// Sends this many of the newest 5.0 clients to the other server.  [redirect]
  void redirect(std::size_t count);
  /// Says goodbye to every client (5.0: 0x8B) and closes; sessions stay.
  void disconnect_all(mqtt::ReasonCode reason);
  /// Sends every client away, a bounded number each turn, and lets nobody in until end_drain().
  void begin_drain(Drain drain);
  void end_drain();
  /// What clients may do has changed: subscriptions that a session would not be given any more are taken away.  (rights.cpp)
  void rights_changed();
  /// Closes this client's connection (5.0: with the reason); false if it is not connected here.
  bool kick(std::string_view client_id, mqtt::ReasonCode reason);
  /// Ends the session, connected or not; false if it is not here.
  bool remove_session(std::string_view client_id);
  /// Forgets the retained message of this topic; false if there is none.
  bool remove_retained(std::string_view topic);

  /// Routes what a plugin publishes as the broker.  (plugins.cpp)
  void publish_own(const plugin::OwnMessage& message);
  /// The same for one client, which must be connected here.
  void publish_to(std::string_view client_id, const plugin::OwnMessage& message);
  /// As kick(), with or without the will, for a plugin: the client, if it is connected here.
  void kick_client(std::string_view client_id, bool with_will);
  /// Connections of one user (of nobody, if the name is empty; of everybody, if there is none), some from `from_slot` on; the
  /// slot to go on with, or 0 at the end.
  std::uint32_t kick_users(const std::optional<std::string>& user_name, bool with_will, std::uint32_t from_slot);
  /// A connected client is another user from now on.
  void rename(std::string_view client_id, std::string_view user_name);

  // --- what the operator sees (inspect.cpp): each call looks at so much at most and copies out what it found

  SessionsSeen list_sessions(const SessionQuery& query, std::uint32_t from_slot, std::size_t slots_max);
  SubscriptionsSeen list_subscriptions(const SubscriptionQuery& query, SubscriptionPlace from, std::size_t records_max);
  TrafficSeen list_traffic(std::uint32_t from_slot, std::size_t slots_max);
  /// False if the session is not here, or has ended.
  bool see_session(std::string_view client_id, SessionSeen& seen);
  bool see_session(const routing::SessionHandle& handle, SessionSeen& seen);

  FlushList& flush_list() { return flush_list_; }
  ShardCounters& counters() { return counters_; }
  Core& core() { return core_; }
  routing::ShardId id() const { return id_; }
  MonoTime now() const { return now_; }
  const config::Options& options() const { return *options_; }
  const std::shared_ptr<const config::Options>& options_ref() const { return options_; }
  std::size_t clients() const { return clients_.size(); }
  SessionTable& sessions() { return sessions_; }

 private:
  // --- packets
  std::size_t take_packets(Client& client, mqtt::Bytes bytes, bool& has_more);
  void on_packet(Client& client, const mqtt::Frame& frame, mqtt::Bytes packet);
  void on_first_packet(Client& client, const mqtt::Frame& frame, mqtt::Bytes packet);
  // connect.cpp
  void on_connect(Client& client, const mqtt::Frame& frame, mqtt::Bytes packet);
  const config::Listener& listener_of(const Client& client) const;
  mqtt::ReasonCode judge_connect(Client& client, mqtt::ConnectView& connect, std::string& made);
  mqtt::ReasonCode judge_client_id(const Client& client, std::string_view client_id);
  mqtt::ReasonCode judge_will(const Client& client, std::string_view client_id, const mqtt::WillView& will) const;
  bool bring_home(Client& client, std::string_view client_id);
  bool keeps_new_sessions() const;
  Ask ask_login(Client& client, const mqtt::ConnectView& connect, std::string_view client_id);
  void accept(Client& client, const mqtt::ConnectView& connect, std::string_view client_id, bool assigned);
  void close_elder(Client& elder);
  bool waits_for_end(Client& client, std::string_view client_id, bool clean_start);
  ClientSession* take_over(const mqtt::ConnectView& connect, std::string_view client_id, bool& present);
  bool send_connack(Client& client, const mqtt::ConnectView& connect, bool present, bool assigned);
  // client_ids.cpp
  mqtt::ReasonCode settle_client_id(Client& client, mqtt::ConnectView& connect, std::string& made);
  mqtt::ReasonCode judge_empty_client_id(const Client& client, const mqtt::ConnectView& connect) const;
  std::string made_client_id(const Client& client);
  bool take_given_id(Client& client, const mqtt::ConnectView& connect, std::string_view& client_id);
  bool is_named_as_its_user(const Client& client, std::string_view client_id) const;
  // enhanced.cpp
  bool authenticate(Client& client, const mqtt::ConnectView& connect, std::string_view client_id, mqtt::Bytes packet);
  bool take_step(Client& client, mqtt::Bytes data);
  std::optional<auth::ExchangeAnswer> next_step(Client& client, mqtt::Bytes data);
  std::optional<auth::ExchangeAnswer> ask_step(Client& client, mqtt::Bytes data);
  void peer_goes_on(Client& client);
  void note_failed_exchange(Client& client, const auth::ExchangeAnswer& answer);
  void on_first_auth(Client& client, const mqtt::Frame& frame);
  void on_auth(Client& client, const mqtt::Frame& frame);
  // slow_down.cpp
  Rates* rates_of(Client& client);
  void count_in(Client& client, std::size_t bytes);
  void count_out(Client& client, std::size_t bytes);
  bool rate_lets_out(Client& client);
  bool rate_lets_subscribe(Client& client);
  void slow_down(const Slowed& slowed);
  void go_on_with_slowed();
  void forget_slowed(const Client& client);
  // own_clients.cpp
  bool closed_to(const Client& client, std::string_view client_id, std::string_view topic) const;
  static auth::LoginAnswer login_of_own(const OwnClient& own);
  bool is_own_session(std::string_view client_id);
  void settle_own(ClientSession& session, const OwnClient& own);
  bool has_come_round(const Client& client, const mqtt::PublishView& publish);
  std::size_t queue_messages_max(const ClientSession& session) const;
  std::uint64_t queue_bytes_max(const ClientSession& session) const;
  bool drops_oldest(const ClientSession& session) const;
  std::uint16_t window_max(const Client& client) const;
  // rights.cpp
  auth::Login login_of(const Client& client, const mqtt::ConnectView& connect, std::string_view client_id) const;
  bool closed_to_clients(std::string_view topic) const;
  bool belongs_to_another(std::string_view client_id, const auth::Principal& principal);
  Ask ask_will(Client& client, const mqtt::WillView& will, std::string_view client_id);
  bool may_receive(ClientSession& session, const mqtt::Message& message);
  bool must_wait(const Client& client, std::string_view user_name);
  void continue_recheck();
  void recheck(ClientSession& session);
  void give_up_forbidden(ClientSession& session);
  void note_refused_access(const Client& client, const auth::Access& access, const auth::AccessAnswer& answer);
  void note_refused_login(const Client& client, const auth::Login& login, mqtt::ReasonCode reason, std::string_view why);
  // publish.cpp
  void on_publish(Client& client, const mqtt::Frame& frame);
  bool resolve_alias(Client& client, mqtt::PublishView& publish);
  Ask ask_publish(Client& client, const mqtt::PublishView& publish, mqtt::ReasonCode& reason);
  void take_publish(Client& client, mqtt::PublishView& publish);
  void route_publish(Client& client, const mqtt::PublishView& publish, mqtt::Qos qos, bool awaited);
  mqtt::ReasonCode judge_publish(Client& client, const mqtt::PublishView& publish);
  void answer_publish(Client& client, const mqtt::PublishView& publish, mqtt::ReasonCode reason);
  bool store_refuses() const;
  bool is_payload_too_long(mqtt::Bytes payload) const;
  bool is_order_to_plugin(std::string_view topic) const;
  // control_topics.cpp
  bool is_control_request(std::string_view topic) const;
  mqtt::ReasonCode answer_control(Client& client, mqtt::Bytes request);
  // mount.cpp
  bool mount_topic(const std::string& mount, std::string_view& topic, std::string& whole) const;
  bool mount_publish(Client& client, mqtt::PublishView& publish);
  std::string_view mounted_filter(const Client& client, std::string_view filter);
  void leave_other_mounts(ClientSession& session);
  // route.cpp
  bool somebody_is_full() const;
  mqtt::ReasonCode route(const mqtt::MessageParts& parts, std::uint64_t publisher_hash, Client* publisher);
  void route_matched(const Ref<mqtt::Message>& message, std::uint64_t publisher_hash, Client* publisher);
  bool keep_retained(const Ref<mqtt::Message>& message);
  Ref<mqtt::Message> as_retained(const Ref<mqtt::Message>& message) const;
  mqtt::Qos qos_for(const mqtt::Message& message, mqtt::Qos subscription) const {
    return upgrades_qos_ ? subscription : mqtt::lower_of(message.qos(), subscription);  // [MQTT-3.8.4-8, MQTT-4.8.2-3]
  }
  void deliver_local(const Ref<mqtt::Message>& message);
  void deliver_gathered(const Ref<mqtt::Message>& message);
  void deliver_shared(const Ref<mqtt::Message>& message, const routing::Group& group, std::uint64_t publisher_hash,
                      Client* publisher, const routing::GroupMember* except);
  void deliver_to_member(const Ref<mqtt::Message>& message, const routing::GroupMember& member, std::uint64_t publisher_hash);
  bool held_back(routing::ShardId target, const mqtt::Message& message, Client* publisher);
  void hold_back(Client* publisher);
  Ref<store::Hold> hold_for(routing::ShardId target);
  Ref<store::Hold> take_hold();
  void drop_unshared(const Ref<mqtt::Message>& message);
  void take_off_former(const Ref<mqtt::Message>& message);
  // deliver.cpp
  void deliver(ClientSession& session, const Ref<mqtt::Message>& message, const Terms& terms);
  void give(ClientSession& session, const Ref<mqtt::Message>& message, const Terms& terms);
  static session::Delivery delivery_of(const Ref<mqtt::Message>& message, const Terms& terms);
  void refuse_next(ClientSession& session);
  void send_recorded(ClientSession& session, session::Delivery delivery);
  void enqueue(ClientSession& session, session::Delivery delivery);
  session::Window window(const Client& client) const { return {window_max(client), options_->limits.in_flight_bytes_max}; }
  static std::size_t queued_messages(const ClientSession& session);
  static std::size_t queued_bytes(const ClientSession& session);
  bool make_room(ClientSession& session, const session::Delivery& delivery);
  void pump(ClientSession& session);
  bool can_write(Client& client);
  struct Sending {  // how a message goes to one client
    mqtt::Qos qos;
    bool retain;
    mqtt::PacketId id;
  };
  void count_sent(ClientSession& session, session::SendResult result, const mqtt::Message& message, const Sending& as);
  void drop_for(ClientSession& session, Drop reason);
  void note_full(ClientSession& session);
  void note_room(ClientSession& session);
  void note_shared_load(ClientSession& session);
  // acks.cpp
  void on_ack(Client& client, const mqtt::Frame& frame);
  void on_pubrel(Client& client, const mqtt::AckView& ack);
  session::Delivery recorded(ClientSession& session, mqtt::PacketId id);
  void answer_later(Client& client, mqtt::PacketId id);
  void acknowledge(Client& client, mqtt::PacketType type, mqtt::PacketId id, mqtt::ReasonCode reason, Ref<store::Hold> hold);
  void acknowledge(Client& client, PendingAck ack);
  void wait_for_disk(Client& client, PendingAck ack);
  void send_acks(Client& client);
  void write_ack(Client& client, const PendingAck& ack);
  // subscribe.cpp
  void on_subscribe(Client& client, const mqtt::Frame& frame);
  mqtt::ReasonCode subscribe_one(Client& client, const mqtt::SubscriptionView& wanted, std::uint32_t subscription_id);
  mqtt::ReasonCode judge_subscription(const mqtt::SubscriptionView& wanted) const;
  bool may_subscribe(ClientSession& session, const mqtt::ParsedFilter& parsed) const;
  void subscribe_plain(Client& client, std::string_view filter, const mqtt::SubscribeOptions& options,
                       std::uint32_t subscription_id);
  bool add_plain(ClientSession& session, std::string_view filter, const mqtt::SubscribeOptions& options,
                 std::uint32_t subscription_id);
  SharedSubscription& add_shared(ClientSession& session, std::string_view group, std::string_view filter,
                                 const mqtt::SubscribeOptions& options, std::uint32_t subscription_id,
                                 std::uint32_t share_number);
  void subscribe_shared(Client& client, std::string_view group, std::string_view filter,
                        const mqtt::SubscribeOptions& options, std::uint32_t subscription_id);
  // unsubscribe.cpp
  void on_unsubscribe(Client& client, const mqtt::Frame& frame);
  bool ask_unsubscribing(Client& client, const mqtt::UnsubscribeView& unsubscribe, std::vector<mqtt::ReasonCode>& refused);
  mqtt::ReasonCode unsubscribe_one(ClientSession& session, std::string_view filter);
  void remove_subscription(ClientSession& session, std::uint32_t record);
  void remove_shared(ClientSession& session, SharedSubscription& shared);
  void remove_all_subscriptions(ClientSession& session);
  // share.cpp
  void member_online(ClientSession& session, bool online);
  void members_full(ClientSession& session, bool full);
  void hand_on_shared(ClientSession& session, bool session_ends);
  Ref<store::Hold> hold_on_delivery(ClientSession& from, store::Seq seq);
  static const routing::Group* group_of(const SharedSubscription& shared);
  void hand_on(ClientSession& from, const SharedSubscription& shared, const session::Delivery& delivery);
  // retained.cpp
  void start_walk(ClientSession& session, std::string_view filter, const mqtt::SubscribeOptions& options,
                  std::uint32_t subscription_id);
  void continue_walks();
  bool continue_walk(ClientSession& session);
  void end_walks(ClientSession& session);
  void drop_walks(ClientSession& session);
  bool may_publish_still(const routing::RetainedSource& source, const mqtt::Message& message);
  bool keeps_sources() const;
  std::shared_ptr<const routing::RetainedSource> source_of_retained(Client& client);
  // disconnect.cpp
  void on_disconnect(Client& client, const mqtt::Frame& frame);
  void refuse(Client& client, mqtt::ReasonCode reason, std::string_view server_reference = {});
  void refuse_connect(Client& client, mqtt::ReasonCode reason, std::string_view server_reference);
  void close(Client& client, bool keep_will, Ending ending);
  void detach(Client& client, bool keep_will);
  // wills.cpp
  void connection_lost(ClientSession& session, bool keep_will);
  void publish_will(ClientSession& session);
  void route_will(const session::Will& will, const LeftWill& left);
  void arm_session_timer(ClientSession& session);
  void on_session_timer(ClientSession& session);
  void expire_session(ClientSession& session);
  void end_session(ClientSession& session);
  // connection.cpp
  void on_client_timer(Client& client);
  void arm_keep_alive(Client& client);
  void arm_client_timer(Client& client);
  void packet_begins(Client& client);
  void resume_if_free(Client& client);
  bool take_accept_token();
  void bury(Client& client);
  // persist.cpp
  store::Ticket record(store::Entry entry, store::Haste haste, Ref<store::Hold> hold);
  config::Sync sync_of(std::string_view topic) const;
  Ref<store::Hold> make_hold(Client& client, std::uint64_t publish);
  const Ref<store::Hold>& routing_hold();
  void let_go(const Ref<store::Hold>& hold);
  void settled(const store::Hold& hold);
  void send_later(ClientSession& session);
  bool send_durable(ClientSession& session);
  bool awaits_disk() const;
  store::Seq first_here(ClientSession& session);
  void record_session(ClientSession& session, store::Haste haste);
  void forget_session(ClientSession& session);
  static std::string shared_text(const SharedSubscription& shared);
  void record_subscribed(ClientSession& session, std::string_view filter, const store::SubscriptionRow& row,
                         const Ref<store::Hold>& hold);
  void record_unsubscribed(ClientSession& session, std::string_view filter, const Ref<store::Hold>& hold);
  void record_received(ClientSession& session, mqtt::PacketId id, bool released, const Ref<store::Hold>& hold);
  void record_retained(std::string_view topic, const Ref<store::Hold>& hold);
  bool keeps(const ClientSession& session, mqtt::Qos qos) const;
  store::Haste haste_for(ClientSession& session, const mqtt::Message& message);
  void record_delivery(ClientSession& session, session::Delivery& delivery, store::Haste haste);
  store::Enqueued enqueued(ClientSession& session, const session::Delivery& delivery);
  store::Ticket ticket_of(store::Seq seq) const;
  void hold_delivery(ClientSession& session, session::Delivery delivery);
  void delivery_done(ClientSession& session, const session::Delivery& delivery);
  void delivery_released(Client& client, const session::Delivery& delivery);
  void finish_other(store::SessionNumber session, store::Seq seq, const Ref<mqtt::Message>& message);
  store::Seq head_of(ClientSession& session);
  // window.cpp
  static bool on_disk(const ClientSession& session) { return session.stored && session.stored->on_disk; }
  bool goes_to_disk(const ClientSession& session) const;
  void leave_on_disk(ClientSession& session, const session::Delivery& delivery);
  void read_ahead(ClientSession& session);
  void take_read(ClientSession& session, store::Read::Item& item);
  void attach_extra(ClientSession& session, session::Delivery& delivery, const store::DeliveryRow& row);
  void order_reads();
  void order_read(ClientSession& session);
  void read_again();
  // restore.cpp
  void restore_subscription(ClientSession& session, std::string_view filter, const store::SubscriptionRow& row);
  void restore_times(ClientSession& session, const store::SessionRow& row);
  // plugins.cpp
  void tell_connected(Client& client);
  std::shared_ptr<const std::string> certificate_for_plugins(const Client& client) const;
  void tell_disconnected(const Client& client, const ClientSession& session);
  void tell_subscribed(const Client& client, const mqtt::SubscriptionView& wanted, mqtt::ReasonCode granted,
                       std::uint32_t subscription_id);
  void tell_unsubscribed(const Client& client, std::string_view filter);
  Ask ask_plugins(Client& client, const mqtt::PublishView& publish, plugin::PublishVerdict& said);
  mqtt::ReasonCode obey(const plugin::PublishVerdict& said, mqtt::PublishView& publish, mqtt::Qos& qos);
  mqtt::ReasonCode judge_changes(const plugin::Changes& changes) const;
  void send_away(Client& client, bool with_will);
  void ask_of_will(std::shared_ptr<const LeftWill> left);
  void end_will(const LeftWill& left, const plugin::PublishVerdict& said);
  // asked_deliveries.cpp
  void deliver_asked(ClientSession& session, const Ref<mqtt::Message>& message, const Terms& terms);
  Ask ask_of_next(ClientSession& session, Ref<mqtt::Message>& instead);
  void ask_ahead(ClientSession& session);
  void ask_about(ClientSession& session, const session::Delivery& delivery);
  void ask_again();
  void right_is_there(ClientSession& session, AskedDelivery& asked, const auth::AccessAnswer& answer);
  void show_delivery(ClientSession& session, AskedDelivery& asked);
  void shown(const routing::SessionHandle& handle, std::uint64_t ticket, const plugin::PublishVerdict& said);
  AskedDelivery* find_asked(const routing::SessionHandle& handle, std::uint64_t ticket);
  void right_came(const routing::SessionHandle& handle, std::uint64_t ticket, const auth::AccessAnswer& answer);
  bool ask_of_delivery(const ClientSession& session, Ref<mqtt::Message>& message, const Terms& terms);
  // verdicts.cpp
  Ask ask_access(Client& client, const auth::Access& access, auth::AccessAnswer& answer);
  bool wait_for_access(Client& client, const auth::Access& access, auth::AccessAnswer& answer);
  void remember(Client& client, std::uint64_t policy, const auth::Access& access, const auth::AccessAnswer& answer);
  auth::AccessAnswer judge_access(Client& client, const auth::Access& access);
  Verdicts& verdicts_of(Client& client);
  std::uint64_t wait_for_verdict(Client& client);
  void verdict_came(std::uint64_t ticket, std::function<void(Verdicts&)> note);
  // mail.cpp
  void take_mail();
  void handle_letters(std::span<Letter> letters);
  void on_letter(SharedLetter& letter);
  void end_letter();
  void on_letter(CallLetter& letter);
  // turn.cpp
  void judge_memory();
  void resume_held_back();
  // operate.cpp
  void every_second();
  void judge_redirect();
  void dismiss(Client& client, mqtt::ReasonCode reason, std::string_view server_reference, Ending ending);
  void continue_drain();
  ClientSession* find_session(std::string_view client_id);
  // inspect.cpp
  void fill(SessionSeen& seen, const ClientSession& session, bool with_address) const;
  bool wanted(const SessionQuery& query, const ClientSession& session) const;
  void see_record(const SubscriptionQuery& query, ClientSession& session, std::uint32_t record, SubscriptionsSeen& found);

  mqtt::Origin origin_of(const ClientSession& session) const {
    return (std::uint64_t{id_} + 1) << 56 ^ std::uint64_t{session.generation} << 32 ^ session.slot;
  }
  routing::SessionHandle handle_of(const ClientSession& session) const { return {session.slot, session.generation, id_}; }
  std::uint64_t random();

  Core& core_;
  const routing::ShardId id_;
  store::Journal journal_;
  const store::Seq seq_base_;        // of this start: a delivery's sequence number is this and its record's ticket
  std::uint64_t publishes_ = 0;      // QoS 2, of sessions that survive
  std::vector<std::pair<std::string, config::Sync>> sync_topics_;
  RoutingNow routing_;
  std::shared_ptr<const config::Options> options_;
  ShardCounters& counters_;
  log::Logger logger_;
  ClientLines lines_;
  MonoTime now_;
  mqtt::DecodeLimits decode_limits_;
  MemoryLevel memory_level_ = MemoryLevel::normal;

  // Sessions and clients unlink themselves from the wheel, and transports from the flush list, so those go last.
  TimerWheel wheel_;
  FlushList flush_list_;
  SessionTable sessions_;
  routing::SubscriberTables subscribers_;
  std::vector<std::unique_ptr<Client>> clients_;    // at their index
  std::vector<std::unique_ptr<Client>> graveyard_;  // closed in this turn; freed at its end
  std::unordered_map<std::uint64_t, Client*> asking_;  // verdict ticket -> who waits
  std::uint64_t next_ticket_ = 0;
  std::uint32_t next_client_ = 0;
  Outbox outbox_;

  std::deque<ClientSession*> walkers_;  // with retained messages to come
  std::vector<Client*> held_back_;   // publishers that wait for a mailbox or for memory
  std::vector<routing::SessionHandle> sending_later_;  // with something that is sent when it is durable
  // Sessions whose end is not durable yet, by client id: number in the store and ticket.
  std::unordered_map<std::string, std::pair<store::SessionNumber, store::Ticket>> ending_;
  std::vector<routing::SessionHandle> reads_;          // whose deliveries are to be read from the disk
  std::vector<routing::SessionHandle> read_again_;     // where that failed
  MonoTime read_again_at_{};
  std::vector<routing::SessionHandle> ask_again_;      // who was to be asked about their deliveries had too much to do
  MonoTime ask_again_at_{};
  std::vector<Letter> mail_;
  std::size_t mail_done_ = 0;     // letters at the front of mail_ that are done with
  std::size_t turn_letters_ = 0;  // that came and went in this turn
  bool work_left_ = false;
  bool upgrades_qos_ = false;      // messages go out with the subscription's QoS, whatever theirs is
  bool limits_rates_ = false;      // some rate of a client is limited
  std::vector<Slowed> slowed_;     // clients that were faster than they may be
  MonoTime slowed_until_ = kNever; // the first of them goes on
  bool judges_receiving_ = false;  // each delivery is asked for
  bool plugins_deliver_ = false;   // the same of plugins
  bool shows_deliveries_ = false;  // somebody who may take his time sees, and may change, each delivery
  bool asks_receiving_ = false;    // the same, or somebody who may take his time is asked of each delivery
  std::uint32_t recheck_from_ = kNothingToRecheck;  // slot of the next session whose rights are looked at again
  std::uint64_t random_state_;
  std::uint32_t turn_deliveries_ = 0;
  MonoTime next_second_, next_sys_;
  TimerNode second_timer_;
  SysReport sys_report_;
  std::unique_ptr<Drain> drain_;  // while it lasts
  double accept_tokens_ = 0;
  MonoTime accept_tokens_at_;
};

}  // namespace tombo::broker
