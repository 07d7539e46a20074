#include "report/columns.hpp"

#include <nlohmann/json.hpp>

namespace graftage::report {

namespace {

std::string fact(const std::map<std::string, std::string>& facts, const std::string& name) {
  const auto value = facts.find(name);
  return value == facts.end() ? "" : value->second;
}

/// Makes columns from rows of one type.
template <class Row>
class Table {
 public:
  explicit Table(const std::vector<Row>& rows) : rows_(rows) {}
  template <class F>
  Table& text(const std::string& name, F value) {
    h5::Column column{.name = name, .kind = h5::ColumnKind::Text};
    for (const Row& row : rows_) column.text.push_back(value(row));
    columns.push_back(std::move(column));
    return *this;
  }
  template <class F>
  Table& integer(const std::string& name, F value) {
    h5::Column column{.name = name, .kind = h5::ColumnKind::Integer};
    for (const Row& row : rows_) column.integers.push_back(static_cast<std::int64_t>(value(row)));
    columns.push_back(std::move(column));
    return *this;
  }
  template <class F>
  Table& number(const std::string& name, F value) {
    h5::Column column{.name = name, .kind = h5::ColumnKind::Number};
    for (const Row& row : rows_) column.numbers.push_back(value(row));
    columns.push_back(std::move(column));
    return *this;
  }
  Columns columns;

 private:
  const std::vector<Row>& rows_;
};

}  // namespace

std::string json_object(const std::map<std::string, std::string>& values) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (const auto& [name, value] : values) object[name] = nlohmann::ordered_json::parse(value);
  return object.dump();
}

Columns member_columns(const Report& report) {
  std::map<std::string, const Cell*> cells;
  for (const Cell& cell : report.cells) cells[cell.id] = &cell;
  const auto label = [&](const sweep::TrialResult& member, const char* name) {
    return fact(cells.at(member.trial.cell)->facts, name);
  };
  using Member = sweep::TrialResult;
  Table<Member> table(report.members);
  table.text("id", [](const Member& m) { return m.trial.id; })
      .text("cell", [](const Member& m) { return m.trial.cell; })
      .text("setting", [](const Member& m) { return m.trial.setting; })
      .integer("seed", [](const Member& m) { return m.trial.seed; })
      .text("status", [](const Member& m) { return sweep::status_name(m.status); })
      .integer("exit_code", [](const Member& m) { return m.exit_code; })
      .text("reason", [](const Member& m) { return m.reason; })
      .text("task", [&](const Member& m) { return label(m, "task"); })
      .text("encoder", [&](const Member& m) { return label(m, "encoder"); })
      .text("method", [&](const Member& m) { return label(m, "method"); })
      .text("parameters", [](const Member& m) { return json_object(m.trial.parameters); })
      .text("config", [](const Member& m) { return m.trial.config.to_json(); });
  return std::move(table.columns);
}

Columns final_columns(const Report& report) {
  Table<Cell> table(report.cells);
  table.text("id", [](const Cell& c) { return c.id; });
  for (const char* name : {"task", "task_origin", "encoder", "method", "protocol"})
    table.text(name, [name](const Cell& c) { return fact(c.facts, name); });
  table.text("metric", [&](const Cell&) { return report.metric; })
      .text("setting", [](const Cell& c) { return json_object(c.setting); })
      .integer("num_settings", [](const Cell& c) { return c.num_settings; })
      .integer("planned_seeds", [](const Cell& c) { return c.seeds.size(); })
      .integer("n", [](const Cell& c) { return c.test_summary.n; })
      .integer("planned_trials", [](const Cell& c) { return c.planned; })
      .integer("failures", [](const Cell& c) { return c.failures; })
      .integer("epoch", [](const Cell& c) { return c.epoch; })
      .integer("epochs", [](const Cell& c) { return c.epochs; })
      .integer("pretrain_seed", [](const Cell& c) { return c.pretrain_seed; })
      .number("test_mean", [](const Cell& c) { return c.test_summary.mean; })
      .number("test_std", [](const Cell& c) { return c.test_summary.standard_deviation; })
      .number("valid_mean", [](const Cell& c) { return c.valid_summary.mean; })
      .number("valid_std", [](const Cell& c) { return c.valid_summary.standard_deviation; })
      .number("test_best_validation_mean", [](const Cell& c) { return c.best_validation_summary.mean; })
      .number("test_best_validation_std", [](const Cell& c) { return c.best_validation_summary.standard_deviation; })
      .number("test_last_mean", [](const Cell& c) { return c.last_summary.mean; })
      .number("test_last_std", [](const Cell& c) { return c.last_summary.standard_deviation; })
      .number("encoder_parameters", [](const Cell& c) { return c.encoder_parameters; })
      .number("prompt_parameters", [](const Cell& c) { return c.prompt_parameters; })
      .number("head_parameters", [](const Cell& c) { return c.head_parameters; });
  return std::move(table.columns);
}

Columns replicate_columns(const Report& report) {
  struct Replicate {
    const Cell* cell;
    std::size_t seed;
  };
  std::vector<Replicate> rows;
  for (const Cell& cell : report.cells)
    for (std::size_t i = 0; i < cell.seeds.size(); ++i) rows.push_back({&cell, i});
  Table<Replicate> table(rows);
  table.text("cell", [](const Replicate& r) { return r.cell->id; })
      .integer("seed", [](const Replicate& r) { return r.cell->seeds[r.seed]; })
      .number("valid", [](const Replicate& r) { return r.cell->valid[r.seed]; })
      .number("test", [](const Replicate& r) { return r.cell->test[r.seed]; })
      .number("test_best_validation", [](const Replicate& r) { return r.cell->test_best_validation[r.seed]; })
      .number("test_last", [](const Replicate& r) { return r.cell->test_last[r.seed]; });
  return std::move(table.columns);
}

Columns difference_columns(const Report& report, Baseline baseline) {
  const auto difference = [baseline](const Cell& c) -> const PairedDifference& { return difference_of(c, baseline); };
  Table<Cell> table(report.cells);
  table.text("cell", [](const Cell& c) { return c.id; });
  for (const char* name : {"task", "encoder", "method"})
    table.text(name, [name](const Cell& c) { return fact(c.facts, name); });
  table.integer("n", [&](const Cell& c) { return difference(c).n; })
      .number("mean", [&](const Cell& c) { return difference(c).mean; })
      .number("low", [&](const Cell& c) { return difference(c).low; })
      .number("high", [&](const Cell& c) { return difference(c).high; })
      .number("p_t", [&](const Cell& c) { return difference(c).p_t; })
      .number("p_t_holm", [&](const Cell& c) { return adjusted_p_of(c, baseline); })
      .number("p_wilcoxon", [&](const Cell& c) { return difference(c).p_wilcoxon; })
      .integer("significant",
               [&](const Cell& c) { return is_significant(difference(c), adjusted_p_of(c, baseline)) ? 1 : 0; });
  return std::move(table.columns);
}

}  // namespace graftage::report
