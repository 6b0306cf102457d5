# What stands between a socket and MQTT: TLS, WebSocket, the PROXY header.
tombo_layer(filter tombo_auth tombo_config)
