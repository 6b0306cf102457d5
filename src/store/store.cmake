# The one database, or the file that says that there is none.
if(TOMBO_ROCKSDB)
  find_path(ROCKSDB_INCLUDE_DIR rocksdb/db.h)
  find_library(ROCKSDB_LIBRARY rocksdb)
  if(NOT ROCKSDB_INCLUDE_DIR OR NOT ROCKSDB_LIBRARY)
    message(FATAL_ERROR "RocksDB is missing (librocksdb-dev); -DTOMBO_ROCKSDB=OFF builds a broker that forgets at a restart")
  endif()
  tombo_layer(store tombo_mqtt WITHOUT open_none.cpp)
  # Not by its own CMake package, which asks for the development files of every codec that it was built with.
  target_include_directories(tombo_store SYSTEM PRIVATE ${ROCKSDB_INCLUDE_DIR})
  target_link_libraries(tombo_store PRIVATE ${ROCKSDB_LIBRARY})
else()
  tombo_layer(store tombo_mqtt WITHOUT rocks/)
endif()
