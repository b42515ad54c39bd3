// The server's side of AUTH (RFC 4954), for one user. The mechanisms are those of the sink, which
// shares nothing with the client under test; its nonces are random, but always of one length.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sink/auth.hpp"

namespace tern::test {

class ServerLogin {
public:
    using State = sink::AuthExchange::State;

    ServerLogin(std::string user, std::string secret)
        : users_(1, sink::User{std::move(user), std::move(secret)}) {}

    /// Takes `AUTH MECHANISM [initial response]`.
    State begin(std::string_view command);
    /// Takes a response; "*" gives up and is malformed.
    State respond(std::string_view line);
    /// After asks: the line that says so.
    [[nodiscard]] std::string challenge() const;

private:
    std::vector<sink::User> users_;
    std::unique_ptr<sink::AuthExchange> exchange_;
};

}  // namespace tern::test
