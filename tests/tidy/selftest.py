#!/usr/bin/python3
"""The tidy scripts find what they look for: each against small texts with a known offence."""

import unittest

import conformance
import include_direction
import lengths


class IncludeDirection(unittest.TestCase):
    def test_looking_left_is_fine(self):
        text = '#include "broker/shard.hpp"\n#include "base/ref.hpp"\n#include <asio/io_context.hpp>\n#include <vector>\n'
        self.assertEqual(include_direction.offences("src/net/loop.cpp", text), [])

    def test_looking_right_is_named_with_its_line(self):
        found = include_direction.offences("src/mqtt/framer.hpp", '#pragma once\n#include "session/session.hpp"\n')
        self.assertEqual(found, ["src/mqtt/framer.hpp:2: mqtt must not include session (session/session.hpp)"])

    def test_neighbours_do_not_see_each_other(self):
        self.assertTrue(include_direction.offences("src/session/a.cpp", '#include "routing/topic_tree.hpp"\n'))
        self.assertTrue(include_direction.offences("src/store/a.cpp", '#include "session/session.hpp"\n'))

    def test_heavy_libraries_stay_where_they_are_named(self):
        for name, header in (("src/broker/a.cpp", "asio.hpp"), ("src/app/main.cpp", "spdlog/spdlog.h"),
                             ("src/app/main.cpp", "CLI/CLI.hpp"), ("src/app/main.cpp", "toml++/toml.h"),
                             ("src/net/connection.cpp", "openssl/ssl.h")):
            self.assertTrue(include_direction.offences(name, f"#include <{header}>\n"), header)
        self.assertEqual(include_direction.offences("src/app/log_sinks.cpp", "#include <spdlog/spdlog.h>\n"), [])

    def test_an_unknown_layer_is_an_offence(self):
        self.assertTrue(include_direction.offences("src/util/a.cpp", ""))


class Lengths(unittest.TestCase):
    def body(self, head, lines):
        return f"{head} {{\n" + "  work();\n" * (lines - 2) + "}\n"

    def test_functions_are_found_wherever_they_stand(self):
        for head, name in (("void f(int a)", "f"), ("auto Shard::on_publish(Session& s) const -> int", "Shard::on_publish"),
                           ("Shard::Shard(int a) : a_(a), b_(2)", "Shard::Shard"), ("TEST(Suite, Name)", "TEST"),
                           ("template <class T>\nT max(T a, T b)", "max"), ("[[nodiscard]] bool ok() noexcept", "ok")):
            found = lengths.functions("namespace x {\n" + self.body(head, 70) + "}\n")
            self.assertEqual([(n, count) for n, _, count in found], [(name, 70 )], head)

    def test_methods_in_a_class_count(self):
        found = lengths.functions("class A {\n public:\n" + self.body("void m()", 61) + "};\n")
        self.assertEqual([(name, count) for name, _, count in found], [("m", 61)])

    def test_braces_in_strings_and_comments_do_not_count(self):
        text = 'void f() {\n  g("}");  // }\n  h(\'{\');\n  /* } */\n}\nvoid k() {\n}\n'
        self.assertEqual([(name, count) for name, _, count in lengths.functions(text)], [("f", 5), ("k", 2)])

    def test_types_and_tables_are_no_functions(self):
        text = "struct A {\n  int x;\n};\nconstexpr int table[] = {\n1,\n2,\n};\nenum class E { a };\n"
        self.assertEqual(lengths.functions(text), [])

    def test_the_ratchet_refuses_growth_and_stale_lines(self):
        self.assertEqual(lengths.compare({"src/a.cpp:f": 70}, {"src/a.cpp:f": 70}), [])
        self.assertTrue(lengths.compare({"src/a.cpp:f": 71}, {"src/a.cpp:f": 70}))
        self.assertTrue(lengths.compare({"src/a.cpp:f": 69}, {"src/a.cpp:f": 70}))
        self.assertTrue(lengths.compare({"src/a.cpp:f": 61}, {}))
        self.assertTrue(lengths.compare({}, {"src/a.cpp:f": 70}))


class Conformance(unittest.TestCase):
    cpp = ("// covers: 5.0 MQTT-1.5.4-1,\n//   3.1.1 MQTT-1.5.3-1, MQTT-1.5.3-2\nTEST(Text, IsUtf8) {\n  x();\n}\n"
           "TEST_F(Text, Ends) {  // covers: 5.0 MQTT-1.5.4-2\n}\n")

    def test_citations_go_on_over_lines_and_keep_their_version(self):
        found = [(version, identifier) for _, version, identifier in conformance.citations(self.cpp)]
        self.assertEqual(found, [("5.0", "MQTT-1.5.4-1"), ("3.1.1", "MQTT-1.5.3-1"), ("3.1.1", "MQTT-1.5.3-2"),
                                 ("5.0", "MQTT-1.5.4-2")])

    def test_a_comment_belongs_to_its_test(self):
        tests = conformance.cpp_tests(self.cpp)
        owners = [conformance.owner_of(position, tests) for position, _, _ in conformance.citations(self.cpp)]
        self.assertEqual(owners, ["Text.IsUtf8"] * 3 + ["Text.Ends"])
        self.assertIsNone(conformance.owner_of(len(self.cpp), tests))

    def test_python_tests_own_their_comments(self):
        text = "class A:\n    def test_a(self):\n        # covers: 5.0 MQTT-1.5.4-1\n        pass\n\n    def helper(self):\n        pass\n"
        tests = conformance.python_tests(text, "file")
        self.assertEqual(conformance.owner_of(text.index("covers"), tests), "file.test_a")
        self.assertIsNone(conformance.owner_of(text.index("helper"), tests))

    def test_the_committed_list_has_every_statement(self):
        known = conformance.statements()
        self.assertEqual({version: len(table) for version, table in known.items()}, {"5.0": 251, "3.1.1": 141})


if __name__ == "__main__":
    unittest.main()
