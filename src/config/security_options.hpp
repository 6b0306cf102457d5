#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tombo::config {

// Who may come in, what they may do, and what is done against those who try too hard.

/// [auth]
struct Auth {
  std::vector<std::string> backends;            // asked in order where a listener names none: passwords, jwt, http, ...
  std::uint32_t workers = 2;                    // threads that hash passwords and ask other servers
  std::uint32_t waiting_max = 1'000;            // logins that wait for them; more are refused
  std::uint32_t cache_entries_max = 10'000;     // verdicts of slow backends that are remembered
};

/// [passwords]
struct Passwords {
  std::string file;  // as mosquitto_passwd writes it
};

/// [jwt]: a token in the password
struct Jwt {
  std::string key_file;        // a secret, or a public key in PEM
  std::string key_directory;   // KID.pem or KID.key
  std::vector<std::string> algorithms;  // none: what the key is for; never "none"
  std::string issuer;
  std::string audience;
  std::string user_claim = "sub";
  std::string client_id_claim;      // empty: any client id
  std::string acl_claim;            // empty: tokens hold no rights
  bool expiry_required = true;
  std::uint32_t leeway_s = 5;
};

/// [http]
struct Http {
  std::string url;                 // POST with JSON; 2xx with {"result":"allow"} lets in
  std::string acl_url;             // the same for publish and subscribe
  std::vector<std::string> headers;
  std::string ca_file;
  std::uint32_t timeout_ms = 3'000;
  std::uint32_t cache_ttl_s = 60;        // of answers, unless they say otherwise; 0: none
  std::uint32_t breaker_failures = 5;    // in a row, then nobody is asked
  std::uint32_t breaker_pause_s = 10;    // for so long
};

/// [scram]
struct Scram {
  std::string file;                // credentials that tomboctl passwd --scram writes
  std::vector<std::string> mechanisms = {"SCRAM-SHA-256", "SCRAM-SHA-1"};
};

/// [ldap]
struct Ldap {
  std::string url;                 // ldap://host or ldaps://host
  bool start_tls = false;
  std::string ca_file;
  std::string bind_dn;             // to search with; empty: anonymously
  std::string bind_password_file;
  std::string base;
  std::string filter = "(uid=%u)";
  std::string user_dn;             // instead of a search: "uid=%u,ou=people,dc=example"
  std::string group_attribute;     // "memberOf": its values are groups
  std::uint32_t timeout_ms = 3'000;
  std::uint32_t cache_ttl_s = 60;
};

/// [sql]
struct Sql {
  std::string database;            // "postgresql:host=... dbname=..." or "sqlite:PATH"
  std::string password_query;      // "select hash from users where name = $1"
  std::string acl_query;           // rows of filter and access for $1 (user)
  std::string groups_query;
  std::uint32_t timeout_ms = 3'000;
  std::uint32_t cache_ttl_s = 60;
};

/// [acl]
struct Acl {
  std::string file;                // Mosquitto's format
  std::string roles_file;          // TOML
  bool check_retain_source = true;  // who stored a retained message must still be allowed to
  std::uint32_t cache_entries_max = 64;    // verdicts that a client's session remembers
  bool audit = true;               // a line for each refusal
  std::uint32_t audit_lines_per_s = 20;    // more are counted
};

/// [defence]
struct Defence {
  std::uint32_t client_messages_per_s = 0;       // from one client, 0: no limit
  std::uint64_t client_bytes_in_per_s = 0;
  std::uint64_t client_bytes_out_per_s = 0;
  std::uint32_t client_subscribes_per_s = 0;
  std::uint32_t address_connections_per_s = 0;   // from one address
  std::uint32_t login_failures_max = 100;        // of an address or a user, then it waits
  std::uint32_t login_window_s = 60;             // within so long
  std::uint32_t login_penalty_s = 60;
  std::uint32_t flapping_max = 600;              // connects of one client id, then it waits
  std::uint32_t flapping_window_s = 60;
  std::uint32_t flapping_penalty_s = 60;
  std::uint32_t packet_timeout_s = 120;          // from a packet's first byte to its last
  std::uint32_t entries_max = 10'000;            // addresses, users and client ids that are watched
  std::string user;                              // become this user once the sockets are bound; empty: stay
};

enum class PluginKind : std::uint8_t { by_symbols, tombo, mosquitto };

/// [[plugin]]
struct Plugin {
  std::string name;                // by which authentication names it
  PluginKind kind = PluginKind::by_symbols;
  bool cache_verdicts = false;     // what it says of rights may be remembered
  bool deny_special_names = true;  // mosquitto: a client with + or # in its name or client id has no rights
  std::string path;
  std::vector<std::string> options;   // "key=value"
  std::uint32_t deadline_ms = 5'000;  // for an answer, then it is a refusal
};

}  // namespace tombo::config
