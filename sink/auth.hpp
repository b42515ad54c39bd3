// The mechanisms of AUTH (RFC 4954) as a receiver sees them: challenges out, responses in. No
// sockets, and no password in anything it gives back.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sink/scram.hpp"
#include "sink/settings.hpp"
#include "sink/tls_facts.hpp"

namespace tern::sink {

class AuthExchange {
public:
    enum class State { asks, accepted, refused, malformed };

    /// `users` must outlive the exchange; `host` is named in CRAM-MD5's challenge. `tls` (null: in
    /// clear) must outlive it too; `offers_plus` says that the client was offered to bind to it.
    AuthExchange(Mechanism mechanism, std::span<const User> users, std::string_view host,
                 const TlsFacts* tls = nullptr, bool offers_plus = false);

    /// Begins, with the initial response of the AUTH command, decoded (null: none was there). Where
    /// it asks, the challenge is `challenge()`.
    State begin(const std::string* initial);

    /// Takes the client's next response, decoded.
    State respond(const std::string& response);

    const std::string& challenge() const { return challenge_; }
    Mechanism mechanism() const { return mechanism_; }
    /// The name that the client gave.
    const std::string& user() const { return user_; }

private:
    State check_password(std::string_view password) const;
    State plain(std::string_view response);
    State login(const std::string& response);
    State cram_md5(std::string_view response);
    State scram(std::string_view response);
    State bearer(std::string_view response);

    Mechanism mechanism_;
    std::span<const User> users_;
    std::string host_;
    std::string challenge_;
    std::string user_;
    bool has_user_ = false;
    bool has_refused_ = false;
    std::optional<ScramServer> scram_;
};

}  // namespace tern::sink
