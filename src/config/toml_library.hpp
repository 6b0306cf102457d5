#pragma once

// The one way in which toml++ is included.
//
// With NDEBUG it tells the compiler that its assertions hold, and one does not: of a table's name that begins with
// anything odd ("[ = 1").  What follows is undefined, instead of the error that its code goes on to report.  Without
// assertions and without that promise the error is reported.  All files that include it must do so alike: its functions
// are inline.

#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(expression) static_assert(true)
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")
