# The chain and its backends; a backend that is switched off is compiled from its ..._none.cpp instead.
tombo_layer(auth tombo_mqtt tombo_config)
