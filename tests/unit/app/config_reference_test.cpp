// docs/config_reference.md is generated from the field tables. After a change of a field:
//   GRAFTAGE_UPDATE_DOCS=1 build/release/tests/test_app --gtest_filter='ConfigReference.*'

#include "adapt/full.hpp"
#include "adapt/gpf.hpp"
#include "adapt/gpf_plus.hpp"
#include "adapt/linear_probe.hpp"
#include "app/command.hpp"
#include "graftage/adapt/method.hpp"
#include "graftage/config/reference.hpp"
#include "graftage/core/atomic_file.hpp"
#include "graftage/data/import_config.hpp"
#include "graftage/pretrain/objective.hpp"
#include "pretrain/attribute_masking.hpp"
#include "pretrain/l2p.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <utility>

namespace graftage::app {
namespace {

/// A component that a section selects by `kind`, and the keys of that section.
struct Component {
  std::string kind;
  std::vector<config::FieldInfo> fields;
};

template <class Config>
Component component(const std::string& kind) {
  return {kind, config::list_fields<Config>()};
}

std::vector<Component> objectives() {
  return {component<pretrain::AttributeMasking::Config>("attribute_masking"), component<pretrain::L2p::Config>("l2p")};
}

std::vector<Component> methods() {
  return {component<adapt::Full::Config>("full"), component<adapt::LinearProbe::Config>("linear_probe"),
          component<adapt::Gpf::Config>("gpf"), component<adapt::GpfPlus::Config>("gpf_plus")};
}

void add_components(std::string& text, const std::string& section, const std::vector<Component>& components) {
  for (const Component& each : components)
    text += "\n" + config::reference_markdown(section + ": {kind: " + each.kind + "}", each.fields);
}

std::string reference() {
  std::string text =
      "# Configuration reference\n\n"
      "Every key of every configuration file, with its default. Generated from the field tables of the program by\n"
      "`tests/unit/app/config_reference_test.cpp`; `graftage COMMAND --help` prints the same. A key that is not listed "
      "is\n"
      "refused with its place and the nearest name. On the command line: `--set train.epochs=2`.\n";
  for (const Command& command : commands()) {
    if (command.fields == nullptr) continue;
    text += "\n" + config::reference_markdown("graftage " + command.name, command.fields());
    if (command.name == "import")
      text +=
          "\n" + config::reference_markdown("sources: an entry of the list", config::list_fields<data::SourceConfig>());
    if (command.name == "pretrain") add_components(text, "objective", objectives());
    if (command.name == "adapt") add_components(text, "adapt", methods());
  }
  return text;
}

/// The registry knows these components with these keys and no others.
template <class Registry>
void expect_same(const Registry& registry, const std::vector<Component>& components) {
  std::vector<std::string> kinds;
  for (const Component& each : components) {
    kinds.push_back(each.kind);
    std::vector<std::string> keys{"kind"};
    for (const auto& field : each.fields) keys.push_back(field.path);
    std::vector<std::string> resolved;
    for (const auto& [key, value] : registry.resolve(config::Node::from_scalar(each.kind), "section").entries)
      resolved.push_back(key);
    EXPECT_EQ(resolved, keys) << each.kind;
  }
  EXPECT_EQ(kinds, registry.names());
}

TEST(ConfigReference, HasEveryObjectiveAndMethod) {
  expect_same(pretrain::objectives(), objectives());
  expect_same(adapt::methods(), methods());
}

TEST(ConfigReference, IsUpToDate) {
  const std::filesystem::path file = std::filesystem::path(GRAFTAGE_SOURCE_DIR) / "docs" / "config_reference.md";
  if (std::getenv("GRAFTAGE_UPDATE_DOCS") != nullptr) core::commit_text(file, reference());

  const std::string stored = core::read_text(file, "make it with GRAFTAGE_UPDATE_DOCS=1");

  EXPECT_EQ(stored, reference()) << "a field changed: run this test once with GRAFTAGE_UPDATE_DOCS=1";
}

}  // namespace
}  // namespace graftage::app
