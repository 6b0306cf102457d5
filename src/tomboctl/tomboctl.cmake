# The operator's tool: speaks to the control socket, and reads and writes stores itself.
set(tomboctl_dir ${CMAKE_CURRENT_LIST_DIR})
file(GLOB store_tools_sources CONFIGURE_DEPENDS ${tomboctl_dir}/store/*.cpp)
# All of it that knows no command line, so that tests can use it.
add_library(tombo_store_tools STATIC ${store_tools_sources} ${tomboctl_dir}/human.cpp)
target_include_directories(tombo_store_tools PUBLIC ${tomboctl_dir}/..)
target_link_libraries(tombo_store_tools PUBLIC tombo_store nlohmann_json::nlohmann_json)

add_executable(tomboctl ${tomboctl_dir}/main.cpp ${tomboctl_dir}/channel.cpp ${tomboctl_dir}/cli.cpp ${tomboctl_dir}/cli_acl.cpp
               ${tomboctl_dir}/cli_import.cpp ${tomboctl_dir}/run_import.cpp
               ${tomboctl_dir}/cli_passwd.cpp ${tomboctl_dir}/cli_store.cpp ${tomboctl_dir}/passwd.cpp ${tomboctl_dir}/replace_file.cpp
               ${tomboctl_dir}/run.cpp ${tomboctl_dir}/run_acl.cpp ${tomboctl_dir}/run_store.cpp ${tomboctl_dir}/secret_input.cpp
               ${tomboctl_dir}/store_listing.cpp ${tomboctl_dir}/table.cpp)
target_link_libraries(tomboctl PRIVATE tombo_store_tools tombo_auth CLI11::CLI11)
target_compile_definitions(tomboctl PRIVATE TOMBO_VERSION="${PROJECT_VERSION}")
set_target_properties(tomboctl PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
