# The load tester: everything but its engine and its main() is a library, so that tests can look at the parts.
find_package(nlohmann_json REQUIRED)

set(bench_dir ${CMAKE_CURRENT_LIST_DIR})
file(GLOB bench_core_sources CONFIGURE_DEPENDS
  ${bench_dir}/measure/*.cpp ${bench_dir}/plan/*.cpp ${bench_dir}/report/*.cpp ${bench_dir}/loader/*.cpp
  ${bench_dir}/compare/*.cpp ${bench_dir}/coordinate/*.cpp)
add_library(tombo_bench_core STATIC ${bench_core_sources})
target_link_libraries(tombo_bench_core PUBLIC tombo_mqtt PRIVATE nlohmann_json::nlohmann_json)
