#!/usr/bin/env python3
"""Proves that each rule of check.py catches a planted breach, and that lawful code passes."""

import tempfile
import textwrap
import unittest
from pathlib import Path

import check
from cpp_text import functions, strip_literals

LAYERS = """\
    # The law.
    base:
    runtime:            base
    net:                base runtime
    nats:               base
    db:                 base
    db/sqlite:          base db
    queue:              base runtime
    queue/engine:       base queue
    queue/store:        base
    queue/store/memory: base queue queue/engine queue/store
    queue/store/sqlite: base queue queue/engine
    queue/store/journal: base queue queue/engine
    app:                base runtime db db/sqlite queue queue/store/memory
    """

# A small tree that keeps every rule, close to each border.
LAWFUL = {
    "src/layers.txt": LAYERS,
    "src/base/CMakeLists.txt": "baton_module(base LIBS fmt::fmt)\ntarget_sources(baton_base)\n",
    "src/base/error.h": """\
        // Errors.
        #pragma once
        #include <string>
        // getenv, co_spawn and ({ ; }) in a comment are no code.
        const char* const text = "getenv co_spawn ({ ; }) using namespace std;";
        """,
    "src/base/error.cpp": '#include "base/error.h"\nint f() { return g({1, 2}, [] { h(); }); }\n',
    "src/runtime/task.h": "#pragma once\n// Tasks.\n",
    "src/runtime/spawn.cpp": "#include <boost/asio/co_spawn.hpp>\nvoid f() { co_spawn(asio::detached); }\n",
    "src/net/server.cpp": "#include <boost/beast/http.hpp>\n#include <curl/curl.h>\n",
    "src/db/sqlite/sqlite.cpp": "#include <sqlite3.h>\n",
    "src/nats/connection.cpp": "#include <nats/nats.h>\nvoid end() { natsSubscription_Destroy(s); }\n",
    "src/queue/queues.h": "// The port.\n#pragma once\n",
    "src/queue/store/shared.h": "// What stores share.\n#pragma once\n",
    "src/queue/engine/engine.h": '// The engine.\n#pragma once\n#include "queue/queues.h"\n',
    "src/queue/store/memory/memory.h":
        '// A store.\n#pragma once\n#include "queue/engine/engine.h"\n'
        '#include "queue/store/shared.h"\n',
    # The store's door to the operating system; elsewhere a path is a value, and a comment no call.
    "src/queue/store/journal/posix_file_system.cpp":
        "#include <fcntl.h>\n#include <sys/stat.h>\nint f() { return std::filesystem::exists(x); }\n",
    "src/queue/store/journal/file_system.h":
        "// No fopen, no std::filesystem::exists.\n#pragma once\n#include <filesystem>\n"
        "void open(std::filesystem::path folder);\n",
    "src/app/compose.cpp":
        '#include "queue/store/memory/memory.h"\nauto x = std::getenv("BATON_URL");\n',
    "cmd/batond/main.cpp": '#include "base/error.h"\nint main() {}\n',
    "tests/support/fake.h": "#pragma once\n",
    "tests/unit/base/test_error.cpp":
        '#include "base/error.h"\n#include "support/fake.h"\n#include "beside.h"\n',
    "tests/unit/base/beside.h": "#pragma once\n",
}


class CheckTest(unittest.TestCase):
    """Each planted breach names file, line, rule and a word of the message."""

    proved = set()

    def breaches(self, planted=None):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for name, text in {**LAWFUL, **(planted or {})}.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(textwrap.dedent(text))
            return check.Checker(root).run()

    def expect(self, rule, where, said, planted):
        found = self.breaches(planted)
        self.assertEqual([f"{breach.path}:{breach.line} {breach.rule}" for breach in found],
                         [f"{where} {rule}"], "\n".join(map(str, found)))
        self.assertIn(said, found[0].what)
        CheckTest.proved.add(rule)

    def test_lawful_tree_passes(self):
        self.assertEqual(self.breaches(), [])

    # layers.txt itself

    def law(self, line):
        return {"src/layers.txt": textwrap.dedent(LAYERS) + line + "\n"}

    def test_layers_refer_upward_only(self):
        self.expect("layers", "src/layers.txt:15", "does not stand above", self.law("cli: later"))

    def test_layers_have_no_cycle(self):
        self.expect("layers", "src/layers.txt:15", "names itself", self.law("cli: cli"))

    def test_layers_list_each_module_once(self):
        self.expect("layers", "src/layers.txt:15", "twice", self.law("base:"))

    def test_layers_are_well_formed(self):
        self.expect("layers", "src/layers.txt:15", "not `module: modules`", self.law("cli base"))

    def test_siblings_never_include_each_other(self):
        self.expect("layers", "src/layers.txt:15", "siblings",
                    self.law("queue/store/jetstream: base queue/store/memory"))

    def test_a_port_never_includes_its_adapter(self):
        law = textwrap.dedent(LAYERS).replace("queue:              base runtime\n", "") \
            .replace("queue/engine:       base queue\n", "queue/engine: base\n") \
            .replace("base queue queue/engine", "base queue/engine") \
            .replace("base runtime db db/sqlite queue ", "base ")
        law += "queue: base queue/store/memory\n"
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "src").mkdir()
            (Path(folder) / "src/layers.txt").write_text(law)
            found = check.Layers(Path(folder)).breaches
        self.assertEqual([breach.line for breach in found], [len(law.splitlines())])
        self.assertIn("a port never includes its adapter", found[0].what)

    def test_only_app_names_adapters(self):
        self.expect("layers", "src/layers.txt:15", "only app/ names adapters",
                    self.law("service: base db/sqlite"))

    # includes

    def test_edge_not_in_the_law(self):
        self.expect("edge", "src/net/upward.cpp:2", "allowed: base runtime",
                    {"src/net/upward.cpp": '#include "base/error.h"\n#include "queue/queues.h"\n'})

    def test_parent_includes_child(self):
        self.expect("edge", "src/queue/peek.cpp:1", "allowed: base runtime",
                    {"src/queue/peek.cpp": '#include "queue/engine/engine.h"\n'})

    def test_program_includes_more_than_its_module(self):
        self.expect("edge", "cmd/batond/main.cpp:1", "allowed: app base cli",
                    {"cmd/batond/main.cpp": '#include "queue/queues.h"\n'})

    def test_include_by_short_path(self):
        self.expect("include_path", "src/base/error.cpp:1", "full path from src/",
                    {"src/base/error.cpp": '#include "error.h"\n'})

    def test_include_through_parent_folder(self):
        self.expect("include_path", "tests/unit/base/t.cpp:1", "full path",
                    {"tests/unit/base/t.cpp": '#include "../base/beside.h"\n'})

    def test_own_header_in_angle_brackets(self):
        self.expect("include_path", "src/net/angle.cpp:1", "is ours",
                    {"src/net/angle.cpp": "#include <base/error.h>\n"})

    def test_foreign_headers_stay_home(self):
        for include, where in [("boost/beast/http.hpp", "src/net/"), ("curl/curl.h", "src/net/"),
                               ("sqlite3.h", "src/db/sqlite/"), ("boost/asio.hpp", "nowhere"),
                               ("boost/beast.hpp", "nowhere"),
                               ("boost/json/serialize.hpp", "json_text")]:
            with self.subTest(include):
                self.expect("include_home", "src/queue/q.cpp:1", where,
                            {"src/queue/q.cpp": f"#include <{include}>\n"})

    def test_beast_in_a_header_of_net(self):
        self.expect("include_home", "src/net/server.h:3", "src/net/*.cpp", {
            "src/net/server.h": "// Server.\n#pragma once\n#include <boost/beast/http.hpp>\n"})

    def test_system_headers_stay_behind_the_stores_door(self):
        for include in ("fcntl.h", "unistd.h", "dirent.h", "sys/stat.h", "linux/fs.h", "fstream",
                        "cstdio"):
            for place in ("src/queue/store/journal/j.cpp", "src/queue/store/memory/m.cpp"):
                with self.subTest(f"{include} {place}"):
                    self.expect("include_home", f"{place}:1", "posix_file_system.cpp",
                                {place: f"#include <{include}>\n"})

    def test_umbrella_header_even_in_tests(self):
        self.expect("include_home", "tests/unit/base/t.cpp:1", "exact headers",
                    {"tests/unit/base/t.cpp": "#include <boost/asio.hpp>\n"})

    # words

    def test_spawning_outside_runtime(self):
        for code in ("asio::co_spawn(x);", "f(boost::asio::detached);"):
            with self.subTest(code):
                self.expect("spawn", "src/queue/q.cpp:2", "only src/runtime/",
                            {"src/queue/q.cpp": f"void f() {{\n{code}\n}}\n"})

    def test_environment_outside_app(self):
        for code in ("std::getenv(x)", "environ[0]"):
            with self.subTest(code):
                self.expect("environment", "src/base/e.cpp:1", "only src/app/",
                            {"src/base/e.cpp": f"auto x = {code};\n"})

    def test_system_calls_stay_behind_the_stores_door(self):
        for code in ("std::filesystem::exists(x)", "std::filesystem::directory_iterator(x)",
                     "std::ofstream(x)", "std::fopen(x, y)", "std::random_device()()"):
            with self.subTest(code):
                self.expect("system", "src/queue/store/journal/j.cpp:1", "posix_file_system.cpp",
                            {"src/queue/store/journal/j.cpp": f"auto x = {code};\n"})
        self.expect("system", "src/queue/store/journal/j.cpp:1", "posix_file_system.cpp",
                    {"src/queue/store/journal/j.cpp": "namespace fs = std::filesystem;\n"})

    def test_sleep_in_a_unit_test(self):
        for code in ("std::this_thread::sleep_for(x)", "usleep(1)", "sleep (1)"):
            with self.subTest(code):
                self.expect("sleep", "tests/unit/base/t.cpp:1", "fake clock",
                            {"tests/unit/base/t.cpp": f"void f() {{ {code}; }}\n"})

    def test_subscription_freed_in_use(self):
        self.expect("subscription", "src/nats/e.cpp:1", "EndSubscription",
                    {"src/nats/e.cpp": "void f() { natsSubscription_Destroy(s); }\n"})

    def test_unfinished_work(self):
        for mark in ("TODO", "FIXME", "XXX"):
            with self.subTest(mark):
                self.expect("unfinished", "src/base/e.cpp:1", mark,
                            {"src/base/e.cpp": f"// {mark}: later\n"})

    def test_statement_expression(self):
        self.expect("statement_expression", "src/base/e.cpp:1", "not C++",
                    {"src/base/e.cpp": "int x = f({1}) + ({ int y = 1; y; });\n"})

    # sizes and shapes

    def test_long_header(self):
        head = "// Long.\n#pragma once\n"
        self.assertEqual(self.breaches({"src/base/long.h": head + "int x;\n" * 198}), [])
        self.expect("budget", "src/base/long.h:201", "at most 200",
                    {"src/base/long.h": head + "int x;\n" * 199})

    def test_long_source(self):
        self.assertEqual(self.breaches({"src/base/long.cpp": "int x;\n" * 400}), [])
        self.expect("budget", "src/base/long.cpp:401", "at most 400",
                    {"src/base/long.cpp": "int x;\n" * 401})

    def test_long_function(self):
        def source(lines):
            return ("namespace a {\nclass B final : public C<int> {\npublic:\n"
                    "    explicit B(int x) : x_{x}, y_(x) {\n" + "        f();\n" * (lines - 2) +
                    "    }\n    int x_{0};\n};\n}\n")

        self.assertEqual(self.breaches({"src/base/long.cpp": source(60)}), [])
        self.expect("budget", "src/base/long.cpp:4", "function `B` has 61 lines",
                    {"src/base/long.cpp": source(61)})

    def test_header_without_pragma_once(self):
        self.expect("pragma_once", "src/base/twice.h:1", "pragma once",
                    {"src/base/twice.h": "// Twice.\n"})

    def test_header_without_a_word_at_its_head(self):
        self.expect("file_head", "src/base/mute.h:1", "no comment",
                    {"src/base/mute.h": "#pragma once\n\nint x;\n// too late\n"})

    def test_using_namespace_in_a_header(self):
        self.expect("using_namespace", "src/base/open.h:3", "using namespace",
                    {"src/base/open.h": "// Open.\n#pragma once\nusing namespace std;\n"})

    # folders and build files

    def test_folder_without_a_name(self):
        for name in sorted(check.BANNED_FOLDER_NAMES):
            with self.subTest(name):
                self.expect("folder_name", f"tests/{name}/:1", "has a name",
                            {f"tests/{name}/x.cpp": "int x;\n"})

    def test_module_outside_the_law(self):
        self.expect("unknown_module", "src/outlaw/x.cpp:1", "outlaw is not in",
                    {"src/outlaw/x.cpp": "int x;\n"})

    def test_build_file_links_another_module(self):
        for line in ("target_link_libraries(baton_db PRIVATE baton_net)",
                     "baton_module(db LIBS baton::net)"):
            with self.subTest(line):
                self.expect("build_edge", "src/db/CMakeLists.txt:1", "alone",
                            {"src/db/CMakeLists.txt": line + "\n"})


class TextTest(unittest.TestCase):
    def names(self, code):
        return [function.name for function in functions(strip_literals(textwrap.dedent(code)))]

    def test_literals_keep_their_length_and_lines(self):
        code = 'a = "x{"; // {\nb = \'{\'; c = 1\'000; /* {\n{ */ R"q({ )" )q";\n'
        stripped = strip_literals(code)
        self.assertEqual(len(stripped), len(code))
        self.assertEqual(stripped.count("\n"), code.count("\n"))
        self.assertNotIn("{", stripped)
        self.assertIn("1'000", stripped)

    def test_functions_are_told_from_other_braces(self):
        self.assertEqual(self.names("""\
            namespace a::b {
            enum class E : int { x, y };
            constexpr E table[] = {E::x, E::y};
            const auto list = std::to_array<K>({{1, 2}, {3, 4}});
            template <class T, class U = std::vector<T>> struct S : Base<T> {
                S() noexcept : Base<T>{1}, x_{2} { f(); }
                bool operator==(const S& other) const { return true; }
                int x_{0};
                std::array<int, 3> y_ = {1, 2, 3};
            };
            template <class T> requires (sizeof(T) > 4) int g(T t = T{}) { return {}; }
            auto Task::run(std::function<void(int)> call) -> Result<void> { if (x) { y(); } }
            #define MACRO(x) do { x; } while (false)
            extern "C" { void h() {} }
            TEST(Suite, name) { EXPECT_EQ(1, 1); }
            }
            """), ["S", "operator==", "g", "Task::run", "h", "TEST"])


class EveryRuleTest(unittest.TestCase):
    """No rule without its proof. Runs last, see load_tests."""

    def test_every_rule_was_proved(self):
        self.assertEqual(CheckTest.proved, check.RULES)


def load_tests(loader, _tests, _pattern):
    suite = unittest.TestSuite()
    for case in (CheckTest, TextTest, EveryRuleTest):
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite


if __name__ == "__main__":
    unittest.main()
