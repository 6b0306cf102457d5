#pragma once

// The one way in which toml++ is included, without two promises that it makes to the compiler and does not keep:
// that a table's name begins as one does (not so in "[ = 1"), and that a character that is asked for being a blank is
// none of those in U+00A1..U+0499 and elsewhere.  What follows a broken promise is undefined; without it the code goes on
// to report the error.  Found by tests/fuzz/fuzz_roles_file.  Its functions are inline, so that all files that share a
// program with this one must include it so.

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_ASSERT(expression) static_assert(true)
#include <toml++/impl/preprocessor.h>

#undef TOML_ASSERT_ASSUME
#define TOML_ASSERT_ASSUME(expression) static_assert(true)
#include <toml++/impl/forward_declarations.h>

#pragma push_macro("TOML_UNREACHABLE")
#undef TOML_UNREACHABLE
#define TOML_UNREACHABLE return false
#include <toml++/impl/unicode.h>
#pragma pop_macro("TOML_UNREACHABLE")

#include <toml++/toml.h>
