# What stands between a socket and MQTT: TLS, WebSocket, the PROXY header.
set(filter_without)

# MQTT over WebSocket, or the file that says that there is none.
if(TOMBO_WEBSOCKET)
  find_path(WSLAY_INCLUDE_DIR wslay/wslay.h)
  find_library(WSLAY_LIBRARY wslay)
  find_path(HTTP_PARSER_INCLUDE_DIR http_parser.h)
  find_library(HTTP_PARSER_LIBRARY http_parser)
  if(NOT WSLAY_INCLUDE_DIR OR NOT WSLAY_LIBRARY OR NOT HTTP_PARSER_INCLUDE_DIR OR NOT HTTP_PARSER_LIBRARY)
    message(FATAL_ERROR "wslay or http-parser is missing (libwslay-dev, libhttp-parser-dev); -DTOMBO_WEBSOCKET=OFF builds a "
                        "broker without WebSocket")
  endif()
  find_package(OpenSSL REQUIRED)
  list(APPEND filter_without websocket_none.cpp)
else()
  list(APPEND filter_without websocket/)
endif()

string(JOIN "|" filter_without ${filter_without})
tombo_layer(filter tombo_auth tombo_config WITHOUT "(${filter_without})")

if(TOMBO_WEBSOCKET)
  target_include_directories(tombo_filter SYSTEM PRIVATE ${WSLAY_INCLUDE_DIR} ${HTTP_PARSER_INCLUDE_DIR})
  target_link_libraries(tombo_filter PRIVATE ${WSLAY_LIBRARY} ${HTTP_PARSER_LIBRARY} OpenSSL::Crypto)
endif()
