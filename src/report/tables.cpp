#include "graftage/core/text.hpp"
#include "graftage/report/table.hpp"
#include "report/columns.hpp"
#include "report/number_format.hpp"

#include <algorithm>
#include <cmath>

namespace graftage::report {

namespace {

constexpr std::size_t kMostFailuresShown = 1000;

std::string fact(const Cell& cell, const char* name) {
  const auto value = cell.facts.find(name);
  return value == cell.facts.end() ? "" : value->second;
}

/// Distinct values in order of first appearance.
std::vector<std::string> distinct(const std::vector<Cell>& cells, const char* name) {
  std::vector<std::string> values;
  for (const Cell& cell : cells)
    if (std::find(values.begin(), values.end(), fact(cell, name)) == values.end()) values.push_back(fact(cell, name));
  return values;
}

const Cell* find_cell(const Report& report, const std::string& encoder, const std::string& method,
                      const std::string& task) {
  for (const Cell& cell : report.cells)
    if (fact(cell, "encoder") == encoder && fact(cell, "method") == method && fact(cell, "task") == task) return &cell;
  return nullptr;
}

/// "0 + 300 + 301" (encoder, prompt, head) from the cells of one row; tasks may differ in their heads.
std::string trained_parameters(const std::vector<const Cell*>& cells) {
  std::vector<std::string> texts;
  for (const Cell* cell : cells) {
    if (cell == nullptr || std::isnan(cell->head_parameters)) continue;
    const std::string text = compact_count(cell->encoder_parameters) + " + " + compact_count(cell->prompt_parameters) +
                             " + " + compact_count(cell->head_parameters);
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(text);
  }
  return core::join(texts, " | ");
}

std::string joined_seeds(const std::vector<std::int64_t>& seeds) {
  std::vector<std::string> texts;
  for (const auto seed : seeds) texts.push_back(std::to_string(seed));
  return core::join(texts, ", ");
}

/// "measured" and "computed" labels of tasks, in the header of their columns.
std::string task_header(const Report& report, const std::string& task) {
  for (const Cell& cell : report.cells)
    if (fact(cell, "task") == task && !fact(cell, "task_origin").empty())
      return task + "\n" + fact(cell, "task_origin");
  return task;
}

std::vector<std::string> result_notes(const Report& report) {
  std::vector<std::string> notes{
      metric_name(report.metric) + " on the test split, mean ± standard deviation (n - 1) over run seeds " +
          joined_seeds(report.seeds) +
          " given one pretraining run per encoder; a run seed sets head, prompt, order and dropout (and a random "
          "encoder's weights).",
      "Settings and epoch are chosen per cell by the mean validation value over seeds; test is read there only. n: "
      "seeds with a result; epoch: chosen / run."};
  const auto origins = distinct(report.cells, "task_origin");
  if (std::find(origins.begin(), origins.end(), "computed") != origins.end())
    notes.emplace_back("measured: labels from experiments; computed: labels derived from the structure itself.");
  for (const auto& encoder : distinct(report.cells, "encoder"))
    for (const Cell& cell : report.cells)
      if (fact(cell, "encoder") == encoder && cell.pretrain_seed >= 0) {
        notes.push_back("encoder " + encoder + ": pretraining seed " + std::to_string(cell.pretrain_seed));
        break;
      }
  notes.insert(notes.end(), report.notes.begin(), report.notes.end());
  return notes;
}

Table to_table(const Columns& columns) {
  Table table;
  const std::size_t rows =
      std::max({columns.front().text.size(), columns.front().integers.size(), columns.front().numbers.size()});
  table.rows.resize(rows);
  for (const auto& column : columns) {
    table.columns.push_back(column.name);
    for (std::size_t r = 0; r < rows; ++r) {
      if (column.kind == h5::ColumnKind::Text)
        table.rows[r].push_back(column.text[r]);
      else if (column.kind == h5::ColumnKind::Integer)
        table.rows[r].push_back(std::to_string(column.integers[r]));
      else
        table.rows[r].push_back(std::isnan(column.numbers[r]) ? "" : core::format_double(column.numbers[r]));
    }
  }
  return table;
}

}  // namespace

Table result_table(const Report& report) {
  Table table{.title = report.title, .columns = {"encoder", "method"}, .rows = {}, .notes = result_notes(report)};
  const auto tasks = distinct(report.cells, "task");
  for (const auto& task : tasks) {
    table.columns.push_back(task_header(report, task));
    table.columns.emplace_back("n");
    table.columns.emplace_back("epoch");
  }
  table.columns.insert(table.columns.end(), {"trained parameters\nenc + prompt + head", "failed"});
  for (const auto& encoder : distinct(report.cells, "encoder")) {
    for (const auto& method : distinct(report.cells, "method")) {
      std::vector<const Cell*> cells;
      for (const auto& task : tasks) cells.push_back(find_cell(report, encoder, method, task));
      if (std::all_of(cells.begin(), cells.end(), [](const Cell* cell) { return cell == nullptr; })) continue;
      std::vector<std::string> row{encoder, method};
      std::int64_t failures = 0, planned = 0;
      for (const Cell* cell : cells) {
        if (cell == nullptr) {
          row.insert(row.end(), {kAbsent, "", ""});
          continue;
        }
        row.push_back(mean_and_deviation(cell->test_summary, report.metric));
        row.push_back(std::to_string(cell->test_summary.n) +
                      (cell->test_summary.n < static_cast<std::int64_t>(cell->seeds.size())
                           ? " of " + std::to_string(cell->seeds.size())
                           : ""));
        row.push_back(cell->epoch == 0 ? kAbsent : std::to_string(cell->epoch) + "/" + std::to_string(cell->epochs));
        failures += cell->failures;
        planned += cell->planned;
      }
      row.push_back(trained_parameters(cells));
      row.push_back(failures == 0 ? "0" : std::to_string(failures) + " of " + std::to_string(planned));
      table.rows.push_back(std::move(row));
    }
  }
  return table;
}

Table difference_table(const Report& report) {
  Table table{.title = "Paired differences in " + metric_name(report.metric),
              .columns = {"task", "encoder", "method", "against the same method\non a random encoder", "n", "p",
                          "against full training\nfrom scratch", "n", "p"},
              .rows = {},
              .notes = {},
              .key_columns = 3};
  for (const Cell& cell : report.cells) {
    if (cell.against_random.n == 0 && cell.against_scratch.n == 0) continue;
    std::vector<std::string> row{fact(cell, "task"), fact(cell, "encoder"), fact(cell, "method")};
    for (const auto baseline : {Baseline::Random, Baseline::Scratch}) {
      const PairedDifference& difference = difference_of(cell, baseline);
      row.push_back(difference_with_interval(difference, report.metric));
      row.push_back(difference.n == 0 ? kAbsent : std::to_string(difference.n));
      row.push_back(p_text(difference, adjusted_p_of(cell, baseline)));
    }
    table.rows.push_back(std::move(row));
  }
  table.notes = {
      "Mean difference over n common run seeds and its 95 % t interval, each side at its own chosen setting and epoch" +
          std::string(report.goal == Goal::Minimize ? "; negative is better." : "."),
      "p: paired t test, Holm-adjusted over the rows; * below 0.05. With fewer than 6 pairs nothing is called "
      "significant and no p is shown (n<6). Exact Wilcoxon p values are in report.h5."};
  return table;
}

Table full_table(const Report& report) { return to_table(final_columns(report)); }

Table full_difference_table(const Report& report) {
  Table table;
  for (const auto& [baseline, name] : {std::pair{Baseline::Random, "random_encoder"}, {Baseline::Scratch, "scratch"}}) {
    Table part = to_table(difference_columns(report, baseline));
    table.columns = std::move(part.columns);
    for (auto& row : part.rows) {
      row.insert(row.begin(), name);
      table.rows.push_back(std::move(row));
    }
  }
  table.columns.insert(table.columns.begin(), "baseline");
  return table;
}

Table failure_table(const Report& report) {
  Table table{.title = "Failed and missing trials",
              .columns = {"trial", "task", "encoder", "method", "seed", "status", "reason"},
              .rows = {},
              .notes = {},
              .key_columns = 7};
  std::size_t more = 0;
  for (const auto& member : report.members) {
    if (member.status == sweep::TrialStatus::Done) continue;
    if (table.rows.size() == kMostFailuresShown) {
      ++more;
      continue;
    }
    const auto cell = std::find_if(report.cells.begin(), report.cells.end(),
                                   [&](const Cell& c) { return c.id == member.trial.cell; });
    table.rows.push_back({member.trial.id, fact(*cell, "task"), fact(*cell, "encoder"), fact(*cell, "method"),
                          std::to_string(member.trial.seed), sweep::status_name(member.status), member.reason});
  }
  if (more > 0) table.notes.push_back("and " + std::to_string(more) + " more; all are in report.h5 /members");
  return table;
}

Table selection_table(const Report& report) {
  Table table{.title = "Chosen on validation",
              .columns = {"task", "encoder", "method", "setting", "settings tried", "epoch", "validation", "test",
                          "test, each seed's best validation epoch", "test, last epoch"},
              .rows = {},
              .notes = {},
              .key_columns = 4};
  for (const Cell& cell : report.cells) {
    std::vector<std::string> setting;
    for (const auto& [name, value] : cell.setting) setting.push_back(name + "=" + value);
    table.rows.push_back({fact(cell, "task"), fact(cell, "encoder"), fact(cell, "method"), core::join(setting, " "),
                          std::to_string(cell.num_settings),
                          cell.epoch == 0 ? kAbsent : std::to_string(cell.epoch) + "/" + std::to_string(cell.epochs),
                          mean_and_deviation(cell.valid_summary, report.metric),
                          mean_and_deviation(cell.test_summary, report.metric),
                          mean_and_deviation(cell.best_validation_summary, report.metric),
                          mean_and_deviation(cell.last_summary, report.metric)});
  }
  return table;
}

}  // namespace graftage::report
