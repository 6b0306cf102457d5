#pragma once

#include "base/log.hpp"
#include "base/result.hpp"
#include "bridge/plan.hpp"
#include "broker/core.hpp"
#include "config/options.hpp"
#include "filter/tls_client.hpp"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tombo::net {

class ShardLoop;

/// Which bridges there are, and what a reload makes of them.  Each connection lives on the shard where its session is.
/// Lives on: main.
class Bridges {
 public:
  /// `key_log`, or none, is told the secrets of TLS.
  Bridges(broker::Core& core, std::vector<ShardLoop*>& loops, log::Logger logger, std::shared_ptr<const filter::KeyLog> key_log)
      : core_(core), loops_(loops), logger_(logger), key_log_(std::move(key_log)) {}

  /// Reads certificates and keys, while it may.  The error is for the operator.
  Result<void, std::string> prepare(const config::Options& options);
  /// Once the shards have what was kept: makes the bridges.
  void start(const config::Options& options);
  /// Bridges that are new begin, those that are not there any more end, those that have changed take their options; the
  /// others are left alone.  What TLS needs is read anew for all.
  void reload(const config::Options& options);

 private:
  struct Running {
    std::shared_ptr<const bridge::Plan> plan;
    std::shared_ptr<broker::BridgeFigures> figures;
    std::shared_ptr<const filter::TlsClient> tls;
  };
  Result<std::shared_ptr<const filter::TlsClient>, std::string> load_tls(const config::Bridge& bridge) const;
  void add(const Running& running);
  void publish_list();

  broker::Core& core_;
  std::vector<ShardLoop*>& loops_;
  log::Logger logger_;
  std::shared_ptr<const filter::KeyLog> key_log_;
  std::map<std::string, std::shared_ptr<const filter::TlsClient>> tls_;  // by the bridge's name
  std::map<std::string, Running> running_;                               // by the connection's
};

/// The id by which loops of bridges know this broker: kept in `directory`, or good for this start only where that is empty.
std::string node_id(const std::string& directory, const log::Logger& logger);

}  // namespace tombo::net
