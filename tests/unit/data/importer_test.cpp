#include "graftage/data/importer.hpp"

#include "data/importers/molecule_reader.hpp"
#include "graftage/config/load.hpp"
#include "graftage/core/error.hpp"
#include "graftage/core/failpoint.hpp"
#include "graftage/core/stop_signal.hpp"
#include "graftage/data/corpus.hpp"
#include "graftage/h5/artifact.hpp"
#include "support/corpora.hpp"
#include "support/expect_text.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>

namespace graftage::data {
namespace {

class ImporterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!MoleculeReader::is_available()) GTEST_SKIP() << "built without RDKit";
  }

  /// Import of the committed table of 12 rows; `settings` as on the command line.
  ImportConfig config(const std::vector<std::string>& settings = {}) const {
    config::Node document = config::parse_yaml(
        "name: tiny\n"
        "sources: [{smiles: smiles, id: id}]\n"
        "labels: {columns: [active]}\n"
        "shard_rows: 16\n"
        "replace: true\n",
        "tiny.yaml");
    document.entry("output") = config::Node::from_scalar((directory_.path() / "corpus").string(), {}, true);
    document.find("sources")->items[0].entry("file") =
        config::Node::from_scalar(GRAFTAGE_TEST_DATA "/tiny_molecules.csv", {}, true);
    config::apply_settings(document, settings);
    return config::read<ImportConfig>(document);
  }

  ImportSummary import(const std::vector<std::string>& settings = {}) const {
    return run_import(config(settings), mpi::Communicator::self());
  }

  /// Message of the error that the import ends with, which must have the given exit code.
  std::string error_of(core::ExitCode code, const std::vector<std::string>& settings) const {
    try {
      (void)import(settings);
    } catch (const core::Error& error) {
      EXPECT_EQ(error.exit_code(), code) << error.what();
      return error.what();
    }
    return "nothing was thrown";
  }

  [[nodiscard]] std::shared_ptr<const Corpus> corpus() const { return Corpus::open(directory_.path() / "corpus"); }

  graftage::testing::TemporaryDirectory directory_;
};

#define EXPECT_CONTAINS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_F(ImporterTest, RowsBecomeGraphsWithLabelsAndRejectedRowsAreListed) {
  const auto summary = import();

  EXPECT_EQ(summary.rows, 12);
  EXPECT_EQ(summary.unparsable, 2);
  EXPECT_EQ(summary.unique, 8);
  EXPECT_EQ(summary.graphs, 10);
  EXPECT_EQ(summary.positives, 4);
  const auto c = corpus();
  EXPECT_EQ(c->content_sha256(), summary.content_sha256);
  EXPECT_EQ(c->labels().kind, graph::LabelKind::Binary);
  EXPECT_EQ(c->labels().origin, "measured");
  const auto graphs = c->read(core::GraphId(0), 10);
  EXPECT_EQ(graphs[1].num_nodes, 6);
  EXPECT_EQ(graphs[1].num_edges(), 12);
  EXPECT_EQ(graphs[2].label_mask[0], 0);
  EXPECT_EQ(graphs[6].label_mask[0], 0) << "'nan' is a missing label";
  EXPECT_EQ(graphs[3].node_features, (std::vector<std::uint16_t>{6, 0, 5, 1, 5, 0, 5, 0, 7, 0, 7, 0}));

  const auto index = h5::open_artifact(directory_.path() / "corpus" / "index.h5", "graftage-corpus");
  const auto rejected = index.read_table("/rejected");
  EXPECT_EQ(rejected[0].text, (std::vector<std::string>{"tiny_molecules.csv", "tiny_molecules.csv"}));
  EXPECT_EQ(rejected[1].integers, (std::vector<std::int64_t>{4, 8}));
  EXPECT_EQ(rejected[2].text, (std::vector<std::string>{"C1CC", "[NH3]->[Cu+2]"}));
  EXPECT_CONTAINS(rejected[3].text[0], "SMILES Parse Error: unclosed ring");
  const auto shard = h5::open_artifact(directory_.path() / "corpus" / "shards" / "shard-00000.h5", "graftage-shard");
  EXPECT_EQ(shard.read_text("/graph/id").at(3), "m5");
  EXPECT_EQ(shard.read_text("/graph/smiles").at(2), "OCC") << "SMILES are kept as read";
  EXPECT_EQ(shard.info("/node/feat").type, "uint8");
}

TEST_F(ImporterTest, MergedRowsFillMissingLabelsAndConflictsBecomeMissing) {
  const auto summary = import({"duplicates=merge"});

  EXPECT_EQ(summary.duplicates, 2);
  EXPECT_EQ(summary.graphs, 8);
  EXPECT_EQ(summary.label_conflicts, 1) << "benzene is 0 in row 2 and 1 in row 10";
  const auto graphs = corpus()->read(core::GraphId(0), 2);
  EXPECT_EQ(graphs[0].labels[0], 1.0F);
  EXPECT_EQ(graphs[1].label_mask[0], 0);
  EXPECT_EQ(summary.positives, 3);
}

TEST_F(ImporterTest, LabelsMayBeRealThresholdedComputedOrAllColumns) {
  (void)import({"labels.columns=[score]"});
  EXPECT_EQ(corpus()->labels().kind, graph::LabelKind::Real);
  EXPECT_EQ(corpus()->read(core::GraphId(3), 1)[0].labels[0], -1.5F);

  EXPECT_EQ(import({"labels.columns=[score]", "labels.active_at_least=1.5"}).positives, 4);
  EXPECT_EQ(corpus()->labels().kind, graph::LabelKind::Binary);

  const std::vector<std::string> two = {"labels={columns: [active, score], active_at_least: 1}"};
  EXPECT_EQ(import(two).binary_labels, 2);
  EXPECT_EQ(import(two).binary_labels, 2);  // it is there

  EXPECT_EQ(import({"labels={computed: BRENK, name: alert}"}).positives, 1);
  EXPECT_EQ(corpus()->labels(), (graph::LabelSchema{graph::LabelKind::Binary, {"alert"}, "computed"}));

  EXPECT_EQ(import({"labels={columns: ['*'], ignore: [note]}"}).binary_labels, 0);
  EXPECT_EQ(corpus()->labels().names, (std::vector<std::string>{"active", "score"}));

  EXPECT_EQ(import({"labels={}"}).binary_labels, 0);
  EXPECT_EQ(corpus()->labels().kind, graph::LabelKind::None);
  EXPECT_TRUE(corpus()->read(core::GraphId(0), 1)[0].labels.empty());
}

TEST_F(ImporterTest, ASecondTableIsJoinedById) {
  const auto table =
      graftage::testing::write_file(directory_.path() / "act.csv", "Name,Act\nm5,6.0\nm2,5.99\nm1,7\nzz,9\n");

  const auto summary = import(
      {"labels={join_file: " + table.string() + ", join_id: Name, columns: [Act], active_at_least: 6.0, name: hit}"});

  EXPECT_EQ(summary.positives, 2);
  EXPECT_EQ(corpus()->labels().names, (std::vector<std::string>{"hit"}));
  const auto graphs = corpus()->read(core::GraphId(0), 4);
  EXPECT_EQ(graphs[0].labels[0], 1.0F);
  EXPECT_EQ(graphs[1].labels[0], 0.0F);
  EXPECT_EQ(graphs[2].label_mask[0], 0);
  graftage::testing::write_file(table, "Name,Act\nm5,6.0\nm5,7\n");
  EXPECT_CONTAINS(error_of(core::ExitCode::BadData, {"labels={join_file: " + table.string() + ", join_id: Name}"}),
                  "id 'm5' occurs twice");
}

TEST_F(ImporterTest, HeaderlessFilesRowRangesAndSeveralSources) {
  const auto smi = graftage::testing::write_file(directory_.path() / "a.smi", "CCO\t1\nCCN\t2\nxyz\t3\n");
  const auto csv =
      graftage::testing::write_file(directory_.path() / "b.csv", "\"CCC\",\"w1\"\n\"CCCC\",\"w2\"\n\"C\",\"w3\"\n");

  const auto summary = import({"labels={}", "sources=[{file: " + smi.string() + "}, {file: " + csv.string() +
                                                ", header: false, smiles: '0', id: '1', first_row: 2, last_row: 2}]"});

  EXPECT_EQ(summary.rows, 4);
  EXPECT_EQ(summary.unparsable, 1);
  const auto shard = h5::open_artifact(directory_.path() / "corpus" / "shards" / "shard-00000.h5", "graftage-shard");
  EXPECT_EQ(shard.read_text("/graph/id"), (std::vector<std::string>{"1", "2", "w2"}));
  EXPECT_EQ(shard.read_text("/graph/smiles"), (std::vector<std::string>{"CCO", "CCN", "CCCC"}));
}

TEST_F(ImporterTest, MoleculesOfExcludedCorporaAreLeftOut) {
  const auto task = graftage::testing::write_file(directory_.path() / "task.smi", "C(C)O x\nCl y\n");
  const std::string task_corpus = (directory_.path() / "task").string();
  (void)import({"labels={}", "sources=[{file: " + task.string() + "}]", "output=" + task_corpus});

  const auto summary = import({"exclude=[" + task_corpus + "]", "duplicates=merge"});

  EXPECT_EQ(summary.unique, 8);
  EXPECT_EQ(summary.removed, 1) << "ethanol, written in another way";
  EXPECT_EQ(summary.graphs, 7);
}

TEST_F(ImporterTest, AnIntactCorpusOfTheSameInputsIsLeftAlone) {
  const auto first = import({"splits=[random]"});
  const auto path = directory_.path() / "corpus" / "shards" / "shard-00000.h5";
  const auto written = std::filesystem::last_write_time(path);

  const auto second = import({"splits=[random]"});

  EXPECT_FALSE(first.already_imported);
  EXPECT_TRUE(second.already_imported);
  EXPECT_EQ(second.content_sha256, first.content_sha256);
  EXPECT_EQ(second.positives, first.positives);
  EXPECT_EQ(std::filesystem::last_write_time(path), written);
  EXPECT_CONTAINS(error_of(core::ExitCode::BadData, {"splits=[random]", "expect.graphs=11"}), "expected 11, found 10");

  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  EXPECT_FALSE(import({"splits=[random]"}).already_imported) << "a truncated corpus is imported again";
  EXPECT_EQ(corpus()->content_sha256(), first.content_sha256);
}

TEST_F(ImporterTest, AnotherCorpusIsReplacedOnlyWhenAskedTo) {
  const auto first = import({"splits=[random]"});

  const std::string message = error_of(core::ExitCode::CannotCreate, {"splits=[scaffold]", "replace=false"});

  EXPECT_CONTAINS(message, "holds another corpus, tiny of 10 graphs");
  EXPECT_CONTAINS(message, "--set replace=true");
  EXPECT_EQ(corpus()->content_sha256(), first.content_sha256);
  EXPECT_FALSE(import({"splits=[scaffold]"}).already_imported);
  EXPECT_EQ(corpus()->split_names(), (std::vector<std::string>{"scaffold"}));
  const auto replaced = corpus()->content_sha256();
  EXPECT_TRUE(import({"splits=[scaffold]", "replace=false"}).already_imported)
      << "the flag is no part of what a corpus is";
  EXPECT_EQ(corpus()->content_sha256(), replaced);

  std::filesystem::resize_file(directory_.path() / "corpus" / "index.h5", 100);
  EXPECT_FALSE(import({"splits=[random]", "replace=false"}).already_imported) << "nothing is lost with a damaged one";
  EXPECT_EQ(corpus()->content_sha256(), first.content_sha256);
}

TEST_F(ImporterTest, AFailedImportLeavesTheOldCorpusAndNothingElse) {
  const auto before = import();
  core::arm_failpoints("import.commit:1:throw");

  EXPECT_CONTAINS(error_of(core::ExitCode::IoError, {"duplicates=merge"}), "import.commit");

  core::arm_failpoints("");
  EXPECT_EQ(corpus()->content_sha256(), before.content_sha256);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_.path()), {}), 1);
  const std::string wrong = error_of(core::ExitCode::BadData, {"duplicates=merge", "expect.unique=9"});
  EXPECT_CONTAINS(wrong, "[expect.unique]: expected 9, found 8");
  EXPECT_EQ(corpus()->content_sha256(), before.content_sha256);
}

TEST_F(ImporterTest, AStopSignalEndsTheImportWithNothingWritten) {
  core::request_stop();
  const std::string message = error_of(core::ExitCode::Checkpointed, {});
  core::clear_stop_request();

  EXPECT_CONTAINS(message, "run the same command again");
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

TEST_F(ImporterTest, ADryRunFindsWhatCannotComeOutOfAnyInput) {
  const auto error_of_reading = [](const std::string& text) {
    return support::message_of<core::ConfigError>([&] {
      (void)read_import_config(config::parse_yaml("{name: x, output: x, sources: [{file: x.csv}], " + text + "}", "x"));
    });
  };

  EXPECT_EQ(error_of_reading("expect: {rows: 9, unparsable: 2, graphs: 7}"), "nothing was thrown");
  EXPECT_CONTAINS(error_of_reading("splits: [scafold]"), "did you mean 'scaffold'?");
  EXPECT_CONTAINS(error_of_reading("expect: {rows: -1}"), "expect.rows");
  EXPECT_CONTAINS(error_of_reading("expect: {rows: 9, graphs: 10}"), "expect.graphs: 10 is more than expect.rows, 9");
  EXPECT_CONTAINS(error_of_reading("duplicates: merge, expect: {unique: 8, graphs: 9}"), "more than expect.unique, 8");
  EXPECT_CONTAINS(error_of_reading("expect: {removed: 1}"), "without exclude");
  EXPECT_CONTAINS(error_of_reading("expect: {positives: 1}"), "no labels");
  EXPECT_EQ(error_of_reading("labels: {columns: [y]}, expect: {positives: 1}"), "nothing was thrown");
}

TEST_F(ImporterTest, MistakesAreNamedWithTheRemedy) {
  EXPECT_CONTAINS(
      error_of(core::ExitCode::BadData, {"sources=[{file: " GRAFTAGE_TEST_DATA "/tiny_molecules.csv, smiles: smile}]"}),
      "[sources[0].smiles]: column 'smile' is not in tiny_molecules.csv (did you mean 'smiles'?)");
  EXPECT_CONTAINS(error_of(core::ExitCode::BadData, {"labels.columns=[activ]"}), "column 'activ' is not in");
  EXPECT_CONTAINS(error_of(core::ExitCode::BadData, {"labels.columns=[note]"}),
                  "line 2, column 'note']: label 'alcohol'");
  EXPECT_CONTAINS(error_of(core::ExitCode::BadData, {"labels={columns: [score], kind: binary}"}), "neither 0 nor 1");
  EXPECT_CONTAINS(error_of(core::ExitCode::InputMissing, {"sources=[{file: nowhere.csv}]"}),
                  "nowhere.csv does not exist");
  EXPECT_CONTAINS(error_of(core::ExitCode::InputMissing, {"exclude=[nowhere]"}), "graftage import");
  EXPECT_CONTAINS(error_of(core::ExitCode::Config, {"splits=[scafold]"}), "did you mean 'scaffold'?");
  EXPECT_CONTAINS(error_of(core::ExitCode::Config, {"labels={computed: BRENKS}"}), "did you mean 'BRENK'?");
  EXPECT_CONTAINS(error_of(core::ExitCode::Config, {"featurizer=chm"}), "did you mean 'chem'?");
  EXPECT_CONTAINS(error_of(core::ExitCode::Config, {"splits=[ogb]"}), "format ogb");
  EXPECT_CONTAINS(error_of(core::ExitCode::Config, {"train_fraction=0.95"}), "more than 1");
  graftage::testing::write_file(directory_.path() / "corpus" / "notes.txt", "keep me");
  const std::string foreign = error_of(core::ExitCode::CannotCreate, {});
  EXPECT_CONTAINS(foreign, "exists and is not a corpus");
  EXPECT_TRUE(std::filesystem::exists(directory_.path() / "corpus" / "notes.txt"));
}

}  // namespace
}  // namespace graftage::data
