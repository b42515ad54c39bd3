// AUTH (RFC 4954) within the conversation. How a mechanism judges is in auth.cpp.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "sink/ascii.hpp"
#include "sink/base64.hpp"
#include "sink/conversation.hpp"

namespace tern::sink {

void Conversation::auth(const Command& command) {
    if (!offers_now(Extension::auth)) {
        blame(Violation::out_of_order, "AUTH where it was not offered");
        return refuse(502, "5.5.1", "there is no AUTH here");
    }
    if (session_.hello.empty() || !session_.mechanism.empty() || transaction_) {
        blame(Violation::out_of_order, "AUTH before EHLO, twice, or in a transaction");
        return refuse(503, "5.5.1", "AUTH comes once, between EHLO and MAIL");
    }
    std::string_view rest = command.argument;
    const std::string_view word = take_word(rest);
    auth_.reset();
    const TlsFacts* const tls = session_.tls ? &*session_.tls : nullptr;
    for (const Mechanism mechanism : settings_.mechanisms)
        if (can_bind(mechanism) && same(word, mechanism_names[static_cast<std::size_t>(mechanism)]))
            auth_.emplace(mechanism, settings_.users, settings_.name, tls, offers_binding());
    if (!auth_) return refuse(504, "5.5.4", "that mechanism is not offered");
    if (rest.empty()) return auth_step(auth_->begin(nullptr));
    // RFC 4954 4: "=" is an initial response of no bytes.
    const std::optional<std::string> initial =
        rest == "=" ? std::optional<std::string>("") : from_base64(rest);
    auth_step(initial ? auth_->begin(&*initial) : AuthExchange::State::malformed);
}

// Whether nothing of the connection forbids it: a session without TLS has nothing to bind to.
bool Conversation::can_bind(Mechanism mechanism) const {
    return mechanism != Mechanism::scram_sha_256_plus ||
           (session_.tls && !session_.tls->binding_type.empty());
}

bool Conversation::offers_binding() const {
    return can_bind(Mechanism::scram_sha_256_plus) &&
           std::find(settings_.mechanisms.begin(), settings_.mechanisms.end(),
                     Mechanism::scram_sha_256_plus) != settings_.mechanisms.end();
}

void Conversation::auth_line(std::string_view line) {
    mode_ = Mode::command;
    if (line == "*") return refuse(501, "5.0.0", "AUTH is cancelled");
    const std::optional<std::string> response = from_base64(line);
    auth_step(response ? auth_->respond(*response) : AuthExchange::State::malformed);
}

void Conversation::auth_step(AuthExchange::State state) {
    switch (state) {
        case AuthExchange::State::asks:
            mode_ = Mode::auth;
            return say(334, "", to_base64(auth_->challenge()));
        case AuthExchange::State::malformed:
            blame(Violation::syntax, "a malformed response in AUTH");
            return refuse(501, "5.5.2", "that is not a response of this mechanism");
        case AuthExchange::State::refused:
            return refuse(535, "5.7.8", "name and password do not fit");
        case AuthExchange::State::accepted:
            if (answer(Stage::auth, 235, "2.7.0", "welcome") / 100 != 2) return;
            session_.user = auth_->user();
            session_.mechanism = mechanism_names[static_cast<std::size_t>(auth_->mechanism())];
            return;
    }
}

}  // namespace tern::sink
