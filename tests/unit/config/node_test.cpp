#include "graftage/config/node.hpp"

#include "graftage/config/load.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/seed.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace graftage::config {
namespace {

Node quoted(const std::string& text) { return Node::from_scalar(text, {}, true); }

TEST(Node, FindsAndCreatesEntries) {
  Node root;

  root.at_path("a.b.c") = Node::from_scalar("1");
  root.entry("z") = quoted("1");

  EXPECT_EQ(root.to_json(), R"({"a":{"b":{"c":1}},"z":"1"})");
  EXPECT_EQ(root.find("missing"), nullptr);
  EXPECT_EQ(root.find_path("a.missing.c"), nullptr);
  EXPECT_EQ(root.find_path("a.b.c")->scalar, "1");
  EXPECT_EQ(root.find_path("a.b.c.d"), nullptr);
  EXPECT_EQ(root.find_path(""), nullptr);
  EXPECT_EQ(Node::from_scalar("x").find("x"), nullptr);
  Node scalar = Node::from_scalar("x");
  EXPECT_THROW(scalar.entry("y"), core::InternalError);
}

TEST(Node, FindsListElementsByNumber) {
  const Node root = parse_yaml("[[a, b], {k: c}]", "a");

  EXPECT_EQ(root.find_path("0.1")->scalar, "b");
  EXPECT_EQ(root.find_path("1.k")->scalar, "c");
  EXPECT_EQ(root.find_path("2"), nullptr);
  EXPECT_EQ(root.find_path("-1"), nullptr);
}

TEST(Node, JsonIsValidAndEscaped) {
  Node root;
  root.entry("a\"b\\\n\t\x01") = quoted("\x7f \xc3\xa9 \"quoted\"");

  const auto parsed = nlohmann::json::parse(root.to_json());

  EXPECT_EQ(parsed.begin().key(), "a\"b\\\n\t\x01");
  EXPECT_EQ(parsed.begin().value(), "\x7f \xc3\xa9 \"quoted\"");
}

TEST(Node, YamlIsReadable) {
  const Node root = parse_yaml(R"(name: prompt vs fine-tuning
encoder: {kind: gin, layers: 5, rates: [0.1, 1e-3]}
stages: [{name: a, after: []}, {name: b, after: [a]}]
nothing: ~
empty: {}
quoted: '5'
path: /data/zinc-1.h5
)",
                               "a");

  EXPECT_EQ(root.to_yaml(), R"(name: prompt vs fine-tuning
encoder:
  kind: gin
  layers: 5
  rates: [0.1, 1e-3]
stages:
  - name: a
    after: []
  - name: b
    after: [a]
nothing: null
empty: {}
quoted: "5"
path: /data/zinc-1.h5
)");
}

/// A random tree of hostile and ordinary texts.
Node random_node(core::RandomStream& random, int depth) {
  static const std::vector<std::string> texts{"gin",
                                              "true",
                                              "Yes",
                                              "off",
                                              "null",
                                              "~",
                                              "",
                                              " ",
                                              "a b",
                                              " a",
                                              "a ",
                                              "5",
                                              "-5",
                                              "+5",
                                              "0x1F",
                                              ".5",
                                              "1e-3",
                                              ".inf",
                                              ".nan",
                                              "nan",
                                              "-",
                                              "--- x",
                                              "...",
                                              "a: b",
                                              "a:b",
                                              "a #b",
                                              "#",
                                              "[1",
                                              "{",
                                              "*a",
                                              "&a",
                                              "!t",
                                              "%d",
                                              "@",
                                              "`",
                                              "'",
                                              "\"",
                                              "\\",
                                              "line\nbreak\n",
                                              "\ttab",
                                              "\x01\x1f\x7f",
                                              "\xc3\xa9\xe2\x82\xac",
                                              "<<",
                                              "2001-01-01",
                                              "1_000",
                                              "y",
                                              "N",
                                              "=",
                                              "a,b",
                                              "?",
                                              "? x",
                                              "|",
                                              ">",
                                              "007",
                                              "1.",
                                              "..",
                                              "./x",
                                              "x" + std::string(200, 'y'),
                                              "1:30",
                                              "\xc2\x85",
                                              "\xe2\x80\xa8"};
  const auto text = [&] { return texts[random.below(texts.size())]; };
  switch (depth == 0 ? random.below(3) : random.below(5)) {
    case 0:
      return quoted(text());
    case 1:
      return Node::from_scalar(random.below(2) == 0 ? std::to_string(static_cast<int>(random.below(2000)) - 1000)
                                                    : "-1.5e-7");
    case 2:
      return random.below(2) == 0 ? Node{} : Node::from_scalar("true");
    case 3: {
      Node node;
      node.kind = Node::Kind::Sequence;
      for (std::uint64_t i = random.below(4); i > 0; --i) node.items.push_back(random_node(random, depth - 1));
      return node;
    }
    default: {
      Node node;
      node.kind = Node::Kind::Mapping;
      for (std::uint64_t i = random.below(4); i > 0; --i) {
        const std::string key = text();
        if (!key.empty()) node.entry(key) = random_node(random, depth - 1);
      }
      return node;
    }
  }
}

TEST(Node, YamlAndJsonReadBackAsTheSameDocument) {
  for (int i = 0; i < 3000; ++i) {
    auto random = core::SeedSequence(11).child("round trip").child(i).stream();
    const Node node = random_node(random, 4);
    const std::string json = node.to_json();

    const std::string yaml = node.to_yaml();

    ASSERT_EQ(parse_yaml(yaml, "a").to_json(), json) << yaml;
    ASSERT_EQ(from_json(json).to_json(), json);
    ASSERT_EQ(nlohmann::ordered_json::parse(json).size(), node.kind == Node::Kind::Mapping    ? node.entries.size()
                                                          : node.kind == Node::Kind::Sequence ? node.items.size()
                                                          : json == "null"                    ? 0u
                                                                                              : 1u);
  }
}

TEST(FromJson, KeepsTypesAndRefusesGarbage) {
  const Node node = from_json(R"({"a": [1, -2, 0.001, 1e5, true, null, "1", 18446744073709551615]})");

  EXPECT_EQ(node.to_json(), R"({"a":[1,-2,0.001,100000,true,null,"1",18446744073709551616]})");
  EXPECT_THROW((void)from_json("{"), core::ConfigError);
  EXPECT_THROW((void)from_json(""), core::ConfigError);
  EXPECT_THROW((void)from_json(std::string(70, '[') + std::string(70, ']')), core::ConfigError);
}

}  // namespace
}  // namespace graftage::config
