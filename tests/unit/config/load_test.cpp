#include "graftage/config/load.hpp"

#include "graftage/core/error.hpp"

#include <gtest/gtest.h>

#include <clocale>
#include <filesystem>
#include <fstream>

namespace graftage::config {
namespace {

/// The message of the ConfigError that parsing throws; empty if it throws none.
std::string refusal(const std::string& text) {
  try {
    (void)parse_yaml(text, "a.yaml");
  } catch (const core::ConfigError& error) {
    EXPECT_EQ(error.exit_code(), core::ExitCode::Config);
    return error.what();
  }
  return "";
}

std::string json_of(const std::string& text) { return parse_yaml(text, "a.yaml").to_json(); }

TEST(ParseYaml, BuildsTheTreeInOrder) {
  EXPECT_EQ(json_of("b: 1\na:\n  - x\n  - {k: [1, 2.50, -3e2]}\nempty:\n"),
            R"({"b":1,"a":["x",{"k":[1,2.5,-300]}],"empty":null})");
  EXPECT_EQ(json_of(""), "null");
  EXPECT_EQ(json_of("# only a comment\n"), "null");
  EXPECT_EQ(json_of("---\n7\n"), "7");
}

TEST(ParseYaml, TypesPlainScalarsByYaml12) {
  EXPECT_EQ(json_of("[true, False, yes, no, ~, null, 007, +5, 0x1F, 1_000, .5, 1e-3, .inf, 2001-01-01]"),
            R"([true,false,"yes","no",null,null,7,5,"0x1F","1_000",0.5,0.001,".inf","2001-01-01"])");
  EXPECT_EQ(json_of("['1', \"true\", !!str 3, '']"), R"(["1","true","3",""])");
  EXPECT_EQ(json_of("[9223372036854775807, 9223372036854775808, 1e400]"),
            R"([9223372036854775807,9223372036854775808,"1e400"])");
}

TEST(ParseYaml, MarksEveryValueAndKey) {
  const Node root = parse_yaml("train:\n  epochs: 3\nlist: [a, b]\n", "dir/a.yaml");

  const Node* epochs = root.find_path("train.epochs");
  ASSERT_NE(epochs, nullptr);
  EXPECT_EQ(epochs->mark.text(), "dir/a.yaml:2:11");
  EXPECT_EQ(epochs->key_mark.text(), "dir/a.yaml:2:3");
  EXPECT_EQ(root.find_path("list.1")->mark.text(), "dir/a.yaml:3:11");
}

TEST(ParseYaml, RefusesWithThePlace) {
  EXPECT_EQ(refusal("a: 1\nb: 2\na: 3\n"), "a.yaml:3:1: the key 'a' stands here a second time");
  EXPECT_EQ(refusal("x: {k: 1, k: 2}").rfind("a.yaml:1:11: ", 0), 0u);
  EXPECT_EQ(refusal("a: [1, 2\nb: 3\n").rfind("a.yaml:", 0), 0u);
  EXPECT_NE(refusal("a: 'open").find("not valid YAML"), std::string::npos);
  EXPECT_EQ(refusal("a: 1\n---\nb: 2\n").rfind("a.yaml:2:1: a second document", 0), 0u);
  EXPECT_EQ(refusal("? [1, 2]\n: 3\n").find("a key must be a word") != std::string::npos, true);
  EXPECT_NE(refusal("a: !python/object:os.system x").find("has no meaning here"), std::string::npos);
  EXPECT_NE(refusal("a: *nothing").find("a.yaml:1:"), std::string::npos);
  EXPECT_EQ(refusal(std::string("a: 1\nb: \0", 9)).rfind("a.yaml:2:4: a control character (byte 0)", 0), 0u);
  EXPECT_NE(refusal("a: \x1b[2J").find("control character"), std::string::npos);
  EXPECT_EQ(refusal("\xef\xbb\xbf"
                    "a: 1\n"),
            "");  // a byte order mark is fine
}

TEST(ParseYaml, RefusesBytesThatAreNotUtf8) {
  EXPECT_EQ(refusal("a: \xc3\xa4\xe2\x82\xac\xf0\x9f\x8c\xb3\n"), "");
  EXPECT_EQ(refusal("a: 1\nb: \xc3\xa4\xff\n"), "a.yaml:2:5: byte 255 is not UTF-8; save the file as UTF-8");
  // Cut off, overlong, a surrogate, beyond the last character, a continuation alone.
  for (const char* text : {"\xe2\x82", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80"})
    EXPECT_NE(refusal(std::string("a: ") + text).find("is not UTF-8"), std::string::npos);
}

TEST(ParseYaml, NamesTheLineThatIsIndentedWithATab) {
  EXPECT_NE(refusal("a:\n\tb: [1]\n").find("line 2 is indented with a tab, use spaces"), std::string::npos);
  EXPECT_EQ(refusal("a: [1\nb: 2\n").find("tab"), std::string::npos);
}

TEST(ParseYaml, BoundsSizeDepthAndAliases) {
  EXPECT_NE(refusal(std::string((1 << 20) + 1, ' ')).find("larger than 1 MiB"), std::string::npos);
  EXPECT_EQ(refusal(std::string(64, '[') + std::string(64, ']')), "");
  EXPECT_NE(refusal(std::string(65, '[') + std::string(65, ']')).find("nested deeper than 64"), std::string::npos);
  EXPECT_NE(refusal(std::string(200000, '[')).find("nested deeper than 64"), std::string::npos);
  std::string block;
  for (int i = 0; i < 100; ++i) block += std::string(static_cast<std::size_t>(i), ' ') + "k:\n";
  EXPECT_NE(refusal(block).find("nested deeper than 64"), std::string::npos);
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n", chain = "c0: &c0 [x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) laughs += before + ", ";
    laughs += "]\n";
  }
  EXPECT_NE(refusal(laughs).find("more than 200000 values"), std::string::npos);
  for (int i = 1; i < 100; ++i) {
    const std::string name = "c" + std::to_string(i);
    chain += name + ": &" + name + " [*c" + std::to_string(i - 1) + "]\n";
  }
  EXPECT_NE(refusal(chain).find("nested deeper than 64"), std::string::npos);
  EXPECT_NE(refusal("a: &a [*a]").find("a.yaml:1:"), std::string::npos);
}

TEST(ParseYaml, ExpandsAliasesAndMerges) {
  EXPECT_EQ(json_of("base: &b {lr: 0.1, epochs: 3}\nrun: *b\n"),
            R"({"base":{"lr":0.1,"epochs":3},"run":{"lr":0.1,"epochs":3}})");
  EXPECT_EQ(json_of("base: &b {lr: 0.1, epochs: 3}\nrun:\n  <<: *b\n  lr: 1\n"),
            R"({"base":{"lr":0.1,"epochs":3},"run":{"lr":1,"epochs":3}})");
  EXPECT_EQ(json_of("x: &x {a: 1}\ny: &y {a: 2, b: 2}\nz: {<<: [*x, *y]}\n"),
            R"({"x":{"a":1},"y":{"a":2,"b":2},"z":{"a":1,"b":2}})");
  EXPECT_NE(refusal("a: {<<: 3}").find("'<<' merges"), std::string::npos);
}

TEST(ParseYaml, IgnoresTheLocale) {
  const char* const german = std::setlocale(LC_ALL, "de_DE.UTF-8");
  const std::string json = json_of("a: 0.5\n");
  std::setlocale(LC_ALL, "C");

  EXPECT_EQ(json, R"({"a":0.5})") << (german == nullptr ? "without" : "with") << " a decimal comma";
}

TEST(LoadYaml, NamesTheMissingFile) {
  try {
    (void)load_yaml("no/such.yaml");
    FAIL();
  } catch (const core::MissingInput& error) {
    EXPECT_STREQ(error.what(), "no/such.yaml does not exist; check --config and the current directory");
  }
}

TEST(LoadYaml, ReadsAFile) {
  const auto path = std::filesystem::path(testing::TempDir()) / "graftage_load_test.yaml";
  std::ofstream(path) << "a: {b: 1}\n";

  const Node root = load_yaml(path);
  std::filesystem::remove(path);

  EXPECT_EQ(root.to_json(), R"({"a":{"b":1}})");
  EXPECT_EQ(root.find_path("a.b")->mark.file, path.string());
}

TEST(ApplySettings, SetsCreatesAndReplacesInOrder) {
  Node root = parse_yaml("train: {epochs: 3, lr: 0.1}\nencoder: gin\n", "a.yaml");

  apply_settings(root, {"train.epochs=5", "train.epochs=6", "new.section.list=[1, {a: b}]",
                        "train.lr=", "encoder.layers=4", "name=a=b"});

  EXPECT_EQ(root.to_json(), R"({"train":{"epochs":6,"lr":null},"encoder":{"kind":"gin","layers":4},)"
                            R"("new":{"section":{"list":[1,{"a":"b"}]}},"name":"a=b"})");
  EXPECT_EQ(root.find_path("train.epochs")->mark.text(), "--set train.epochs");
  EXPECT_EQ(root.find_path("new.section.list.1.a")->mark.text(), "--set new.section.list");
}

TEST(ApplySettings, FindsKeysWithDotsFirstAndListElements) {
  Node root = parse_yaml("space: {optim.lr: [1, 2], optim: {lr: 7}}\nstages: [{name: a}, {name: b}]\n", "a.yaml");

  apply_settings(root, {"space.optim.lr=[3]", "stages.1.name=c"});

  EXPECT_EQ(root.to_json(), R"({"space":{"optim.lr":[3],"optim":{"lr":7}},"stages":[{"name":"a"},{"name":"c"}]})");
}

TEST(ApplySettings, RefusesWhatCannotBeSet) {
  const auto message_of = [](const std::string& setting) -> std::string {
    Node root = parse_yaml("a: 3\nlist: [1]\n", "a.yaml");
    try {
      apply_settings(root, {setting});
    } catch (const core::Error& error) {
      return std::to_string(static_cast<int>(error.exit_code())) + " " + error.what();
    }
    return "";
  };

  EXPECT_EQ(message_of("train.epochs"), "64 --set train.epochs: expected key.path=value, as in train.epochs=20");
  EXPECT_EQ(message_of("=3").rfind("64 ", 0), 0u);
  EXPECT_EQ(message_of("a..b=3").rfind("64 ", 0), 0u);
  EXPECT_EQ(message_of("a.b=3"), "78 --set a.b: cannot set 'b' inside the single value '3'");
  EXPECT_EQ(message_of("list.5=3"), "78 --set list.5: cannot set '5' inside a list of 1 (counted from 0)");
  EXPECT_EQ(message_of("x=[1").rfind("78 --set x: not valid YAML", 0), 0u);
}

}  // namespace
}  // namespace graftage::config
