#include "graftage/config/load.hpp"

#include "graftage/core/atomic_file.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

namespace graftage::config {

namespace {

using core::ConfigError;

constexpr std::size_t kLargestDocument = std::size_t{1} << 20;
constexpr std::size_t kDeepestNesting = 64;
constexpr std::size_t kMostNodes = 200'000;  // aliases expanded: bounds what "billion laughs" documents cost

std::size_t count_nodes(const Node& node) {
  std::size_t count = 1;
  for (const Node& item : node.items) count += count_nodes(item);
  for (const auto& entry : node.entries) count += count_nodes(entry.second);
  return count;
}

std::size_t depth_of(const Node& node) {
  std::size_t below = 0;
  for (const Node& item : node.items) below = std::max(below, depth_of(item));
  for (const auto& entry : node.entries) below = std::max(below, depth_of(entry.second));
  return node.items.empty() && node.entries.empty() ? 0 : below + 1;
}

/// Builds the tree from yaml-cpp's events; limits hold while the text is being read, not afterwards.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const std::string& name) : name_(name) { root_.mark = {name, 1, 1}; }
  Node take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& at) override {
    if (++num_documents_ > 1) fail(at, "a second document starts here ('---'); one is allowed");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& at, YAML::anchor_t anchor) override {
    Node node;
    node.mark = mark(at);
    add(at, std::move(node), anchor);
  }

  void OnScalar(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor, const std::string& text) override {
    check_tag(at, tag);
    add(at, Node::from_scalar(text, mark(at), tag == "!" || tag == "tag:yaml.org,2002:str"), anchor);
  }

  void OnAlias(const YAML::Mark& at, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) fail(at, "an alias inside the value that it stands for");
    Node copy = found->second;
    if (stack_.size() + depth_of(copy) > kDeepestNesting) too_deep(at);
    num_nodes_ += count_nodes(copy);
    add(at, std::move(copy), 0);
  }

  void OnSequenceStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(at, tag, anchor, Node::Kind::Sequence);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(at, tag, anchor, Node::Kind::Mapping);
  }
  void OnMapEnd() override {
    Frame& frame = stack_.back();
    for (const Node& source : frame.merged)  // what stands here, and what was merged first, wins
      for (const auto& [key, value] : source.entries)
        if (frame.keys.insert(key).second) frame.node.entries.emplace_back(key, value);
    close();
  }

 private:
  struct Frame {
    Node node;
    YAML::Mark at;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    bool is_merge = false;  ///< the key is a plain <<
    std::string key;
    Mark key_mark;
    std::set<std::string> keys;
    std::vector<Node> merged;
  };

  [[nodiscard]] Mark mark(const YAML::Mark& at) const { return {name_, at.line + 1, at.column + 1}; }
  [[noreturn]] void fail(const YAML::Mark& at, const std::string& message) const {
    throw ConfigError(mark(at).text(), message);
  }
  [[noreturn]] void too_deep(const YAML::Mark& at) const { fail(at, "nested deeper than 64 levels"); }

  void check_tag(const YAML::Mark& at, const std::string& tag) const {
    constexpr std::string_view kStandard = "tag:yaml.org,2002:";
    static const std::set<std::string, std::less<>> known{"str", "int", "float", "bool", "seq", "map"};
    if (tag.empty() || tag == "?" || tag == "!") return;
    if (!tag.starts_with(kStandard) || !known.contains(tag.substr(kStandard.size())))
      fail(at, "the tag '" + core::printable(tag) + "' has no meaning here; remove it");
  }

  void open(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
    check_tag(at, tag);
    if (stack_.size() >= kDeepestNesting) too_deep(at);
    Frame frame;
    frame.node.kind = kind;
    frame.node.mark = mark(at);
    frame.at = at;
    frame.anchor = anchor;
    stack_.push_back(std::move(frame));
  }

  void close() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    add(frame.at, std::move(frame.node), frame.anchor);
  }

  void add(const YAML::Mark& at, Node node, YAML::anchor_t anchor) {
    if (++num_nodes_ > kMostNodes) fail(at, "more than 200000 values, counting what aliases repeat");
    if (anchor != 0) {
      num_nodes_ += count_nodes(node);
      anchors_[anchor] = node;
    }
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = stack_.back();
    if (frame.node.kind == Node::Kind::Sequence)
      frame.node.items.push_back(std::move(node));
    else if (!frame.has_key)
      take_key(at, frame, node);
    else
      take_value(at, frame, std::move(node));
  }

  void take_key(const YAML::Mark& at, Frame& frame, const Node& node) const {
    if (node.kind != Node::Kind::Scalar || node.scalar.empty()) fail(at, "a key must be a word");
    frame.has_key = true;
    frame.is_merge = node.scalar == "<<" && !node.quoted;
    frame.key = node.scalar;
    frame.key_mark = mark(at);
    if (!frame.is_merge && !frame.keys.insert(frame.key).second)
      fail(at, "the key '" + core::printable(frame.key) + "' stands here a second time");
  }

  void take_value(const YAML::Mark& at, Frame& frame, Node node) const {
    frame.has_key = false;
    node.key_mark = frame.key_mark;
    if (!frame.is_merge) {
      frame.node.entries.emplace_back(std::move(frame.key), std::move(node));
      return;
    }
    std::vector<Node> sources = std::move(node.items);
    if (node.kind != Node::Kind::Sequence) sources.push_back(std::move(node));
    for (Node& source : sources) {
      if (source.kind != Node::Kind::Mapping) fail(at, "'<<' merges a section or a list of sections");
      frame.merged.push_back(std::move(source));
    }
  }

  std::string name_;
  Node root_;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, Node> anchors_;
  std::size_t num_nodes_ = 0;
  int num_documents_ = 0;
};

/// Bytes of the UTF-8 character that starts at `at`, or 0 if none does.
std::size_t character_length(const std::string& text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned first = byte(at);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(at + i) & 0xc0) != 0x80) return 0;
  const unsigned second = byte(at + 1);
  const bool is_overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool is_no_character = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
  return is_overlong || is_no_character ? 0 : length;
}

/// yaml-cpp's words for a tab in the indentation do not say so.
std::string tab_hint(const std::string& text) {
  int line = 0;
  for (const std::string& content : core::split(text, '\n')) {
    ++line;
    const std::size_t indentation = std::min(content.find_first_not_of(" \t"), content.size());
    if (content.substr(0, indentation).find('\t') != std::string::npos)
      return "; line " + std::to_string(line) + " is indented with a tab, use spaces";
  }
  return "";
}

void check_text(const std::string& text, const std::string& name) {
  if (text.size() > kLargestDocument)
    throw ConfigError(name, "larger than 1 MiB (" + std::to_string(text.size()) + " bytes)");
  Mark mark{name, 1, 1};
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    const auto byte = static_cast<unsigned char>(c);
    const std::size_t length = character_length(text, at);
    if (length == 0)
      throw ConfigError(mark.text(), "byte " + std::to_string(byte) + " is not UTF-8; save the file as UTF-8");
    at += length;
    if ((byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7f)
      throw ConfigError(mark.text(), "a control character (byte " + std::to_string(byte) + "); is this a text file?");
    ++mark.column;
    if (c == '\n') {
      ++mark.line;
      mark.column = 1;
    }
  }
}

/// Gives every value of a --set the place it came from.
void mark_all(Node& node, const Mark& mark) {
  node.mark = mark;
  node.key_mark = mark;
  for (Node& item : node.items) mark_all(item, mark);
  for (auto& entry : node.entries) mark_all(entry.second, mark);
}

}  // namespace

Node parse_yaml(const std::string& text, const std::string& name) {
  check_text(text, name);
  TreeBuilder builder(name);
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    const Mark mark{name, error.mark.line + 1, error.mark.column + 1};
    throw ConfigError(mark.text(), "not valid YAML: " + core::printable(error.msg) + tab_hint(text));
  }
  return builder.take_root();
}

Node load_yaml(const std::filesystem::path& path) {
  return parse_yaml(core::read_text(path, "check --config and the current directory"), path.string());
}

void apply_settings(Node& document, const std::vector<std::string>& settings) {
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    const std::string path(core::trim(setting.substr(0, equals)));
    const auto segments = core::split(path, '.');
    const bool has_empty_segment = std::find(segments.begin(), segments.end(), "") != segments.end();
    if (equals == std::string::npos || has_empty_segment)
      throw core::UsageError("--set " + core::printable(setting) + ": expected key.path=value, as in train.epochs=20");
    const Mark mark{"--set " + path, 0, 0};
    Node value;
    try {
      value = parse_yaml(setting.substr(equals + 1), mark.file);
      mark_all(value, mark);
      document.at_path(path) = std::move(value);
    } catch (const ConfigError& error) {
      const std::string message = error.what();
      throw ConfigError(mark.text(), message.substr(error.where().empty() ? 0 : error.where().size() + 2));
    }
  }
}

}  // namespace graftage::config
