#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace graftage::mpi {

/// A group of ranks. `world()` is the only place that names MPI_COMM_WORLD; `self()` is one rank and needs no Session.
///
/// All collective members must be called by every rank of the group in the same order. Byte-wise transfers of
/// trivially copyable types; the machines of one job share one architecture. @throws MpiError
class Communicator {
 public:
  static Communicator world();
  static Communicator self();
  ~Communicator();
  Communicator(Communicator&&) noexcept;
  Communicator& operator=(Communicator&&) noexcept;

  [[nodiscard]] int rank() const;
  [[nodiscard]] int size() const;
  [[nodiscard]] bool is_root() const { return rank() == 0; }

  void barrier() const;
  /// A barrier for ranks that may be far apart: who comes first sleeps, where barrier() would keep a core busy that a
  /// rank still at work, or its loader, can use. Reacts within a millisecond.
  void wait_for_all() const;
  /// Ranks with the same color form a group, ordered by their rank here.
  [[nodiscard]] Communicator split(int color) const;

  /// Blocking, and not to oneself; the receiver names the exact length. @throws MpiError for another length
  void send_bytes(std::span<const std::byte> bytes, int destination, int tag) const;
  void receive_bytes(std::span<std::byte> bytes, int source, int tag) const;
  void broadcast_bytes(std::span<std::byte> bytes, int root) const;
  /// Concatenation over ranks, in rank order, on every rank; pieces may differ in length.
  [[nodiscard]] std::vector<std::byte> all_gather_bytes(std::span<const std::byte> bytes) const;

  [[nodiscard]] std::int64_t sum(std::int64_t value) const;
  [[nodiscard]] std::int64_t max(std::int64_t value) const;
  [[nodiscard]] double max(double value) const;
  /// Text of the root on every rank.
  [[nodiscard]] std::string broadcast_text(const std::string& text, int root = 0) const;
  /// One text per rank, on every rank.
  [[nodiscard]] std::vector<std::string> all_gather_text(const std::string& text) const;

  template <class T>
  void send(std::span<const T> values, int destination, int tag) const {
    static_assert(std::is_trivially_copyable_v<T>);
    send_bytes(std::as_bytes(values), destination, tag);
  }
  template <class T>
  void receive(std::span<T> values, int source, int tag) const {
    static_assert(std::is_trivially_copyable_v<T>);
    receive_bytes(std::as_writable_bytes(values), source, tag);
  }
  template <class T>
  void broadcast(std::span<T> values, int root = 0) const {
    static_assert(std::is_trivially_copyable_v<T>);
    broadcast_bytes(std::as_writable_bytes(values), root);
  }
  template <class T>
  [[nodiscard]] std::vector<T> all_gather(std::span<const T> values) const {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto bytes = all_gather_bytes(std::as_bytes(values));
    std::vector<T> result(bytes.size() / sizeof(T));
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<std::byte*>(result.data()));
    return result;
  }

 private:
  struct Handle;  // MPI_Comm, owned or borrowed
  explicit Communicator(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;  ///< null for self()
};

}  // namespace graftage::mpi
