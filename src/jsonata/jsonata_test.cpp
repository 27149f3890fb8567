#include "junctor/jsonata.h"

#include <gtest/gtest.h>

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <boost/context/fiber.hpp>
#include <boost/context/fixedsize_stack.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <ctime>
#include <thread>

namespace junctor::jsonata {
namespace {

namespace bj = boost::json;

// Sanitizers make everything slower.
#ifdef JUNCTOR_SANITIZED
constexpr int slowness = 20;
#else
constexpr int slowness = 1;
#endif

std::string eval(std::string_view text, std::string_view input = "null",
                 const EvaluateOptions& options = {}) {
  try {
    const auto result = Expression::compile(text).evaluate(bj::parse(input), options);
    return result ? bj::serialize(*result) : "undefined";
  } catch (const Error& error) {
    return error.code();
  }
}

TEST(Jsonata, selects_maps_and_aggregates) {
  EXPECT_EQ(eval("$sum(items.(price * qty))", R"({"items":[{"price":2,"qty":3},{"price":1,"qty":4}]})"), "10");
  EXPECT_EQ(eval("a.b", R"({"a":[{"b":1},{"b":[2,3]}]})"), "[1,2,3]");
  EXPECT_EQ(eval("missing", "{}"), "undefined");
  EXPECT_EQ(eval("a[]", R"({"a":1})"), "[1]");
  EXPECT_EQ(eval("{'b': 1, '10': 2, '9': 3} ~> $keys"), R"(["9","10","b"])");
}

TEST(Jsonata, survives_a_constructor_that_names_the_variable_it_is_bound_to) {
  EXPECT_EQ(eval("[$v]@$v.$i.*", R"({"a":1})"), "undefined");
  EXPECT_EQ(eval("[$v]@$v.a", R"({"a":1})"), "1");
  EXPECT_EQ(eval("([items].c.%)#$i.$v.*#$y", R"({"items":[{"a":1}]})"), "undefined");
  EXPECT_EQ(eval("([1].c)#$i.a#$y", "{}"), "undefined");
}

TEST(Jsonata, keeps_parentheses_that_mean_something) {
  EXPECT_EQ(eval("[([1,2])]"), "[1,2]");
  EXPECT_EQ(eval("[[1,2]]"), "[[1,2]]");
  EXPECT_EQ(eval("*[].((items)[%.id = 'o1'])", R"({"items":[{"a":1}]})"), "undefined");
  EXPECT_EQ(eval("{'a': 1} ~> ($keys)"), "\"a\"");
  EXPECT_EQ(eval("(a).b.((c))", R"({"a":{"b":[{"c":1},{"c":2}]}})"), "[1,2]");
}

TEST(Jsonata, walks_names_over_single_objects_as_over_sequences) {
  EXPECT_EQ(eval("a.b.(1)", R"({"a":{}})"), "undefined");
  EXPECT_EQ(eval("a.b^(missing)", R"({"a":{"b":[]}})"), "undefined");
  EXPECT_EQ(eval("a.b#$i{'k': 1}", R"({"a":[]})"), R"({"k":1})");
  EXPECT_EQ(eval("a^(b)", R"({"a":[{"b":1}]})"), R"({"b":1})");
  EXPECT_EQ(eval("a.b[].c", R"({"a":{"b":{"c":1}}})"), "[1]");
  EXPECT_EQ(eval("a.b{c: $count(d)}", R"({"a":{"b":[{"c":"x","d":1},{"c":"x"}]}})"), R"({"x":1})");
}

TEST(Jsonata, counts_text_in_code_points) {
  EXPECT_EQ(eval("$length('a😀é')"), "3");
  EXPECT_EQ(eval("$substring('a😀é', 1, 1)"), R"("😀")");
  EXPECT_EQ(eval("$uppercase('straße')"), R"("STRASSE")");
  EXPECT_EQ(eval("$length('\\uD83D\\uDE00')"), "1");
}

TEST(Jsonata, tells_where_a_text_does_not_compile) {
  const auto error = Expression::check("a.(b + ]");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), "S0211");
  EXPECT_EQ(error->position(), 8u);
  EXPECT_EQ(error->token(), "]");
  EXPECT_EQ(error->message(), "expected a value, got ]");
  EXPECT_FALSE(Expression::check("a.b"));
  EXPECT_EQ(Expression::check("\"a\xff\"")->code(), "S0502");
  EXPECT_EQ(Expression::check(std::string(1'000'000, '('))->code(), "S0501");
  EXPECT_EQ(Expression::check(std::string(1'000'000, '['))->code(), "S0501");
  EXPECT_EQ(Expression::check("1e999")->code(), "S0102");
}

std::string chain(int operands, std::string_view operand, std::string_view operation) {
  std::string text(operand);
  for (int i = 1; i < operands; ++i) text.append(operation).append(operand);
  return text;
}

// Generated mappings are long: each operator of a chain is a level of the tree.
TEST(Jsonata, takes_chains_of_thousands_of_operators) {
  EXPECT_EQ(eval(chain(4'000, "1", "+")), "4000");
  EXPECT_EQ(eval("$length(" + chain(4'000, "'ab'", "&") + ")"), "8000");
  EXPECT_EQ(eval(chain(4'000, "a=1?2", ":") + ":3", R"({"a":7})"), "3");
  EXPECT_EQ(eval(chain(4'000, "a", " or "), R"({"a":0})"), "false");
  EXPECT_EQ(eval(std::string(4'000, '(') + '1' + std::string(4'000, ')')), "1");
  EXPECT_EQ(Expression::check(chain(6'000, "1", "+"))->code(), "S0501");
  EXPECT_EQ(Expression::check(chain(6'000, "a=1?2", ":") + ":3")->code(), "S0501");
}

TEST(Jsonata, stops_at_every_limit_with_its_code) {
  EvaluateOptions options;
  options.limits.time = std::chrono::milliseconds(30);
  EXPECT_EQ(eval("($f := function($n){ $f($n + 1) }; $f(0))", "null", options), "U1001");
  options = {};
  options.limits.depth = 200;
  EXPECT_EQ(eval("($f := function($n){ 1 + $f($n + 1) }; $f(0))", "null", options), "U1001");
  options = {};
  options.limits.sequence_length = 100;
  EXPECT_EQ(eval("[1..101]", "null", options), "D2015");
  EXPECT_EQ(eval("[1..10000001]"), "D2014");
  options = {};
  options.limits.memory_bytes = 1 << 20;
  EXPECT_EQ(eval("($f := function($s){ $f($s & $s) }; $f('ab'))", "null", options), "U1002");
  EXPECT_EQ(eval("$pad('a', 1e12)"), "U1002");
}

TEST(Jsonata, begins_a_regular_expression_where_its_second_argument_says) {
  EXPECT_EQ(eval("/a/('xaxa', 2).start"), "3");
  EXPECT_EQ(eval("/a/('a', 1)"), "undefined");
  EXPECT_EQ(eval("/a/('a', 2)"), "undefined");
  EXPECT_EQ(eval("$filter(['b', 'a'], /a/)"), "undefined");
  EXPECT_EQ(eval("/a/('😀a', 2).start"), "2");
}

TEST(Jsonata, wants_a_replacement_only_where_something_is_replaced) {
  EXPECT_EQ(eval("$replace('abc', /x/, missing)"), R"("abc")");
  EXPECT_EQ(eval("$replace('abc', /b/, missing)"), "T0410");
}

TEST(Jsonata, spreads_what_holds_nothing_to_nothing) {
  EXPECT_EQ(eval("$spread(c['x'].['e']@$v[])", R"([{"a":1}])"), "undefined");
  EXPECT_EQ(eval("$spread([[]])"), "[]");
  EXPECT_EQ(eval("$spread([{'a': 1, 'b': 2}, 3])"), R"([{"a":1},{"b":2},3])");
}

TEST(Jsonata, evaluates_both_sides_before_either_becomes_text) {
  EXPECT_EQ(eval("$sum & $number('x')"), "D3030");
  EXPECT_EQ(eval("$parseInteger('ab', '0') & $number('x')"), "D3030");
  EXPECT_EQ(eval("'a' & 'b' & 'c' & 1 & null & true & missing"), R"("abc1nulltrue")");
}

TEST(Jsonata, refuses_values_nested_too_deep) {
  EXPECT_EQ(eval("$reduce([1..600], function($a, $v){ [[$a]] }, [])"), "U1001");
  EXPECT_EQ(eval("$string($reduce([1..600], function($a, $v){ {'a': $a} }, {}))"), "U1001");
  EXPECT_EQ(eval("$clone($reduce([1..600], function($a, $v){ {'a': $a} }, {})).a.b"), "U1001");
  EXPECT_EQ(eval("$count($reduce([1..100000], function($a, $v){ [[$a]] }, []))"), "1");
}

TEST(Jsonata, answers_numbers_out_of_range_with_an_error) {
  EXPECT_EQ(eval("1e308 * 10 + 1"), "D1001");
  EXPECT_EQ(eval("$power(10, 400)"), "D3061");
  EXPECT_EQ(eval("$number('1e400')"), "D3030");
  EXPECT_EQ(eval("$string(1 / 0)"), "D3001");
}

TEST(Jsonata, writes_large_numbers_in_other_bases_as_javascript_does) {
  EXPECT_EQ(eval("$formatBase(1e21, 36)"), R"("5v1j4f4ds7c000")");
  EXPECT_EQ(eval("$formatBase(9007199254740992, 7)"), R"("5350140446150306054")");
  EXPECT_EQ(eval("$formatBase(-255, 16)"), R"("-ff")");
}

TEST(Jsonata, knows_no_day_without_a_month) {
  EXPECT_EQ(eval("$toMillis('2020-29')"), "null");
  EXPECT_EQ(eval("$toMillis('2020-05')"), "1588291200000");
}

TEST(Jsonata, takes_input_that_is_not_utf8_without_harm) {
  const bj::value input{{"s", "a\xff\xc3("}};
  const auto run = [&](const char* text) { return Expression::compile(text).evaluate(input); };
  EXPECT_EQ(*run("$length(s)"), bj::value(4));
  EXPECT_EQ(*run("$contains(s, /\\(/)"), bj::value(true));
  EXPECT_EQ(*run("$substring(s, 0, 1)"), bj::value("a"));
  EXPECT_TRUE(run("$uppercase(s) & $trim(s) & $encodeUrlComponent('x')"));
}

TEST(Jsonata, says_in_one_line_what_a_text_lacks) {
  const std::pair<const char*, const char*> texts[] = {
      {"a.", "S0207"},         {"(1", "S0203"},           {"[1", "S0203"},        {"{\"a\" 1}", "S0202"},
      {"'a", "S0101"},         {"'\\x'", "S0103"},        {"'\\u12'", "S0104"},   {"`a", "S0105"},
      {"/* a", "S0106"},       {"1 2", "S0201"},          {"a ! b", "S0204"},     {"a := 1", "S0212"},
      {"a.1", "S0213"},        {"a@b", "S0214"},          {"a[0]@$b", "S0215"},   {"a^(b)@$c", "S0216"},
      {"%", "S0217"},          {"function(a){1}", "S0208"}, {"//", "S0301"},      {"/a", "S0302"},
      {"/(/", "S0302"},        {"function($a)<s<n>>{1}", "S0401"}, {"(a){b:1}[0]", "S0209"},
      {"a{b:1}{c:2}", "S0210"}, {"]", "S0211"},
  };
  for (const auto& [text, code] : texts) {
    const auto error = Expression::check(text);
    ASSERT_TRUE(error) << text;
    EXPECT_EQ(error->code(), code) << text;
    EXPECT_FALSE(error->message().empty()) << text;
    EXPECT_EQ(error->message().find('\n'), std::string::npos) << text;
    EXPECT_LE(error->position(), std::string_view(text).size()) << text;
  }
}

TEST(Jsonata, keeps_tail_calls_off_the_stack) {
  EXPECT_EQ(eval("($f := function($n, $s){ $n = 0 ? $s : $f($n - 1, $s + $n) }; $f(200000, 0))"), "20000100000");
}

TEST(Jsonata, recurses_deeply_on_a_small_stack) {
  const auto recursive = Expression::compile("($f := function($n){ $n = 0 ? 0 : 1 + $f($n - 1) }; $f(1500))");
  const auto endless = Expression::compile("($f := function($n){ 1 + $f($n + 1) }; $f(0))");
  std::string results;
  boost::context::fiber fiber(std::allocator_arg, boost::context::fixedsize_stack(256 * 1024),
                              [&](boost::context::fiber&& back) {
    results = bj::serialize(*recursive.evaluate(nullptr));
    try {
      endless.evaluate(nullptr);
    } catch (const Error& error) {
      results += error.code();
    }
    Expression::check(std::string(100'000, '('));
    return std::move(back);
  });
#ifdef JUNCTOR_SANITIZED
  GTEST_SKIP() << "sanitizers do not know this fiber";
#else
  fiber = std::move(fiber).resume();
  EXPECT_EQ(results, "1500U1001");
#endif
}

// The processor time that a thread has taken so far: what others on the machine take does not count.
std::chrono::nanoseconds processor_time(clockid_t clock) {
  timespec at{};
  clock_gettime(clock, &at);
  return std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec);
}

struct Stopped {
  std::string code;
  std::chrono::nanoseconds after{};  // processor time between the wish and the end
};

// Evaluates in a thread and asks it to stop after `delay`.
Stopped cancel_after(std::string_view text, const bj::value& input, std::chrono::milliseconds delay) {
  std::atomic<bool> cancel = false;
  EvaluateOptions options;
  options.cancel = &cancel;
  options.limits.time = std::chrono::minutes(1);
  options.limits.memory_bytes = std::size_t{2} << 30;
  const auto expression = Expression::compile(text);
  Stopped out;
  std::atomic<bool> asked = false;
  std::chrono::nanoseconds wish{};
  std::chrono::nanoseconds end{};
  std::thread worker([&] {
    Arena arena;  // giving its pages back is not the evaluation's time
    try {
      EvaluateOptions in_arena = options;
      in_arena.storage = arena.storage();
      expression.evaluate(input, arena, in_arena);
    } catch (const Error& error) {
      out.code = error.code();
    }
    end = processor_time(CLOCK_THREAD_CPUTIME_ID);
    while (!asked) std::this_thread::yield();
  });
  clockid_t clock{};
  pthread_getcpuclockid(worker.native_handle(), &clock);
  std::this_thread::sleep_for(delay);
  wish = processor_time(clock);
  cancel = true;
  asked = true;
  worker.join();
  out.after = end - wish;
  return out;
}

TEST(Jsonata, stops_within_ten_milliseconds_of_being_cancelled) {
  const bj::value input{{"s", std::string(40, 'a') + "!"}, {"long", std::string(8u << 20, 'x')},
                        {"list", bj::array(1'000'000, bj::value("item"))}};
  const char* const texts[] = {
      "($f := function($n){ $f($n + 1) }; $f(0))",
      "$match(s, /(a+)+$/)",
      "($f := function($n){ $count($match(long, /[a-w]y*/)) + $f($n + 1) }; $f(0))",
      "$sum([1..1000000].($ * 2 + [1..1000000][$]))",
      "$distinct([1..5000000].{\"a\": $})",
      "[1..9000000]",
      "$count($sort([1..3000000], function($a, $b){ $b > $a }))",
      "$sort(list)",
      "$join($append(list, list), long)",
      "($f := function($t, $n){ $f($uppercase($t & 'a'), $n + 1) }; $f(long, 0))",
      "($f := function($t){ $length($t & $t) + $f($t & $t) }; $f(long))",
      "($f := function($n){ $count($split(long, 'y')) + $f($n + 1) }; $f(0))",
      "($f := function($n){ $length($replace(long, 'x', 'yz')) + $f($n + 1) }; $f(0))",
      "($f := function($n){ $eval($join(list, ' & ') ~> $substring(0, 200000)) + $f($n + 1) }; $f(0))",
      "list{$string($random()): $}",
      "$string([1..3000000])",
      "$reverse($shuffle([1..5000000]))",
  };
  for (const char* text : texts) {
    std::vector<std::chrono::nanoseconds> times;
    for (const int delay : {5, 25, 60}) {
      const Stopped stopped = cancel_after(text, input, std::chrono::milliseconds(delay));
      if (stopped.code != "U1003") continue;  // was done before, or had failed
      times.push_back(stopped.after);
    }
    EXPECT_FALSE(times.empty()) << text << " was never cancelled";
    if (times.empty()) continue;
    std::sort(times.begin(), times.end());
    EXPECT_LT(times[times.size() / 2], std::chrono::milliseconds(10) * slowness) << text;
    EXPECT_LT(times.back(), std::chrono::milliseconds(10) * slowness) << text;
  }
}

TEST(Jsonata, offers_values_and_functions_of_the_host) {
  Bindings bindings;
  bindings.set("rate", 1.5);
  bindings.set("twice", [](std::span<const Json* const> args) -> std::optional<Json> {
    if (!args[0]) return std::nullopt;
    return args[0]->to_number<double>() * 2;
  }, "<n-:n>");
  bindings.set("deny", [](std::span<const Json* const>) -> std::optional<Json> {
    throw Error("H0001", "the host says no");
  });
  EvaluateOptions options;
  options.bindings = &bindings;
  EXPECT_EQ(eval("$twice(21) * $rate", "null", options), "63");
  EXPECT_EQ(eval("[1, 2].$twice()", "null", options), "[2,4]");
  EXPECT_EQ(eval("$map([1, 2], $twice)", "null", options), "[2,4]");
  EXPECT_EQ(eval("$twice('a')", "null", options), "T0410");
  EXPECT_EQ(eval("1 + $deny()", "null", options), "H0001");
}

TEST(Jsonata, is_evaluated_by_many_threads_at_once) {
  const auto expression = Expression::compile("$sum(items[price > 1].price) & $replace('a1b', /[0-9]/, '-')");
  const bj::value input = bj::parse(R"({"items":[{"price":1},{"price":2},{"price":3}]})");
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      Arena arena;
      for (int i = 0; i < 500; ++i) wrong += *expression.evaluate(input, arena) != bj::value("5a-b");
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Jsonata, shows_a_result_without_copying_it) {
  const auto expression = Expression::compile("a.b");
  const bj::value input = bj::parse(R"({"a":{"b":"x"}})");
  Arena arena;
  const View view = expression.view(input, arena);
  EXPECT_EQ(view.kind(), ViewKind::string);
  EXPECT_EQ(view.as_string(), "x");
  EXPECT_EQ(view.as_string().data(), input.at("a").at("b").get_string().data());
  EXPECT_EQ(*view.to_json(), bj::value("x"));
  EXPECT_EQ(view.to_text(), "x");
}

TEST(Jsonata, makes_results_in_the_arena) {
  const auto expression = Expression::compile("{'name': a, 'list': [1, a & 'a longer text than a string holds in place']}");
  const bj::value input = bj::parse(R"({"a":"x"})");
  Arena arena;
  EvaluateOptions options;
  options.storage = arena.storage();
  for (int i = 0; i < 2; ++i) {
    const auto result = expression.evaluate(input, arena, options);
    EXPECT_EQ(bj::serialize(*result),
              R"({"name":"x","list":[1,"xa longer text than a string holds in place"]})");
    EXPECT_EQ(result->storage(), arena.storage());
  }
}

TEST(JsonataLineage, names_the_input_behind_every_output) {
  const auto expression = Expression::compile(
      R"({"full": first & ' ' & last, "state": status = 'on' ? 'ON' : 'OFF', "city": address.city,
          "rows": items.{"p": price * 2}, "fixed": 1})");
  Arena arena;
  const Lineage lineage = expression.trace(
      bj::parse(R"({"first":"A","last":"B","status":"on","address":{"city":"X"},
                    "items":[{"price":1},{"price":2}]})"), arena);
  const std::vector<LineageEntry> expected = {
      {"/full", {"/first", "/last"}},
      {"/state", {"/status"}},
      {"/city", {"/address/city"}},
      {"/rows/0/p", {"/items/0/price"}},
      {"/rows/1/p", {"/items/1/price"}}};
  EXPECT_EQ(lineage.entries, expected);
  EXPECT_EQ(bj::serialize(*lineage.result),
            R"({"full":"A B","state":"ON","city":"X","rows":[{"p":2},{"p":4}],"fixed":1})");
}

TEST(JsonataLineage, names_what_filters_tested_and_sums_added) {
  Arena arena;
  const bj::value input = bj::parse(R"({"rows":[{"v":1,"on":true},{"v":2,"on":false}]})");
  const Lineage sum = Expression::compile("{'t': $sum(rows.v)}").trace(input, arena);
  const std::vector<LineageEntry> added = {{"/t", {"/rows/0/v", "/rows/1/v"}}};
  EXPECT_EQ(sum.entries, added);
  const Lineage chosen = Expression::compile("{'t': rows[on].v}").trace(input, arena);
  const std::vector<LineageEntry> tested = {{"/t", {"/rows/0/v", "/rows/0/on", "/rows/1/on"}}};
  EXPECT_EQ(chosen.entries, tested);
  EXPECT_EQ(*chosen.result, bj::parse(R"({"t":1})"));
}

TEST(JsonataLineage, follows_variables) {
  Arena arena;
  const Lineage lineage = Expression::compile("($x := a; $y := b; {'k': $y + 1, 'l': $x})")
                              .trace(bj::parse(R"({"a":1,"b":2})"), arena);
  const std::vector<LineageEntry> expected = {{"/k", {"/b"}}, {"/l", {"/a"}}};
  EXPECT_EQ(lineage.entries, expected);
}

}  // namespace
}  // namespace junctor::jsonata
