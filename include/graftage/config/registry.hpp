#pragma once

#include "graftage/config/fields.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace graftage::config {

/// Table from a component's name to its constructor; the section `{kind: name, <fields of its Config>}` selects one.
///
/// `Interface` is constructed from (Component::Config, Context&). The table is filled in one function, never by
/// static objects. @tparam Context what every component of the family is given beside its own configuration
template <class Interface, class Context>
class Registry {
 public:
  explicit Registry(std::string family) : family_(std::move(family)) {}

  /// @pre name is not taken
  template <class Component>
  Registry& add(const std::string& name) {
    GRAFTAGE_CHECK(find(name) == nullptr, family_, name);
    entries_.push_back({name,
                        [](const Node& section, const std::string& path, Context& context) {
                          auto config = config::read<typename Component::Config>(without_kind(section), path);
                          return std::unique_ptr<Interface>(std::make_unique<Component>(config, context));
                        },
                        [](const Node& section, const std::string& path) {
                          Node resolved =
                              config::dump(config::read<typename Component::Config>(without_kind(section), path));
                          return resolved;
                        }});
    return *this;
  }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& entry : entries_) result.push_back(entry.name);
    return result;
  }

  /// Section with every field spelled out, `kind` first; checks it without constructing. @throws ConfigError
  [[nodiscard]] Node resolve(const Node& section, const std::string& path) const {
    const Entry& entry = select(section, path);
    Node resolved = entry.resolve(section, path);
    resolved.entries.insert(resolved.entries.begin(), {"kind", Node::from_scalar(entry.name, {}, true)});
    return resolved;
  }

  /// @throws ConfigError for a missing or unknown kind, with the nearest name
  [[nodiscard]] std::unique_ptr<Interface> create(const Node& section, const std::string& path,
                                                  Context& context) const {
    return select(section, path).create(section, path, context);
  }

 private:
  struct Entry {
    std::string name;
    std::function<std::unique_ptr<Interface>(const Node&, const std::string&, Context&)> create;
    std::function<Node(const Node&, const std::string&)> resolve;
  };
  static Node without_kind(const Node& section) {
    Node rest = section;
    rest.kind = Node::Kind::Mapping;
    std::erase_if(rest.entries, [](const auto& entry) { return entry.first == "kind"; });
    return rest;
  }
  [[nodiscard]] const Entry* find(const std::string& name) const {
    for (const auto& entry : entries_)
      if (entry.name == name) return &entry;
    return nullptr;
  }
  [[nodiscard]] const Entry& select(const Node& section, const std::string& path) const {
    const Node* kind = section.kind == Node::Kind::Scalar ? &section : section.find("kind");
    if (kind == nullptr || kind->kind != Node::Kind::Scalar)
      throw core::ConfigError(section.mark.text(), path + ": needs 'kind', one of " + core::join(names(), ", "));
    if (const Entry* entry = find(kind->scalar)) return *entry;
    throw core::ConfigError(kind->mark.text(), path + ": unknown " + family_ + " '" + core::printable(kind->scalar) +
                                                   "'" + core::did_you_mean(kind->scalar, names()) +
                                                   "; known: " + core::join(names(), ", "));
  }
  std::string family_;
  std::vector<Entry> entries_;
};

}  // namespace graftage::config
