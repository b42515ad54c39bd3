// What the client wrote on one connection, read back in the order of RFC 5321: its transactions,
// and the first byte that was out of its place.
#pragma once

#include <string>
#include <vector>

#include "support/simulated_environment.hpp"

namespace tern::test {

/// A transaction as the client wrote it.
struct Spoken {
    std::vector<std::string> recipients;  ///< what stood between < and >
    bool by_chunks = false;
    bool ended = false;  ///< the end of data was handed to the kernel
};

struct Dialogue {
    std::vector<Spoken> transactions;
    std::string trouble;                  ///< empty: every byte was in its place
    std::vector<std::string> said_in_auth;  ///< each word after AUTH <mechanism>, each response
    bool said_auth_in_clear = false;
    std::vector<std::string> hello_names;
};

/// Reads what the client wrote on `connection`; `implicit`: TLS from the first byte.
[[nodiscard]] Dialogue read_dialogue(const SimulatedEnvironment& environment,
                                     Connection& connection, bool implicit);

}  // namespace tern::test
