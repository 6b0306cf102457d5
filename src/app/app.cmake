# The daemon: everything but main() is a library, so that tests can start it with a server of their own.
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)

set(app_dir ${CMAKE_CURRENT_LIST_DIR})
set(app_sources
  ${app_dir}/application.cpp ${app_dir}/cli.cpp ${app_dir}/daemonize.cpp ${app_dir}/import_store.cpp ${app_dir}/life_lines.cpp
  ${app_dir}/limits.cpp ${app_dir}/log_lines.cpp ${app_dir}/log_sinks.cpp ${app_dir}/log_time.cpp ${app_dir}/log_topic.cpp
  ${app_dir}/options_from.cpp ${app_dir}/orders.cpp ${app_dir}/out_of_memory.cpp ${app_dir}/pid_file.cpp ${app_dir}/plugin_actions.cpp
  ${app_dir}/plugin_guests.cpp ${app_dir}/privileges.cpp
  ${app_dir}/reload.cpp
  ${app_dir}/signals.cpp ${app_dir}/tree_lines.cpp ${app_dir}/version.cpp)

set(app_systemd ${app_dir}/systemd_none.cpp)
if(TOMBO_SYSTEMD)
  find_package(PkgConfig)
  if(PkgConfig_FOUND)
    pkg_check_modules(SYSTEMD IMPORTED_TARGET libsystemd)
  endif()
  if(SYSTEMD_FOUND)
    set(app_systemd ${app_dir}/systemd_notify.cpp)
  else()
    message(WARNING "libsystemd is missing (libsystemd-dev): tombo is built without notify, watchdog and journald")
  endif()
endif()

add_library(tombo_app STATIC ${app_sources} ${app_systemd})
set_source_files_properties(${app_dir}/version.cpp PROPERTIES COMPILE_DEFINITIONS TOMBO_VERSION="${PROJECT_VERSION}")
target_include_directories(tombo_app PUBLIC ${app_dir}/..)
# spdlog as headers: one file includes it, and a sanitizer sees all of it.
# tombo_net is linked by the executable: tests bring their own net::Server.
target_link_libraries(tombo_app PUBLIC tombo_control tombo_filter tombo_plugin tombo_config tombo_base PRIVATE spdlog::spdlog_header_only CLI11::CLI11)
if(SYSTEMD_FOUND)
  target_link_libraries(tombo_app PRIVATE PkgConfig::SYSTEMD)
endif()

add_executable(tombo ${app_dir}/main.cpp)
target_link_libraries(tombo PRIVATE tombo_app tombo_net)
if(TARGET tombo_exports)
  target_link_libraries(tombo PRIVATE tombo_exports)
endif()
set_target_properties(tombo PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
if(TOMBO_MIMALLOC)
  find_library(MIMALLOC_LIBRARY mimalloc)
  if(MIMALLOC_LIBRARY)
    # Nothing calls it by name: it takes the place of malloc and free just by being loaded.
    target_link_libraries(tombo PRIVATE -Wl,--no-as-needed ${MIMALLOC_LIBRARY} -Wl,--as-needed)
  else()
    message(WARNING "mimalloc is missing (libmimalloc-dev): tombo uses the allocator of the C library")
  endif()
endif()
