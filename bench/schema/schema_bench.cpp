// Rates of the compiled schema on one document; prints one JSON object. See run.
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "json/parse.h"
#include "junctor/schema.h"

namespace {

std::string read(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

// `rate`: the best of many short rounds, in calls per second: what else the machine does counts least there.
// `cpu_ns`: what a call costs on average.
template <typename Call>
boost::json::object rate(double seconds, Call call) {
  using Clock = std::chrono::steady_clock;
  constexpr double round_seconds = 0.005;
  double best = 0;
  long calls = 0;
  const std::clock_t cpu_start = std::clock();
  for (double spent = 0; spent < seconds;) {
    const auto start = Clock::now();
    long count = 0;
    double elapsed = 0;
    do {
      for (int i = 0; i < 16; ++i) call();
      count += 16;
      elapsed = std::chrono::duration<double>(Clock::now() - start).count();
    } while (elapsed < round_seconds);
    spent += elapsed;
    calls += count;
    best = std::max(best, static_cast<double>(count) / elapsed);
  }
  const double cpu_seconds = static_cast<double>(std::clock() - cpu_start) / CLOCKS_PER_SEC;
  boost::json::object result;
  result["rate"] = std::floor(best);
  result["cpu_ns"] = std::round(cpu_seconds * 1e9 / static_cast<double>(calls));
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: schema_bench FOLDER [SECONDS]\n";
    return 2;
  }
  const std::string folder = argv[1];
  const double seconds = argc > 2 ? std::atof(argv[2]) : 1.0;
  using junctor::json::parse;
  const auto schema_json = parse(read(folder + "/employee.schema.json")).value_or_throw();
  junctor::SchemaOptions options;
  options.formats = junctor::SchemaOptions::Formats::check;
  const auto schema = junctor::CompiledSchema::compile(schema_json, options).value_or_throw();
  const std::string good_text = read(folder + "/employee.valid.json");
  const auto good = parse(good_text).value_or_throw();
  const std::string bad_text = read(folder + "/employee.invalid.json");
  const auto bad = parse(bad_text).value_or_throw();
  junctor::SchemaTextReader reader;
  if (!schema.accepts(good) || schema.accepts(bad) || !schema.accepts_text(good_text, reader)) {
    std::cerr << "wrong answer\n";
    return 1;
  }
  volatile bool sink = false;
  boost::json::object result;
  result["validate_valid"] = rate(seconds, [&] { sink = schema.accepts(good); });
  result["validate_invalid"] = rate(seconds, [&] { sink = schema.accepts(bad); });
  result["explain_invalid"] = rate(seconds, [&] { sink = schema.validate(bad).empty(); });
  result["parse"] = rate(seconds, [&] { sink = parse(good_text).ok(); });
  result["parse_validate"] = rate(seconds, [&] { sink = schema.accepts(parse(good_text).value()); });
  result["text_validate"] = rate(seconds, [&] { sink = schema.accepts_text(good_text, reader); });
  result["text_refuse"] = rate(seconds, [&] { sink = schema.accepts_text(bad_text, reader); });
  result["compile"] = rate(seconds, [&] {
    sink = junctor::CompiledSchema::compile(schema_json, options).ok();
  });
  std::cout << boost::json::serialize(result) << "\n";
}
