# Debian packages, by CPack:  cmake --build BUILD --target debs  leaves them in BUILD/packages.
# The version is the project's; what users of a package need beside its libraries stands here, the libraries are found.
set(TOMBO_MAINTAINER "tombo maintainers <maintainers@tombo.invalid>" CACHE STRING "Who answers for the packages")
set(TOMBO_DEBIAN_REVISION 1 CACHE STRING "Debian's part of the packages' version")
set(deb_version ${PROJECT_VERSION}-${TOMBO_DEBIAN_REVISION})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_PACKAGE_NAME tombo)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT ${TOMBO_MAINTAINER})
set(CPACK_STRIP_FILES ON)
# Some files belong to /etc and /lib, whatever the prefix.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL broker tools plugin_dev)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${TOMBO_DEBIAN_REVISION})
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)

set(CPACK_DEBIAN_BROKER_PACKAGE_NAME tombo)
set(CPACK_DEBIAN_BROKER_PACKAGE_SECTION net)
# The user and its directories are made by whichever of these is there; a container needs no systemd.
set(CPACK_DEBIAN_BROKER_PACKAGE_DEPENDS
    "systemd | systemd-standalone-sysusers | systemd-sysusers, systemd | systemd-standalone-tmpfiles | systemd-tmpfiles")
set(CPACK_DEBIAN_BROKER_PACKAGE_PREDEPENDS "init-system-helpers (>= 1.54~)")
set(CPACK_DEBIAN_BROKER_PACKAGE_RECOMMENDS tombo-tools)
set(CPACK_DEBIAN_BROKER_PACKAGE_SUGGESTS mosquitto-clients)
set(CPACK_COMPONENT_BROKER_DESCRIPTION "MQTT broker that uses every core
tombo speaks MQTT 5.0, 3.1.1 and 3.1 over TCP, TLS, WebSocket and
Unix sockets, with one event loop for each core. What it has
acknowledged survives a crash and a power cut.

This package has the broker, its units for systemd and its manual.")
set(CPACK_DEBIAN_BROKER_PACKAGE_CONTROL_EXTRA
    ${packaging}/debian/postinst ${packaging}/debian/prerm ${packaging}/debian/postrm ${made}/conffiles)
file(WRITE ${made}/conffiles "${TOMBO_CONFIGURATION_DIR}/tombo.toml\n")

set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME tombo-tools)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION net)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SUGGESTS tombo)
set(CPACK_COMPONENT_TOOLS_DESCRIPTION "tools for the MQTT broker tombo
tomboctl asks and commands a running broker, edits password files,
explains rules, and looks after the store: check, export, import,
backup. tombo-bench is a load tester for any MQTT broker, which
checks what it measures.")

set(CPACK_DEBIAN_PLUGIN_DEV_PACKAGE_NAME libtombo-plugin-dev)
set(CPACK_DEBIAN_PLUGIN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_PLUGIN_DEV_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PLUGIN_DEV_PACKAGE_SUGGESTS tombo)
set(CPACK_DEBIAN_PLUGIN_DEV_PACKAGE_SHLIBDEPS OFF)
set(CPACK_COMPONENT_PLUGIN_DEV_DESCRIPTION "header for plugins of the MQTT broker tombo
A plugin is a shared library in C that decides who may come in and
what they may do, watches what happens, or changes messages. This
package has the header, which needs no library, the manual and an
example.")

# What every package carries about itself.
foreach(pair broker=tombo tools=tombo-tools plugin_dev=libtombo-plugin-dev)
  string(REPLACE "=" ";" pair ${pair})
  list(GET pair 0 component)
  list(GET pair 1 package)
  set(notes ${made}/notes/${package})
  add_custom_command(OUTPUT ${notes}/changelog.Debian.gz ${notes}/changelog.gz
    COMMAND ${TOMBO_PYTHON} -B ${packaging}/debian/changelog.py ${package} ${deb_version} ${TOMBO_MAINTAINER}
            ${PROJECT_SOURCE_DIR} ${notes}
    DEPENDS ${packaging}/debian/changelog.py docs/CHANGELOG.md VERBATIM)
  list(APPEND made_files ${notes}/changelog.Debian.gz ${notes}/changelog.gz)
  file(WRITE ${notes}/overrides
       "# These packages come from tombo, not from Debian's archive.\n${package}: initial-upload-closes-no-bugs *\n")
  install(FILES ${notes}/overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME ${package}
          COMPONENT ${component})
  install(FILES ${packaging}/debian/copyright ${notes}/changelog.Debian.gz ${notes}/changelog.gz
          DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package} COMPONENT ${component})
endforeach()

include(CPack)
foreach(component broker tools plugin_dev)
  cpack_add_component(${component})
endforeach()

# CPack itself would first build everything, tests included.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
add_custom_target(debs
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${PROJECT_BINARY_DIR}/packages
  COMMAND ${CMAKE_CPACK_COMMAND} --config ${PROJECT_BINARY_DIR}/CPackConfig.cmake
  WORKING_DIRECTORY ${PROJECT_BINARY_DIR} USES_TERMINAL)
add_dependencies(debs packaging_files ${tombo_programs})
