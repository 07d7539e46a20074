#include "app/command.hpp"
#include "graftage/core/build_info.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/text.hpp"
#include "graftage/train/numerics.hpp"

#include <boost/program_options.hpp>

#include <algorithm>
#include <iostream>

namespace graftage::app {

namespace po = boost::program_options;

namespace {

constexpr std::size_t kHelpWidth = 80;
constexpr std::size_t kHelpColumn = 26;  ///< where meanings start

void print_overview() {
  std::cout << "graftage: pretrain graph neural networks on MPI ranks and find out what the pretraining is worth\n\n"
               "usage: graftage COMMAND [options]\n\ncommands\n";
  for (const Command& command : commands()) {
    std::string name = command.name;
    name.resize(10, ' ');
    std::cout << "  " << name << command.summary << '\n';
  }
  std::cout << "\n  graftage COMMAND --help   what it does, an example, and every key of its configuration\n"
               "  graftage --version        versions of graftage and of the libraries it runs on\n\n"
               "A whole study in one command:\n"
               "  graftage study configs/studies/quickstart.yaml\n";
}

void print_version() {
  const auto& build = core::build_info();
  std::cout << "graftage " << build.version << " (" << build.git_revision << ", " << build.compiler << ", "
            << build.build_type << ")\n";
  for (const auto& [library, version] : build.libraries) std::cout << "  " << library << ' ' << version << '\n';
  std::cout << "  " << train::reproducibility_class() << '\n';
}

/// "train.epochs", then meaning, values and [default], wrapped to the help's width.
void print_field(const config::FieldInfo& field) {
  std::string line = "  " + field.path;
  std::string text = field.description;
  if (field.type.rfind("one of", 0) == 0) text += " (" + field.type.substr(7) + ")";
  if (!field.constraint.empty()) text += " (" + field.constraint + ")";
  if (!field.default_value.empty() && field.default_value != "\"\"" && field.default_value != "null")
    text += " [" + field.default_value + "]";
  for (const std::string& word : core::split(text, ' ')) {
    const bool is_first = line.size() < kHelpColumn;
    if (!is_first && line.size() + 1 + word.size() > kHelpWidth) {
      std::cout << line << '\n';
      line.clear();
    }
    line.resize(std::max(line.size() + (is_first ? 0 : 1), kHelpColumn), ' ');
    line += word;
  }
  std::cout << line << '\n';
}

po::options_description options_of(const Command& command) {
  po::options_description options("options", kHelpWidth);
  if (command.takes_config) {
    options.add_options()("config", po::value<std::string>()->value_name("FILE"), "configuration, YAML")(
        "set", po::value<std::vector<std::string>>()->composing()->value_name("KEY=VALUE"),
        "change one key, e.g. --set train.epochs=2; repeatable")("output", po::value<std::string>()->value_name("DIR"),
                                                                 "same as --set output=DIR")(
        "dry-run", "check everything, print the resolved configuration, run nothing");
  }
  options.add_options()("help", "this text");
  return options;
}

void print_help(const Command& command) {
  std::cout << "graftage " << command.name << ": " << command.summary << "\n\nusage: graftage " << command.name
            << (command.positional.empty() ? "" : " " + command.positional)
            << (command.takes_config ? " [--config FILE] [--set KEY=VALUE]..." : "") << "\n\n"
            << command.description << '\n'
            << options_of(command);
  if (command.fields == nullptr) return;
  std::cout << "\nkeys of the configuration [default]\n";
  for (const auto& field : command.fields()) print_field(field);
  if (command.choices == nullptr) return;
  std::cout << '\n';
  for (const auto& field : command.choices()) print_field(field);
}

/// Nothing if help was asked for.
std::optional<Invocation> parse(const Command& command, const std::vector<std::string>& argv) {
  po::options_description all = options_of(command);
  all.add_options()("positional", po::value<std::vector<std::string>>(), "");
  po::positional_options_description positional;
  positional.add("positional", -1);
  po::variables_map values;
  try {
    const std::vector<std::string> rest(argv.begin() + 2, argv.end());
    using Style = po::command_line_style::style_t;
    const int style = Style::unix_style & ~Style::allow_guessing;
    po::store(po::command_line_parser(rest).options(all).positional(positional).style(style).run(), values);
  } catch (const po::unknown_option& error) {
    std::vector<std::string> known;
    const auto own = options_of(command);
    for (const auto& option : own.options()) known.push_back("--" + option->long_name());
    throw core::UsageError("unknown option '" + error.get_option_name() + "'" +
                           core::did_you_mean(error.get_option_name(), known) + "; see graftage " + command.name +
                           " --help");
  } catch (const po::error& error) {
    throw core::UsageError(std::string(error.what()) + "; see graftage " + command.name + " --help");
  }
  if (values.count("help") != 0) return std::nullopt;
  Invocation result;
  result.executable = std::filesystem::read_symlink("/proc/self/exe");
  if (values.count("positional") != 0) result.arguments = values["positional"].as<std::vector<std::string>>();
  if (values.count("config") != 0) result.config = values["config"].as<std::string>();
  if (values.count("set") != 0) result.settings = values["set"].as<std::vector<std::string>>();
  if (values.count("output") != 0) result.output = values["output"].as<std::string>();
  result.dry_run = values.count("dry-run") != 0;
  if (command.positional.empty() && !result.arguments.empty())
    throw core::UsageError("unexpected argument '" + result.arguments.front() +
                           "'; a configuration is given with --config FILE");
  return result;
}

}  // namespace

int dispatch(const std::vector<std::string>& argv) {
  if (argv.size() < 2) {
    print_overview();
    throw core::UsageError("no command given");
  }
  const std::string& name = argv[1];
  if (name == "--help" || name == "-h" || name == "help") {
    print_overview();
    return 0;
  }
  if (name == "--version") {
    print_version();
    return 0;
  }
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    names.push_back(command.name);
    if (command.name != name) continue;
    if (const auto invocation = parse(command, argv)) return command.run(*invocation);
    print_help(command);
    return 0;
  }
  throw core::UsageError("unknown command '" + name + "'" + core::did_you_mean(name, names) + "; see graftage --help");
}

}  // namespace graftage::app
