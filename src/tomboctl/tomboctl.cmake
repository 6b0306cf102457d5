# The operator's tool: speaks to the control socket and shares no code with the broker but src/base.
set(tomboctl_dir ${CMAKE_CURRENT_LIST_DIR})
add_executable(tomboctl ${tomboctl_dir}/main.cpp ${tomboctl_dir}/channel.cpp ${tomboctl_dir}/cli.cpp ${tomboctl_dir}/human.cpp
               ${tomboctl_dir}/run.cpp ${tomboctl_dir}/table.cpp)
target_include_directories(tomboctl PRIVATE ${tomboctl_dir}/..)
target_link_libraries(tomboctl PRIVATE tombo_base CLI11::CLI11 nlohmann_json::nlohmann_json)
target_compile_definitions(tomboctl PRIVATE TOMBO_VERSION="${PROJECT_VERSION}")
set_target_properties(tomboctl PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
install(TARGETS tomboctl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
