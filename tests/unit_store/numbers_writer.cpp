// Writes records that are numbered one after another into a store, each with a sync, and tells standard output, four
// bytes each, which were acknowledged.  Ends when it is killed.  usage: numbers_writer DIRECTORY FIRST
#include "store/open.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

int main(int count, char** arguments) {
  if (count != 3) return 2;
  const auto store = tombo::store::open_engine({arguments[1]});
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().text.c_str());
    return 1;
  }
  const std::string payload(2'000, 'x');
  tombo::store::Changes changes;
  for (auto number = static_cast<std::uint32_t>(std::atoi(arguments[2]));; ++number) {
    char key[16];
    std::snprintf(key, sizeof key, "%06u", number);
    changes.clear();
    changes.put(key, payload);
    changes.put("last", key);
    if (!store->engine->write(changes, true)) return 1;
    if (::write(STDOUT_FILENO, &number, sizeof number) != sizeof number) return 1;
  }
}
