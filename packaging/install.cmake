# What is installed where, in three parts that become three packages (debian.cmake): broker, tools, plugin_dev.
# Man pages, completions and the packages' configuration are made here, from what the programs say of themselves.
include(GNUInstallDirs)
set(TOMBO_CONFIGURATION_DIR /etc/tombo CACHE PATH "Where tombo.toml is installed; the unit names it")
set(TOMBO_UNIT_DIR /lib/systemd/system CACHE PATH "Where systemd's units are installed")

set(packaging ${PROJECT_SOURCE_DIR}/packaging)
set(made ${PROJECT_BINARY_DIR}/packaging)
find_program(TOMBO_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH)

install(TARGETS tombo RUNTIME COMPONENT broker)
install(TARGETS tomboctl RUNTIME COMPONENT tools)
set(tombo_programs tombo tomboctl)
if(TARGET tombo-bench)
  install(TARGETS tombo-bench RUNTIME COMPONENT tools)
  list(APPEND tombo_programs tombo-bench)
endif()

install(FILES ${packaging}/tombo.service ${packaging}/tombo.socket ${packaging}/tombo-mosquitto.service
        DESTINATION ${TOMBO_UNIT_DIR} COMPONENT broker)
install(FILES ${packaging}/tombo.sysusers DESTINATION lib/sysusers.d RENAME tombo.conf COMPONENT broker)
install(FILES ${packaging}/tombo.tmpfiles DESTINATION lib/tmpfiles.d RENAME tombo.conf COMPONENT broker)
install(FILES docs/operations.md docs/options.md docs/security.md docs/acl.md docs/websocket.md docs/performance.md
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/tombo COMPONENT broker)
install(FILES docs/benchmarking.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/tombo-tools COMPONENT tools)
if(EXISTS ${PROJECT_SOURCE_DIR}/docs/migrating-from-mosquitto.md)
  install(FILES docs/migrating-from-mosquitto.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/tombo COMPONENT broker)
endif()

install(DIRECTORY include/tombo DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT plugin_dev FILES_MATCHING PATTERN "*.h")
install(FILES tests/plugin_example/example.c DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libtombo-plugin-dev/examples
        COMPONENT plugin_dev)
install(FILES docs/plugins.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libtombo-plugin-dev COMPONENT plugin_dev)

if(NOT TOMBO_PYTHON)
  message(STATUS "python3 is missing: no man pages, no completions, no packages")
  return()
endif()

add_custom_command(OUTPUT ${made}/tombo.toml
  COMMAND ${TOMBO_PYTHON} ${packaging}/package_config.py ${PROJECT_SOURCE_DIR}/config/tombo.toml ${made}/tombo.toml
  DEPENDS ${packaging}/package_config.py config/tombo.toml)
add_custom_command(OUTPUT ${made}/container.toml
  COMMAND ${TOMBO_PYTHON} ${packaging}/package_config.py --container ${PROJECT_SOURCE_DIR}/config/tombo.toml
          ${made}/container.toml
  DEPENDS ${packaging}/package_config.py config/tombo.toml)
set(made_files ${made}/tombo.toml ${made}/container.toml)
install(FILES ${made}/tombo.toml DESTINATION ${TOMBO_CONFIGURATION_DIR} COMPONENT broker)

# tombo_man_page(PAGE.SECTION COMPONENT DOCUMENT [PROGRAM])
set(doc_scripts ${packaging}/doc/help_text.py ${packaging}/doc/roff.py ${packaging}/doc/man_pages.py)
function(tombo_man_page page component document)
  set(program)
  if(ARGN)
    set(program --program $<TARGET_FILE:${ARGN}>)
  endif()
  string(REGEX REPLACE ".*\\.([0-9])$" "\\1" section ${page})
  add_custom_command(OUTPUT ${made}/man/${page}.gz
    COMMAND ${TOMBO_PYTHON} -B ${packaging}/doc/man_pages.py ${page} ${PROJECT_SOURCE_DIR} ${made}/man/${page}
            --version ${PROJECT_VERSION} ${program}
    COMMAND gzip -9nkf ${made}/man/${page}
    DEPENDS ${doc_scripts} ${ARGN} ${document} VERBATIM)
  install(FILES ${made}/man/${page}.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section} COMPONENT ${component})
  set(made_files ${made_files} ${made}/man/${page}.gz PARENT_SCOPE)
endfunction()
tombo_man_page(tombo.8 broker docs/operations.md tombo)
tombo_man_page(tombo.toml.5 broker docs/options.md)
tombo_man_page(tomboctl.1 tools docs/operations.md tomboctl)
if(TARGET tombo-bench)
  tombo_man_page(tombo-bench.1 tools docs/benchmarking.md tombo-bench)
endif()

foreach(program IN LISTS tombo_programs)
  add_custom_command(OUTPUT ${made}/completions/${program}
    COMMAND ${TOMBO_PYTHON} -B ${packaging}/doc/completion.py ${program} $<TARGET_FILE:${program}> ${made}/completions/${program}
    DEPENDS ${packaging}/doc/help_text.py ${packaging}/doc/completion.py ${packaging}/doc/completion.bash ${program} VERBATIM)
  list(APPEND made_files ${made}/completions/${program})
  set(component tools)
  if(program STREQUAL tombo)
    set(component broker)
  endif()
  install(FILES ${made}/completions/${program} DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
          COMPONENT ${component})
endforeach()

include(packaging/debian.cmake)
add_custom_target(packaging_files ALL DEPENDS ${made_files})
