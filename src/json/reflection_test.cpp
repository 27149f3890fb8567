#include "junctor/reflection.h"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "json/parse.h"
#include "json/serialize.h"
#include "junctor/schema.h"

namespace company {

enum class Status { active, on_leave, default_ };
JUNCTOR_DESCRIBE_ENUM(Status, active, on_leave, default_)

enum class Tiny : unsigned char { low = 1, high = 200 };
JUNCTOR_DESCRIBE_ENUM(Tiny, low, high)

struct Address {
  std::string city;
  std::optional<std::string> street;
  std::string country = "US";
  friend bool operator==(const Address&, const Address&) = default;
};
JUNCTOR_DESCRIBE(Address, (city, street, country))

struct Limits {
  std::optional<int> rows;
  bool strict = true;
  friend bool operator==(const Limits&, const Limits&) = default;
};
JUNCTOR_DESCRIBE(Limits, (rows, strict))

struct Base {
  std::string id;
  friend bool operator==(const Base&, const Base&) = default;
};
JUNCTOR_DESCRIBE(Base, (id))

struct Employee : Base {
  Status status = Status::on_leave;
  std::optional<Tiny> tiny;
  std::int8_t grade = 0;
  std::uint64_t badge = 0;
  double pay = 0;
  Address address;
  Limits limits;
  std::vector<Address> former;
  std::map<std::string, int> counts;
  std::variant<int, std::string> either;
  std::optional<junctor::Timestamp> hired;
  junctor::Json extra;
  std::string class_;
  friend bool operator==(const Employee&, const Employee&) = default;
};
BOOST_DESCRIBE_STRUCT(Employee, (Base), (status, tiny, grade, badge, pay, address, limits, former, counts,
                                         either, hired, extra, class_))

struct Tree {
  std::string name;
  std::vector<Tree> children;
};
JUNCTOR_DESCRIBE(Tree, (name, children))

struct Forest {
  std::optional<Tree> tallest;
  std::vector<Tree> trees;
};
JUNCTOR_DESCRIBE(Forest, (tallest, trees))

struct Query {
  int page = 1;
  std::string text;
  std::vector<std::string> tags;
};
JUNCTOR_DESCRIBE(Query, (page, text, tags))
inline junctor::Annotations annotations(junctor::Tag<Query>) {
  return {.title = "Query", .description = "What to look for",
          .fields = {{.member = "page", .description = "From 1", .minimum = 1, .maximum = 500},
                     {.member = "text", .json_name = "q", .pattern = "^\\S", .max_length = 80},
                     {.member = "tags", .max_length = 5, .required = junctor::FieldNote::Required::no}}};
}

}  // namespace company

namespace junctor {
namespace {

using company::Employee;

Json from(std::string_view text) { return json::parse(text).value_or_throw(); }

Employee sample() {
  Employee one;
  one.id = "e1";
  one.status = company::Status::default_;
  one.tiny = company::Tiny::high;
  one.grade = -3;
  one.badge = 18446744073709551615u;
  one.pay = 12.5;
  one.address = {"Phoenix", std::nullopt, "US"};
  one.former = {{"Ulm", "Hauptstr. 1", "DE"}};
  one.counts = {{"a", 1}, {"b", 2}};
  one.either = "x";
  one.hired = Timestamp(std::chrono::milliseconds(1614556800123));
  one.extra = from(R"({"any":[1]})");
  one.class_ = "k";
  return one;
}

constexpr const char* sample_text =
    R"({"id":"e1","status":"default","tiny":"high","grade":-3,"badge":18446744073709551615,"pay":12.5,)"
    R"("address":{"city":"Phoenix","country":"US"},"limits":{"strict":true},)"
    R"("former":[{"city":"Ulm","street":"Hauptstr. 1","country":"DE"}],"counts":{"a":1,"b":2},"either":"x",)"
    R"("hired":"2021-03-01T00:00:00.123Z","extra":{"any":[1]},"class":"k"})";

TEST(Reflection, writes_and_reads_every_kind_of_member) {
  EXPECT_EQ(json::to_text(to_json(sample())), sample_text);
  EXPECT_EQ(from_json<Employee>(from(sample_text)).value_or_throw(), sample());
}

TEST(Reflection, collects_every_fault_with_its_path) {
  const auto result = from_json<Employee>(from(R"({"id":1,"status":"gone","grade":200,"badge":-1,"pay":"x",
    "address":{"street":7},"former":[{"city":"a"},null],"counts":{"a b":"z"},"either":true,
    "hired":"yesterday","extra":null,"class":"k"})"));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(to_string(result.problems()),
            "id: found 1, expected a string\n"
            "status: found \"gone\", expected one of 'active', 'on_leave', 'default'\n"
            "grade: found 200, expected an integer from -128 to 127\n"
            "badge: found -1, expected an integer from 0 to 18446744073709551615\n"
            "pay: found \"x\", expected a number\n"
            "address.city: found nothing, expected this member\n"
            "address.street: found 7, expected a string\n"
            "former[1]: found null, expected an object\n"
            "counts['a b']: found \"z\", expected an integer from -2147483648 to 2147483647\n"
            "either: found true, expected one of the 2 alternatives of this member\n"
            "hired: found \"yesterday\", expected a string of the format 'date-time'");
}

TEST(Reflection, absent_members_keep_their_initialisers) {
  const auto address = from_json<company::Address>(from(R"({"city":"X","street":null,"unknown":1})")).value_or_throw();
  EXPECT_EQ(address, (company::Address{"X", std::nullopt, "US"}));
  EXPECT_EQ(from_json<company::Limits>(from(R"({"rows":3.0})")).value_or_throw(), (company::Limits{3, true}));
}

TEST(Reflection, a_schema_says_required_defaults_and_null) {
  EXPECT_EQ(schema_of<company::Address>(),
            from(R"({"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{
      "city":{"type":"string"},"street":{"type":["string","null"]},"country":{"type":"string","default":"US"}},
      "required":["city"]})"));
  const Json employee = schema_of<Employee>();
  EXPECT_EQ(employee.at("properties").at("grade"), from(R"({"type":"integer","minimum":-128,"maximum":127})"));
  EXPECT_EQ(employee.at("properties").at("status"),
            from(R"({"type":"string","enum":["active","on_leave","default"],"default":"on_leave"})"));
  EXPECT_EQ(employee.at("properties").at("limits").at("default"), from("{}"));
  EXPECT_EQ(employee.at("required"),
            from(R"(["id","grade","badge","pay","address","former","counts","either","extra","class"])"));
}

TEST(Reflection, a_number_that_no_float_holds_is_a_fault) {
  EXPECT_EQ(from_json<std::vector<float>>(Json{1.5, 3.4e38}).value(), (std::vector<float>{1.5f, 3.4e38f}));
  for (const double number : {1e300, -1e300}) {
    const auto result = from_json<float>(Json(number));
    ASSERT_FALSE(result) << number;
    EXPECT_EQ(result.problems().front().expected, "a number from -3.4e38 to 3.4e38");
  }
  EXPECT_EQ(from_json<double>(Json(1e300)).value(), 1e300);
}

TEST(Reflection, annotations_become_keywords) {
  EXPECT_EQ(schema_of<company::Query>(),
            from(R"({"$schema":"https://json-schema.org/draft/2020-12/schema","title":"Query",
      "description":"What to look for","type":"object","properties":{
      "page":{"type":"integer","minimum":1,"maximum":500,"description":"From 1","default":1},
      "q":{"type":"string","pattern":"^\\S","maxLength":80},
      "tags":{"type":"array","items":{"type":"string"},"maxItems":5,"default":[]}},"required":["q"]})"));
}

TEST(Reflection, a_struct_that_contains_itself_is_a_definition) {
  EXPECT_EQ(schema_of<company::Tree>().at("properties").at("children").at("items"), from(R"({"$ref":"#"})"));
  const Json forest = schema_of<company::Forest>();
  EXPECT_EQ(forest.at("properties").at("tallest"), from(R"({"anyOf":[{"$ref":"#/$defs/Tree"},{"type":"null"}]})"));
  EXPECT_TRUE(CompiledSchema::compile(forest).value_or_throw().accepts(
      from(R"({"trees":[{"name":"a","children":[{"name":"b","children":[]}]}]})")));
}

TEST(Reflection, what_the_schema_accepts_can_be_read) {
  SchemaOptions options;
  options.formats = SchemaOptions::Formats::check;
  const auto schema = CompiledSchema::compile(schema_of<Employee>(), options).value_or_throw();
  EXPECT_TRUE(schema.accepts(from(sample_text)));
  // Every member in turn replaced by every kind of value: both judges must agree.
  const Json values = from(R"([null,true,1,-1,300,1.5,1e300,"x","high","2021-03-01T00:00:00+01:00",[],[1],{},{"a":1},
                               {"city":"c"},[{"city":"c"}]])");
  const Json sample_json = from(sample_text);
  for (const auto& member : sample_json.as_object()) {
    for (const Json& value : values.as_array()) {
      Json changed = from(sample_text);
      changed.as_object()[member.key()] = value;
      EXPECT_EQ(schema.accepts(changed), from_json<Employee>(changed).ok())
          << member.key() << " = " << json::to_text(value);
    }
    Json without = from(sample_text);
    without.as_object().erase(member.key());
    EXPECT_EQ(schema.accepts(without), from_json<Employee>(without).ok()) << "without " << member.key();
  }
}

TEST(Reflection, times_are_read_with_their_offset) {
  EXPECT_EQ(to_string(*reflect::timestamp_from("2021-03-01T01:30:00.5+01:30")), "2021-03-01T00:00:00.500Z");
  EXPECT_EQ(to_string(*reflect::timestamp_from("1969-12-31t23:59:59.9999z")), "1969-12-31T23:59:59.999Z");
  EXPECT_FALSE(reflect::timestamp_from("2021-02-29T00:00:00Z"));
}

}  // namespace
}  // namespace junctor
