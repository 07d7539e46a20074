#pragma once

#include "adapt/recent_cache.hpp"
#include "graftage/adapt/trial_config.hpp"
#include "graftage/data/corpus.hpp"
#include "graftage/train/checkpoint.hpp"

#include <map>
#include <memory>
#include <string>

namespace graftage::adapt {

/// An encoder before adaptation; never written.
struct TrialEncoder {
  nn::Encoder encoder;
  nn::Parameters parameters;
  nn::Parameters buffers;
  std::string key;  ///< equal keys = equal weights
};

/// What is known of an encoder without its weights.
struct EncoderIdentity {
  std::string name;    ///< "random" or the name of the pretraining run
  std::string sha256;  ///< of the pretrained file's content; empty for a random one
  std::string seed;    ///< of pretraining; empty for a random one
  nn::EncoderConfig architecture;
};

/// The encoders trials start from; each file is read once.
class EncoderShelf {
 public:
  /// A pretrained file decides the architecture. If the configuration asks for another one than the default, both must
  /// agree: so one sweep section can serve random and pretrained encoders alike.
  /// @throws MissingInput, ConfigError (other architecture), DataError (features of another kind: names both schemas)
  [[nodiscard]] EncoderIdentity identify(const EncoderSource& source, const data::Corpus& corpus);
  /// Weights of a random encoder come from the run seed. @throws as identify
  [[nodiscard]] std::shared_ptr<const TrialEncoder> get(const EncoderSource& source, const data::Corpus& corpus,
                                                        const core::SeedSequence& seed);

 private:
  [[nodiscard]] const train::EncoderFile& file(const std::string& source);
  [[nodiscard]] const train::EncoderFile& fitting_file(const EncoderSource& source, const data::Corpus& corpus);
  std::map<std::string, train::EncoderFile> files_;  ///< by path
  RecentCache<TrialEncoder> recent_{4};
};

}  // namespace graftage::adapt
