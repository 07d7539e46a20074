#pragma once

namespace graftage::graph::detail {

// Wider registers change no bit: kernels work on independent columns and products are not contracted
// (-ffp-contract=off), so the same loop is compiled for each instruction set and the widest is taken at run time.

template <class Kernel, class... Arguments>
void run_baseline(Arguments... arguments) {
  Kernel::run(arguments...);
}

#if defined(__x86_64__)
template <class Kernel, class... Arguments>
[[gnu::target("avx512f,prefer-vector-width=512")]] void run_avx512(Arguments... arguments) {
  Kernel::run(arguments...);
}

template <class Kernel, class... Arguments>
[[gnu::target("avx2")]] void run_avx2(Arguments... arguments) {
  Kernel::run(arguments...);
}
#endif

/// Kernel::run(arguments...), a static function marked [[gnu::always_inline]], with this processor's widest registers.
template <class Kernel, class... Arguments>
void run_widest(Arguments... arguments) {
  using Function = void (*)(Arguments...);
  static const Function function = [] {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return Function(run_avx512<Kernel, Arguments...>);
    if (__builtin_cpu_supports("avx2")) return Function(run_avx2<Kernel, Arguments...>);
#endif
    return Function(run_baseline<Kernel, Arguments...>);
  }();
  function(arguments...);
}

}  // namespace graftage::graph::detail
