#include "pretrain/pair_loss.hpp"

#include <ATen/ATen.h>

namespace graftage::pretrain {

PairLoss::PairLoss(std::int64_t num_rows, const std::vector<RowPair>& pairs) {
  std::vector<std::int64_t> ends;
  std::vector<double> sign;
  std::vector<double> weight;
  for (const RowPair& pair : pairs) {
    ends.push_back(pair.left);
    sign.push_back(pair.positive ? 1.0 : -1.0);
    weight.push_back(pair.weight);
  }
  for (const RowPair& pair : pairs) ends.push_back(pair.right);
  ends_ = graph::LinearMap::gather(num_rows, ends);
  (void)ends_.transposed().rows();  // built by the loader
  sign_ = at::tensor(sign, at::kDouble).unsqueeze(1);
  weight_ = at::tensor(weight, at::kDouble).unsqueeze(1);
}

at::Tensor PairLoss::value(const at::Tensor& rows) const {
  const std::vector<at::Tensor> ends = ends_.apply(rows).chunk(2);
  const at::Tensor score = (ends[0] * ends[1]).sum(1, true) * sign_.to(rows.scalar_type());
  return -(at::log_sigmoid(score) * weight_.to(rows.scalar_type())).sum();
}

at::Tensor PairLoss::gradient(const at::Tensor& rows) const {
  const at::Tensor sign = sign_.to(rows.scalar_type());
  const std::vector<at::Tensor> ends = ends_.apply(rows).chunk(2);
  const at::Tensor score = (ends[0] * ends[1]).sum(1, true) * sign;
  const at::Tensor of_product = -at::sigmoid(-score) * (sign * weight_.to(rows.scalar_type()));  // [P, 1]
  return ends_.transposed().apply(at::cat({of_product * ends[1], of_product * ends[0]}));
}

}  // namespace graftage::pretrain
