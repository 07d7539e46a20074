#include "graftage/core/error.hpp"
#include "graftage/nn/encoder.hpp"
#include "support/gradcheck.hpp"
#include "support/graphs.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

namespace graftage::nn {
namespace {

using support::hashed_values;

graph::MessageFlow three_graphs() {
  return graph::plain_flow(
      support::batch_of({support::path_graph(3, 1), support::path_graph(1, 2), support::cycle_graph(4, 3)}),
      graph::chem_schema(), 2);
}

/// [B, D] by a loop over graphs: the oracle.
at::Tensor looped(Readout readout, const at::Tensor& rows) {
  std::vector<at::Tensor> graphs;
  for (const auto& [begin, end] : {std::pair{0, 3}, std::pair{3, 4}, std::pair{4, 8}}) {
    const at::Tensor members = rows.slice(0, begin, end);
    graphs.push_back(readout == Readout::Mean  ? members.mean(0)
                     : readout == Readout::Sum ? members.sum(0)
                                               : std::get<0>(members.max(0)));
  }
  return at::stack(graphs);
}

TEST(ReadOut, AgreesWithALoopOverGraphs) {
  const at::Tensor rows = hashed_values({8, 5}, 1);
  for (const Readout readout : {Readout::Mean, Readout::Sum, Readout::Max}) {
    EXPECT_TRUE(read_out(readout, three_graphs(), rows).allclose(looped(readout, rows), 0, 1e-14));
    EXPECT_TRUE(read_out(readout, three_graphs(), rows.to(at::kFloat)).allclose(looped(readout, rows).to(at::kFloat)));
  }
}

TEST(ReadOut, DerivativesAgreeWithFiniteDifferences) {
  const graph::MessageFlow flow = three_graphs();
  for (const Readout readout : {Readout::Mean, Readout::Sum, Readout::Max}) {
    const auto function = [&](const std::vector<at::Tensor>& x) { return read_out(readout, flow, x[0]).pow(3).sum(); };
    const support::GradcheckOptions options{.step = 1e-4, .max_elements = 40};

    EXPECT_LT(support::gradient_error(function, {hashed_values({8, 5}, 1)}, options), 1e-8);
    EXPECT_LT(support::second_gradient_error(function, {hashed_values({8, 5}, 1)}, options), 1e-8);
  }
}

TEST(ReadOut, MaximumShowsNaNAndTakesTheFirstOfEqualRows) {
  at::Tensor rows = at::zeros({8, 2}).requires_grad_();
  read_out(Readout::Max, three_graphs(), rows).sum().backward();
  const at::Tensor expected = at::tensor({1.f, 0.f, 0.f, 1.f, 1.f, 0.f, 0.f, 0.f}).unsqueeze(1).expand({8, 2});
  at::Tensor broken = at::zeros({8, 2});
  broken[1][0] = std::nanf("");

  EXPECT_TRUE(rows.grad().equal(expected));
  EXPECT_TRUE(std::isnan(read_out(Readout::Max, three_graphs(), broken)[0][0].item<float>()));
}

TEST(ReadOut, MaximumOfAnEmptyGraphIsRefused) {
  graph::Graph empty;
  const graph::MessageFlow flow =
      graph::plain_flow(support::batch_of({support::path_graph(2, 1), empty}), graph::chem_schema(), 2);

  EXPECT_THROW((void)read_out(Readout::Max, flow, at::ones({2, 3})), core::InternalError);
  EXPECT_TRUE(read_out(Readout::Mean, flow, at::ones({2, 3}))[1].equal(at::zeros({3})));
}

}  // namespace
}  // namespace graftage::nn
