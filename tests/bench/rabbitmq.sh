#!/usr/bin/env bash
# Debian's RabbitMQ with its MQTT plugin, anonymous, on loopback, with everything that it writes in one folder; in the
# foreground.  For comparisons only.
# usage: tests/bench/rabbitmq.sh FOLDER PORT
set -euo pipefail
folder=${1:?folder} port=${2:?port}
mkdir -p "$folder"
cat >"$folder/rabbitmq.conf" <<CONF
listeners.tcp = none
mqtt.listeners.tcp.1 = 127.0.0.1:$port
mqtt.allow_anonymous = true
mqtt.default_user = guest
mqtt.default_pass = guest
CONF
echo '[rabbitmq_mqtt].' >"$folder/enabled_plugins"
export HOME=$folder RABBITMQ_CONFIG_FILE=$folder/rabbitmq RABBITMQ_ENABLED_PLUGINS_FILE=$folder/enabled_plugins
export RABBITMQ_NODENAME=bench$port@localhost RABBITMQ_MNESIA_BASE=$folder/mnesia RABBITMQ_LOG_BASE=$folder/log
export RABBITMQ_PID_FILE=$folder/pid RABBITMQ_CONF_ENV_FILE=/dev/null ERL_EPMD_ADDRESS=127.0.0.1
export ERL_CRASH_DUMP=$folder/erl_crash.dump
export RABBITMQ_DIST_PORT=$((10000 + port % 10000))  # below the ports that clients and the brokers here get
exec /usr/lib/rabbitmq/bin/rabbitmq-server
