#include "graftage/config/fields.hpp"

#include "graftage/config/load.hpp"
#include "graftage/config/reference.hpp"
#include "graftage/core/error.hpp"

#include <gtest/gtest.h>

namespace graftage::config {
namespace {

enum class Readout { Mean, Sum };
std::vector<std::string> enum_names(const Readout*) { return {"mean", "sum"}; }

struct Optimizer {
  double lr = 1e-3;
  std::int64_t steps = 100;
};
template <class V>
void visit_fields(V& visit, Optimizer& c) {
  visit("lr", c.lr, greater_than(0.0), "step size of Adam");
  visit("steps", c.steps, in_range(1, 1000), "number of steps");
}

struct RunConfig {
  std::string name;
  bool verbose = false;
  int threads = 1;
  std::uint64_t seed = 0;
  Readout readout = Readout::Mean;
  std::filesystem::path output = "runs";
  std::optional<double> dropout;
  std::vector<std::int64_t> sizes = {1, 2};
  std::map<std::string, double> weights;
  Optimizer optim;
  std::vector<Optimizer> more;
  Node free;
};
template <class V>
void visit_fields(V& visit, RunConfig& c) {
  visit("name", c.name, Constraint{.minimum = 1, .maximum = 8, .required = true}, "name of the run");
  visit("verbose", c.verbose, any(), "more lines");
  visit("threads", c.threads, at_least(1), "threads per rank");
  visit("seed", c.seed, any(), "root seed");
  visit("readout", c.readout, any(), "how nodes become a graph");
  visit("output", c.output, any(), "where results go");
  visit("dropout", c.dropout, in_range(0, 1), "empty: none");
  visit("sizes", c.sizes, at_least(0), "layer sizes");
  visit("weights", c.weights, any(), "weight per task");
  visit("optim", c.optim, any(), "the optimizer");
  visit("more", c.more, any(), "further optimizers");
  visit("free", c.free, any(), "kept as it is | for others");
}

RunConfig read_run(const std::string& yaml) { return read<RunConfig>(parse_yaml(yaml, "r.yaml")); }

std::string refusal(const std::string& yaml) {
  try {
    (void)read_run(yaml);
  } catch (const core::ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(Fields, ReadsEveryType) {
  const RunConfig run = read_run(R"(name: 5
verbose: Yes
threads: 2e0
seed: 9007199254740993
readout: sum
output: /tmp/x
dropout: .5
sizes: [3, 0]
weights: {a: 1, b: -2.5}
optim: {lr: 1e-2}
more: [{steps: 7}, {}]
free: {any: [thing]}
)");

  EXPECT_EQ(run.name, "5");
  EXPECT_TRUE(run.verbose);
  EXPECT_EQ(run.threads, 2);
  EXPECT_EQ(run.seed, 9007199254740993u);
  EXPECT_EQ(run.readout, Readout::Sum);
  EXPECT_EQ(run.output, "/tmp/x");
  EXPECT_EQ(run.dropout, 0.5);
  EXPECT_EQ(run.sizes, (std::vector<std::int64_t>{3, 0}));
  EXPECT_EQ(run.weights, (std::map<std::string, double>{{"a", 1.0}, {"b", -2.5}}));
  EXPECT_EQ(run.optim.lr, 1e-2);
  EXPECT_EQ(run.optim.steps, 100);
  ASSERT_EQ(run.more.size(), 2u);
  EXPECT_EQ(run.more[0].steps, 7);
  EXPECT_EQ(run.free.to_json(), R"({"any":["thing"]})");
}

TEST(Fields, AbsentKeysKeepDefaultsAndAnEmptySectionIsOne) {
  const RunConfig run = read_run("name: a\noptim:\ndropout: null\n");

  EXPECT_EQ(run.threads, 1);
  EXPECT_EQ(run.optim.lr, 1e-3);
  EXPECT_FALSE(run.dropout.has_value());
  EXPECT_EQ(run.sizes.size(), 2u);
}

TEST(Fields, UnknownKeyNamesPlaceNearestAndAllowed) {
  EXPECT_EQ(refusal("name: a\noptim:\n  step: 3\n"),
            "r.yaml:3:3: optim.step: unknown key (did you mean 'steps'?); allowed here: lr, steps");
  EXPECT_EQ(refusal("name: a\nmore: [{}, {lrr: 1}]\n"),
            "r.yaml:2:13: more[1].lrr: unknown key (did you mean 'lr'?); allowed here: lr, steps");
  EXPECT_EQ(refusal("name: a\nzzz: 1\n").rfind("r.yaml:2:1: zzz: unknown key; allowed here: name, verbose", 0), 0u);
}

TEST(Fields, WrongTypesAreNamed) {
  EXPECT_EQ(refusal("name: a\nthreads: many\n"), "r.yaml:2:10: threads: expected an integer (digits only), got 'many'");
  EXPECT_EQ(refusal("name: a\nthreads: '2'\n"), "r.yaml:2:10: threads: expected an integer, got the text '2'");
  EXPECT_NE(refusal("name: a\nthreads: 1.5\n").find("expected an integer"), std::string::npos);
  EXPECT_NE(refusal("name: a\nthreads: 1_000\n").find("expected an integer"), std::string::npos);
  EXPECT_NE(refusal("name: a\nthreads: 3000000000\n").find("must be in [-2147483648, 2147483647]"), std::string::npos);
  EXPECT_NE(refusal("name: a\nthreads: 1e300\n").find("too large"), std::string::npos);
  EXPECT_NE(refusal("name: a\nseed: -1\n").find("must be in [0, 18446744073709551615]"), std::string::npos);
  EXPECT_NE(refusal("name: a\nverbose: 1\n").find("expected true or false, got '1'"), std::string::npos);
  for (const char* const value : {".inf", "nan", "-.INF", "inf"})
    EXPECT_NE(refusal(std::string("name: a\noptim: {lr: ") + value + "}\n").find("expected a finite number"),
              std::string::npos);
  EXPECT_NE(refusal("name: a\noptim: {lr: 1e400}\n").find("that fits a double"), std::string::npos);
  EXPECT_NE(refusal("name: a\noptim: {lr: '0.1'}\n").find("expected a number"), std::string::npos);
  EXPECT_EQ(refusal("name: a\noptim: 3\n"), "r.yaml:2:8: optim: expected a section with 'key: value' lines, got '3'");
  EXPECT_NE(refusal("name: a\nsizes: 3\n").find("expected a list"), std::string::npos);
  EXPECT_NE(refusal("name: a\nsizes: [1, x]\n").find("sizes[1]: expected an integer"), std::string::npos);
  EXPECT_NE(refusal("name: [a]\n").find("expected a text, got a list"), std::string::npos);
  EXPECT_EQ(refusal("3").rfind("r.yaml:1:1: expected a section", 0), 0u);
  EXPECT_EQ(refusal("name: a\nreadout: summ\n"),
            "r.yaml:2:10: readout: unknown value 'summ' (did you mean 'sum'?); one of mean, sum");
}

TEST(Fields, BoundsAndRequiredKeysAreChecked) {
  EXPECT_EQ(refusal("name: a\noptim: {lr: 0}\n"), "r.yaml:2:13: optim.lr: '0' must be > 0");
  EXPECT_EQ(refusal("name: a\noptim: {steps: 1001}\n"), "r.yaml:2:16: optim.steps: '1001' must be in [1, 1000]");
  EXPECT_EQ(refusal("name: a\ndropout: -0.1\n"), "r.yaml:2:10: dropout: '-0.1' must be in [0, 1]");
  EXPECT_EQ(refusal("name: a\nsizes: [1, -1]\n"), "r.yaml:2:12: sizes[1]: '-1' must be >= 0");
  EXPECT_EQ(refusal("name: longer than that\n"),
            "r.yaml:1:7: name: the length of 'longer than that' must be in [1, 8]");
  EXPECT_EQ(refusal("verbose: true\n"),
            "r.yaml:1:1: name: this key is required: name of the run; the keys here are verbose");
  EXPECT_EQ(refusal("verbose: true\nnmae: a\n"),
            "r.yaml:1:1: name: this key is required: name of the run (is 'nmae' meant as this?)");
  EXPECT_EQ(refusal(""), "r.yaml:1:1: name: this key is required: name of the run");
}

TEST(Fields, ErrorsOfSettingsNameTheSetting) {
  Node root = parse_yaml("name: a\n", "r.yaml");
  apply_settings(root, {"optim.step=5"});

  try {
    (void)read<RunConfig>(root);
    FAIL();
  } catch (const core::ConfigError& error) {
    EXPECT_EQ(error.where(), "--set optim.step");
  }
}

TEST(Fields, DumpReadsBackAsTheSame) {
  RunConfig run =
      read_run("name: '5'\nseed: 7\ndropout: 0.1\nweights: {a.b: 1}\nmore: [{lr: 3}]\noutput: 'a b'\nfree: [1, x]\n");

  const Node dumped = dump(run);
  const Node again = dump(read<RunConfig>(parse_yaml(dumped.to_yaml(), "d.yaml")));

  EXPECT_EQ(again.to_json(), dumped.to_json());
  EXPECT_EQ(dumped.to_json(),
            R"({"name":"5","verbose":false,"threads":1,"seed":7,"readout":"mean","output":"a b","dropout":0.1,)"
            R"("sizes":[1,2],"weights":{"a.b":1},"optim":{"lr":0.001,"steps":100},"more":[{"lr":3,"steps":100}],)"
            R"("free":[1,"x"]})");
}

TEST(Fields, ListsFieldsForTheReference) {
  const auto fields = list_fields<RunConfig>("run");
  std::map<std::string, FieldInfo> by_path;
  for (const auto& field : fields) by_path[field.path] = field;

  EXPECT_EQ(by_path.at("run.optim.lr").type, "number");
  EXPECT_EQ(by_path.at("run.optim.lr").default_value, "0.001");
  EXPECT_EQ(by_path.at("run.optim.lr").constraint, "> 0");
  EXPECT_EQ(by_path.at("run.name").constraint, "required, in [1, 8]");
  EXPECT_EQ(by_path.at("run.readout").type, "one of mean sum");
  EXPECT_EQ(by_path.at("run.dropout").default_value, "");
  EXPECT_EQ(by_path.at("run.optim").type, "section");
  EXPECT_EQ(by_path.at("run.sizes").type, "list");
}

TEST(Reference, IsOneTableRowPerField) {
  const std::string text = reference_markdown("Run", list_fields<RunConfig>());

  EXPECT_EQ(text.rfind("## Run\n\n| key | type | default | allowed | meaning |\n|---|---|---|---|---|\n", 0), 0u);
  EXPECT_NE(text.find("| `optim.steps` | integer | `100` | in [1, 1000] | number of steps |\n"), std::string::npos);
  EXPECT_NE(text.find("kept as it is \\| for others |\n"), std::string::npos);
  EXPECT_EQ(reference_markdown("None", {}), "## None\n\nNo fields.\n");
}

}  // namespace
}  // namespace graftage::config
