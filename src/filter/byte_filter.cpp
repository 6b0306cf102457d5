#include "filter/byte_filter.hpp"

// An interface alone; this file makes it a library until others stand beside it.
