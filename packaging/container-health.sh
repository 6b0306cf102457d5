#!/bin/bash
# Whether the broker in this container answers: at its control socket, or where the configuration has none, at its port with
# a CONNACK to an MQTT 3.1.1 CONNECT, whatever it says.  TOMBO_HEALTH_PORT: that port, if it is not 1883.
if [[ -S /run/tombo/control.sock ]]; then
  exec tomboctl status >/dev/null
fi
exec 3<>"/dev/tcp/127.0.0.1/${TOMBO_HEALTH_PORT:-1883}" || exit 1
printf '\x10\x12\x00\x04MQTT\x04\x02\x00\x05\x00\x06health' >&3
read -r -N 1 -t 3 answer <&3 && [[ $answer == $'\x20' ]]
