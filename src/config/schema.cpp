#include "config/schema.hpp"

#include "config/rows/rows.hpp"

#include <utility>

namespace tombo::config {

namespace {

using Rows = std::span<const Row> (*)();
using ObjectOf = const void* (*)(const Options& options, std::size_t index);

/// Everything about a section; adding one is an entry here and in `Section`.
struct Part {
  SectionInfo info;
  Rows rows;
  ObjectOf object;
};

template <auto Member>
const void* member(const Options& options, std::size_t) {
  return &(options.*Member);
}
template <auto Member>
const void* element(const Options& options, std::size_t index) {
  return &(options.*Member).at(index);
}
const void* whole(const Options& options, std::size_t) {
  return &options;
}

constexpr auto kParts = std::to_array<Part>({
    {{Section::top, "", "the top of the file", "The broker as a whole."}, &top_rows, &whole},
    {{Section::listener, "listener", "[[listener]]",
      "An address and port to listen on; write the section once for each.", true},
     &listener_rows, &element<&Options::listeners>},
    {{Section::limits, "limits", "[limits]", "What one client and all clients together may use at most."},
     &limits_rows, &member<&Options::limits>},
    {{Section::mqtt, "mqtt", "[mqtt]", "Which parts of MQTT are offered, and how choices it leaves open are made."},
     &mqtt_rows, &member<&Options::mqtt>},
    {{Section::persistence, "persistence", "[persistence]",
      "What survives a restart, a crash and a power cut: sessions, their queues and retained messages."},
     &persistence_rows, &member<&Options::persistence>},
    {{Section::redirect, "redirect", "[redirect]", "Sending clients to another server."},
     &redirect_rows, &member<&Options::redirect>},
    {{Section::sys, "sys", "[sys]", "The broker's own figures under $SYS/broker."}, &sys_rows, &member<&Options::sys>},
    {{Section::log, "log", "[log]", "What is logged, where and how."}, &log_rows, &member<&Options::log>},
    {{Section::control, "control", "[control]", "Where tomboctl asks and commands the running broker."},
     &control_rows, &member<&Options::control>},
    {{Section::auth, "auth", "[auth]", "Who is asked whether a client may come in."}, &auth_rows, &member<&Options::auth>},
    {{Section::passwords, "passwords", "[passwords]", "Backend passwords: a file of users and hashes."},
     &passwords_rows, &member<&Options::passwords>},
    {{Section::jwt, "jwt", "[jwt]", "Backend jwt: a signed token in the password."}, &jwt_rows, &member<&Options::jwt>},
    {{Section::http, "http", "[http]", "Backend http: another server decides."}, &http_rows, &member<&Options::http>},
    {{Section::scram, "scram", "[scram]", "Backend scram: MQTT 5.0 enhanced authentication, the password never travels."},
     &scram_rows, &member<&Options::scram>},
    {{Section::ldap, "ldap", "[ldap]", "Backend ldap: a directory decides."}, &ldap_rows, &member<&Options::ldap>},
    {{Section::sql, "sql", "[sql]", "Backend sql: a database holds hashes and rights."}, &sql_rows, &member<&Options::sql>},
    {{Section::acl, "acl", "[acl]", "What clients may publish and subscribe to."}, &acl_rows, &member<&Options::acl>},
    {{Section::defence, "defence", "[defence]", "What one client or address may do in a second, and what happens to those who try too hard."},
     &defence_rows, &member<&Options::defence>},
    {{Section::plugin, "plugin", "[[plugin]]", "A shared object that decides or watches; write the section once for each.", true},
     &plugin_rows, &element<&Options::plugins>},
    {{Section::bridge, "bridge", "[[bridge]]", "A connection to another broker that carries topics; write the section once for each.", true},
     &bridge_rows, &element<&Options::bridges>},
});

const Part& part_of(Section section) {
  return kParts[static_cast<std::size_t>(section)];
}

}  // namespace

std::span<const Row> rows() {
  static const std::vector<Row> kAll = [] {
    std::vector<Row> all;
    const auto append = [&all](std::span<const Row> here) { all.insert(all.end(), here.begin(), here.end()); };
    for (const Part& part : kParts) {
      append(part.rows());
      if (part.info.section != Section::listener) continue;
      append(listener_door_rows());
      append(listener_tls_rows());
      append(listener_websocket_rows());
      append(listener_clients_rows());
    }
    return all;
  }();
  return kAll;
}

std::span<const SectionInfo> sections() {
  static const std::vector<SectionInfo> kAll = [] {
    std::vector<SectionInfo> all;
    for (const Part& part : kParts) all.push_back(part.info);
    return all;
  }();
  return kAll;
}

const SectionInfo& info_of(Section section) {
  return part_of(section).info;
}

std::string_view name_of(Reload reload) {
  static constexpr std::array<std::string_view, 3> kNames{"live", "new connections", "restart"};
  return kNames[static_cast<std::size_t>(reload)];
}

const Row* find_row(Section section, std::string_view key) {
  const auto all = rows();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Row& row) { return row.section == section && row.key == key; });
  return found == all.end() ? nullptr : &*found;
}

const void* object_of(const Options& options, Section section, std::size_t index) {
  return part_of(section).object(options, index);
}

void* object_of(Options& options, Section section, std::size_t index) {
  return const_cast<void*>(object_of(std::as_const(options), section, index));
}

std::size_t count_of(const Options& options, Section section) {
  if (section == Section::listener) return options.listeners.size();
  if (section == Section::plugin) return options.plugins.size();
  if (section == Section::bridge) return options.bridges.size();
  return 1;
}

std::size_t add_to(Options& options, Section section) {
  if (section == Section::plugin) {
    options.plugins.emplace_back();
    return options.plugins.size() - 1;
  }
  if (section == Section::bridge) {
    options.bridges.emplace_back();
    return options.bridges.size() - 1;
  }
  options.listeners.emplace_back();
  return options.listeners.size() - 1;
}

Value default_of(const Row& row) {
  static const Options kDefaults = [] {
    Options options;
    options.listeners.emplace_back();
    options.plugins.emplace_back();
    options.bridges.emplace_back();
    return options;
  }();
  return row.get(object_of(kDefaults, row.section, 0));
}

}  // namespace tombo::config
