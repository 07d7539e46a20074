#include "graftage/core/digest.hpp"

#include "graftage/core/as_error.hpp"

#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace graftage::core {

namespace {

using Digest = std::array<unsigned char, 32>;

Digest digest_of(std::string_view text) {
  Digest digest{};
  unsigned int length = 0;
  const int ok = EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr);
  GRAFTAGE_CHECK(ok == 1 && length == digest.size(), ok, length);
  return digest;
}

std::string to_hex(const Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * digest.size());
  for (const unsigned char byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

struct Sha256::State {
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};
  bool finished = false;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  GRAFTAGE_CHECK(state_->context != nullptr);
  GRAFTAGE_CHECK(EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

Sha256& Sha256::update(std::span<const std::byte> bytes) {
  GRAFTAGE_CHECK(state_ != nullptr && !state_->finished);
  GRAFTAGE_CHECK(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
  return *this;
}

Sha256& Sha256::update(std::string_view text) { return update(std::as_bytes(std::span(text.data(), text.size()))); }

std::string Sha256::hex() {
  GRAFTAGE_CHECK(state_ != nullptr && !state_->finished);
  Digest digest{};
  unsigned int length = 0;
  GRAFTAGE_CHECK(EVP_DigestFinal_ex(state_->context.get(), digest.data(), &length) == 1);
  state_->finished = true;
  return to_hex(digest);
}

std::string sha256_hex(std::string_view text) { return to_hex(digest_of(text)); }

std::string sha256_file(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    const int code = errno;
    if (code == ENOENT || code == ENOTDIR) throw MissingInput(path.string(), "check the path");
    throw file_error("open", path, code, ExitCode::IoError);
  }
  Sha256 sha;
  std::vector<std::byte> buffer(1 << 20);
  ssize_t count = 0;
  while ((count = ::read(file, buffer.data(), buffer.size())) != 0) {
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int code = errno;
      ::close(file);
      throw file_error("read", path, code, code == EISDIR ? ExitCode::InputMissing : ExitCode::IoError);
    }
    sha.update(std::span(buffer.data(), static_cast<std::size_t>(count)));
  }
  ::close(file);
  return sha.hex();
}

Key128 key_of(std::string_view text) {
  const Digest digest = digest_of(text);
  Key128 key;
  for (std::size_t i = 0; i < 8; ++i) {
    key.high = key.high << 8 | digest[i];
    key.low = key.low << 8 | digest[8 + i];
  }
  return key;
}

}  // namespace graftage::core
