#include "store/journal.hpp"
