# The load tester: everything but its engine and its main() is a library, so that tests can look at the parts.
find_package(nlohmann_json REQUIRED)

set(bench_dir ${CMAKE_CURRENT_LIST_DIR})
file(GLOB bench_core_sources CONFIGURE_DEPENDS
  ${bench_dir}/measure/*.cpp ${bench_dir}/plan/*.cpp ${bench_dir}/report/*.cpp ${bench_dir}/loader/*.cpp
  ${bench_dir}/compare/*.cpp ${bench_dir}/coordinate/*.cpp)
add_library(tombo_bench_core STATIC ${bench_core_sources})
target_link_libraries(tombo_bench_core PUBLIC tombo_mqtt PRIVATE nlohmann_json::nlohmann_json)

# The engine: threads, sockets, TLS.
find_package(OpenSSL REQUIRED)
file(GLOB bench_engine_sources CONFIGURE_DEPENDS ${bench_dir}/engine/*.cpp)
add_library(tombo_bench_engine STATIC ${bench_engine_sources})
target_link_libraries(tombo_bench_engine PUBLIC tombo_bench_core PRIVATE OpenSSL::SSL)

file(GLOB bench_cli_sources CONFIGURE_DEPENDS ${bench_dir}/cli/*.cpp)
add_executable(tombo-bench ${bench_dir}/main.cpp ${bench_cli_sources})
target_link_libraries(tombo-bench PRIVATE tombo_bench_engine CLI11::CLI11)
set_target_properties(tombo-bench PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
