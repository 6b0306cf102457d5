# The chain and its backends.  A backend is a directory, or the file in none/ that says that it is not compiled in.
set(auth_dir ${CMAKE_CURRENT_LIST_DIR})
set(auth_without)    # what is not compiled: patterns below auth/
set(auth_libraries)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL REQUIRED)

# auth_backend(NAME OPTION MODULES pkg-config modules): the directory if the option is on and there is one.
function(auth_backend name option)
  cmake_parse_arguments(PARSE_ARGV 2 B "" "" "MODULES")
  if(NOT ${option} OR NOT IS_DIRECTORY ${auth_dir}/${name})
    set(auth_without ${auth_without} "${name}/" PARENT_SCOPE)
    return()
  endif()
  pkg_check_modules(AUTH_${name} QUIET IMPORTED_TARGET ${B_MODULES})
  if(NOT AUTH_${name}_FOUND)
    message(FATAL_ERROR "${B_MODULES} is missing (development files); -D${option}=OFF builds a broker without backend ${name}")
  endif()
  set(auth_without ${auth_without} "none/${name}[.]cpp" PARENT_SCOPE)
  set(auth_libraries ${auth_libraries} PkgConfig::AUTH_${name} PARENT_SCOPE)
endfunction()

auth_backend(argon2 TOMBO_ARGON2 MODULES libargon2)
auth_backend(jwt TOMBO_JWT MODULES libjwt)
auth_backend(http TOMBO_HTTP MODULES libcurl)
auth_backend(scram TOMBO_SCRAM MODULES libgsasl)

list(JOIN auth_without "|" auth_without)
tombo_layer(auth tombo_mqtt tombo_config WITHOUT "(${auth_without})")
target_link_libraries(tombo_auth PRIVATE OpenSSL::Crypto nlohmann_json::nlohmann_json ${auth_libraries})
