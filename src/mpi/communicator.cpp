#include "graftage/mpi/communicator.hpp"

#include "graftage/core/error.hpp"
#include "graftage/mpi/session.hpp"
#include "mpi/check.hpp"
#include "mpi/chunks.hpp"

#include <mpi.h>

#include <chrono>
#include <thread>
#include <utility>

namespace graftage::mpi {

using detail::check;
using detail::for_each_chunk;
using detail::kChunkBytes;

struct Communicator::Handle {
  Handle(MPI_Comm communicator, bool is_owned) : comm(communicator), owned(is_owned) {}
  ~Handle() {
    if (owned && is_initialized()) MPI_Comm_free(&comm);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  MPI_Comm comm;
  bool owned;
};

Communicator::Communicator(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
Communicator::~Communicator() = default;
Communicator::Communicator(Communicator&&) noexcept = default;
Communicator& Communicator::operator=(Communicator&&) noexcept = default;

Communicator Communicator::world() {
  GRAFTAGE_CHECK(is_initialized());
  return Communicator(std::make_unique<Handle>(MPI_COMM_WORLD, false));
}

Communicator Communicator::self() { return Communicator(nullptr); }

int Communicator::rank() const {
  if (handle_ == nullptr) return 0;
  int value = 0;
  check(MPI_Comm_rank(handle_->comm, &value), "MPI_Comm_rank");
  return value;
}

int Communicator::size() const {
  if (handle_ == nullptr) return 1;
  int value = 1;
  check(MPI_Comm_size(handle_->comm, &value), "MPI_Comm_size");
  return value;
}

void Communicator::barrier() const {
  if (handle_ != nullptr) check(MPI_Barrier(handle_->comm), "MPI_Barrier");
}

void Communicator::wait_for_all() const {
  if (handle_ == nullptr) return;
  constexpr int kBusyTests = 200;  // ranks that are close together do not sleep at all
  constexpr std::chrono::microseconds kShortest{20}, kLongest{1000};
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Ibarrier(handle_->comm, &request), "MPI_Ibarrier");
  auto pause = kShortest;
  for (int tests = 0;; ++tests) {
    int done = 0;
    check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test");
    if (done != 0) return;
    if (tests < kBusyTests) continue;
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, kLongest);
  }
}

Communicator Communicator::split(int color) const {
  GRAFTAGE_CHECK(color >= 0, color);
  if (handle_ == nullptr) return self();
  MPI_Comm group = MPI_COMM_NULL;
  check(MPI_Comm_split(handle_->comm, color, rank(), &group), "MPI_Comm_split");
  return Communicator(std::make_unique<Handle>(group, true));
}

void Communicator::send_bytes(std::span<const std::byte> bytes, int destination, int tag) const {
  GRAFTAGE_CHECK(handle_ != nullptr && destination >= 0 && destination < size() && destination != rank(), destination);
  for_each_chunk(bytes.size(), kChunkBytes, [&](std::size_t offset, int count) {
    check(MPI_Send(bytes.data() + offset, count, MPI_BYTE, destination, tag, handle_->comm), "MPI_Send");
  });
}

void Communicator::receive_bytes(std::span<std::byte> bytes, int source, int tag) const {
  GRAFTAGE_CHECK(handle_ != nullptr && source >= 0 && source < size() && source != rank(), source);
  for_each_chunk(bytes.size(), kChunkBytes, [&](std::size_t offset, int count) {
    MPI_Status status;
    check(MPI_Recv(bytes.data() + offset, count, MPI_BYTE, source, tag, handle_->comm, &status), "MPI_Recv");
    int received = 0;
    check(MPI_Get_count(&status, MPI_BYTE, &received), "MPI_Get_count");
    if (received != count)
      throw core::MpiError("rank " + std::to_string(source) + " sent " + std::to_string(received) + " bytes with tag " +
                           std::to_string(tag) + " where " + std::to_string(count) +
                           " were expected: the ranks disagree about what they run");
  });
}

void Communicator::broadcast_bytes(std::span<std::byte> bytes, int root) const {
  GRAFTAGE_CHECK(root >= 0 && root < size(), root, size());
  if (handle_ == nullptr) return;
  for_each_chunk(bytes.size(), kChunkBytes, [&](std::size_t offset, int count) {
    check(MPI_Bcast(bytes.data() + offset, count, MPI_BYTE, root, handle_->comm), "MPI_Bcast");
  });
}

namespace {

/// Number of bytes of every rank.
std::vector<std::int64_t> gather_sizes(MPI_Comm comm, int num_ranks, std::size_t own_bytes) {
  const auto own = static_cast<std::int64_t>(own_bytes);
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(num_ranks));
  check(MPI_Allgather(&own, 1, MPI_INT64_T, sizes.data(), 1, MPI_INT64_T, comm), "MPI_Allgather");
  return sizes;
}

std::size_t sum_of(const std::vector<std::int64_t>& sizes) {
  std::int64_t total = 0;
  for (const std::int64_t size : sizes) total += size;
  return static_cast<std::size_t>(total);
}

}  // namespace

std::vector<std::byte> Communicator::all_gather_bytes(std::span<const std::byte> bytes) const {
  if (handle_ == nullptr) return {bytes.begin(), bytes.end()};
  const auto sizes = gather_sizes(handle_->comm, size(), bytes.size());
  std::vector<std::byte> all(sum_of(sizes));
  if (all.size() <= kChunkBytes) {
    std::vector<int> counts, offsets;
    for (std::size_t r = 0, offset = 0; r < sizes.size(); ++r) {
      counts.push_back(static_cast<int>(sizes[r]));
      offsets.push_back(static_cast<int>(offset));
      offset += static_cast<std::size_t>(sizes[r]);
    }
    check(MPI_Allgatherv(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, all.data(), counts.data(),
                         offsets.data(), MPI_BYTE, handle_->comm),
          "MPI_Allgatherv");
    return all;
  }
  std::size_t offset = 0;
  for (std::size_t r = 0; r < sizes.size(); ++r) {
    const std::span piece(all.data() + offset, static_cast<std::size_t>(sizes[r]));
    if (static_cast<int>(r) == rank()) std::copy(bytes.begin(), bytes.end(), piece.begin());
    broadcast_bytes(piece, static_cast<int>(r));
    offset += piece.size();
  }
  return all;
}

std::int64_t Communicator::sum(std::int64_t value) const {
  if (handle_ == nullptr) return value;
  std::int64_t result = 0;
  check(MPI_Allreduce(&value, &result, 1, MPI_INT64_T, MPI_SUM, handle_->comm), "MPI_Allreduce");
  return result;
}

std::int64_t Communicator::max(std::int64_t value) const {
  if (handle_ == nullptr) return value;
  std::int64_t result = 0;
  check(MPI_Allreduce(&value, &result, 1, MPI_INT64_T, MPI_MAX, handle_->comm), "MPI_Allreduce");
  return result;
}

double Communicator::max(double value) const {
  if (handle_ == nullptr) return value;
  double result = 0;
  check(MPI_Allreduce(&value, &result, 1, MPI_DOUBLE, MPI_MAX, handle_->comm), "MPI_Allreduce");
  return result;
}

std::string Communicator::broadcast_text(const std::string& text, int root) const {
  auto length = static_cast<std::int64_t>(text.size());
  broadcast(std::span(&length, 1), root);
  std::string result = text;
  result.resize(static_cast<std::size_t>(length));
  broadcast_bytes(std::as_writable_bytes(std::span(result.data(), result.size())), root);
  return result;
}

std::vector<std::string> Communicator::all_gather_text(const std::string& text) const {
  const auto length = static_cast<std::int64_t>(text.size());
  const auto lengths = all_gather(std::span(&length, 1));
  const auto bytes = all_gather_bytes(std::as_bytes(std::span(text.data(), text.size())));
  std::vector<std::string> result;
  std::size_t offset = 0;
  for (const std::int64_t each : lengths) {
    const auto count = static_cast<std::size_t>(each);
    result.emplace_back(reinterpret_cast<const char*>(bytes.data()) + offset, count);
    offset += count;
  }
  return result;
}

}  // namespace graftage::mpi
