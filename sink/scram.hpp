// The server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677). Written for
// itself: the sender's side shares nothing with it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sink/settings.hpp"
#include "sink/tls_facts.hpp"

namespace tern::sink {

class ScramServer {
public:
    enum class State { asks, accepted, refused, malformed };

    /// `tls` is null in clear; `plus` says which of the two mechanisms it is, `offers_plus` whether
    /// the client was offered a binding. All must outlive it.
    ScramServer(std::span<const User> users, const TlsFacts* tls, bool plus, bool offers_plus);

    /// Takes the client's next message. Where it asks, `challenge()` goes back.
    State take(std::string_view message);

    const std::string& challenge() const { return challenge_; }
    const std::string& user() const { return user_; }

private:
    enum class Step { first, proof, end };

    State first(std::string_view message);
    State proof(std::string_view message);
    bool binding_fits(std::string_view flag) const;
    std::string password() const;

    std::span<const User> users_;
    const TlsFacts* tls_;
    bool plus_;
    bool offers_plus_;
    Step step_ = Step::first;
    std::string user_;
    std::string challenge_;
    std::string header_;        // gs2-header, as the client sent it
    std::string bare_;          // client-first-message-bare
    std::string nonce_;         // both parts
    std::string salt_;
};

}  // namespace tern::sink
