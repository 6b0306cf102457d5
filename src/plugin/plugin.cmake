# What loads plugins, or the file that says that there are none; and the header that they are written against.
if(TOMBO_PLUGINS)
  tombo_layer(plugin tombo_auth tombo_config ${CMAKE_DL_LIBS} WITHOUT plugin_none.cpp)
else()
  tombo_layer(plugin tombo_auth tombo_config WITHOUT "(host|mosquitto)/")
endif()

include(GNUInstallDirs)
install(FILES ${PROJECT_SOURCE_DIR}/include/tombo/plugin.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tombo
        COMPONENT libtombo-plugin-dev)

# Plugins of Mosquitto's interface find the broker's functions in the executable, which exports these and nothing else.
if(TOMBO_PLUGINS)
  add_library(tombo_exports INTERFACE)
  target_link_options(tombo_exports INTERFACE -Wl,--dynamic-list=${CMAKE_CURRENT_SOURCE_DIR}/plugin/mosquitto/exports.list)
endif()
