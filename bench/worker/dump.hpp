#pragma once

#include "graftage/graph/graph_batch.hpp"
#include "graftage/h5/file.hpp"
#include "graftage/nn/parameters.hpp"

#include <string>
#include <vector>

namespace graftage::bench {

/// What a peer needs to compute the same, as datasets of one HDF5 file:
/// parameters/<name>, buffers/<name>, batch/<number>/<array>, gradient/<name>, attribute "loss".
void write_tensor(h5::File& file, const std::string& name, const at::Tensor& tensor);
void write_integers(h5::File& file, const std::string& name, const std::vector<std::int64_t>& values,
                    const h5::Layout& layout = {});
void write_parameters(h5::File& file, const std::string& group, const nn::Parameters& parameters);
/// Features, edges, pointers, and labels where there are any. @param group  "/batch/0/"
void write_graphs(h5::File& file, const std::string& group, const graph::GraphBatch& batch,
                  const h5::Layout& layout = {});
/// Gradient of a loss for each parameter (zeros where it does not reach) as /gradient/<name>, and the loss.
void write_first_step(h5::File& file, const at::Tensor& loss, const nn::Parameters& parameters);

}  // namespace graftage::bench
