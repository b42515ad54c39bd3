// The JSON library, without its warnings. Bytes of others go in through printable() only.
#pragma once

// g++ 12 takes a growing vector within it for a null pointer.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnull-dereference"
#include <nlohmann/json.hpp>
#pragma GCC diagnostic pop

namespace tern::explain {

/// Fields stay in the order in which they were put in.
using Json = nlohmann::ordered_json;

}  // namespace tern::explain
