// What the log says of a message: the session it came in, the envelope, the text. Values only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sink/body_scanner.hpp"
#include "sink/body_store.hpp"
#include "sink/command.hpp"
#include "sink/tls_facts.hpp"

namespace tern::sink {

/// Both ends of a connection, as address:port.
struct PeerNames {
    std::string client;
    std::string server;
};

struct SessionFacts {
    std::uint64_t connection = 0;
    PeerNames peer;
    std::string hello;      ///< the client's name, empty before EHLO or HELO
    bool extended = false;  ///< EHLO rather than HELO
    bool starttls = false;
    std::optional<TlsFacts> tls;
    std::string mechanism;  ///< of AUTH, empty without
    std::string user;
    std::uint64_t messages = 0;  ///< complete ones so far
    /// How often the client waited for replies before it went on, greeting included.
    std::uint64_t waits = 0;
};

struct RefusedRecipient {
    std::string address;
    std::string reply;
};

struct Transaction {
    PathArgument sender;
    std::vector<PathArgument> recipients;
    std::vector<RefusedRecipient> refused;
    std::vector<std::string> domains;
    std::uint64_t chunks = 0;  ///< of BDAT
    bool by_qmtp = false;      ///< neither that nor chunks: the text came by DATA
    bool pipelined = false;
    bool smtputf8 = false;
    bool text_begun = false;
    bool failed = false;  ///< a chunk was refused; what follows is as well
};

/// Gives the message's record, one JSON object without newline.
std::string message_record(const SessionFacts& session, const Transaction& transaction,
                           const BodyFacts& facts, const StoredBody& stored, bool accepted,
                           std::string_view reply);

}  // namespace tern::sink
