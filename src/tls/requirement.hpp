// What TLS must achieve with one server, as a value. Who requires it and why is only text here.
#pragma once

#include <string>
#include <utility>

namespace tern::tls {

/// What a session must achieve before MAIL may be said.
struct Requirement {
    enum class Kind {
        none,           ///< TLS is not tried
        opportunistic,  ///< used when offered, nothing verified
        encrypted,      ///< required, nothing verified
        verified,       ///< required: the chain to `trust_file` and one name must hold
    };
    Kind kind = Kind::opportunistic;
    /// For `verified`: PEM file of trusted CA certificates, or a directory of them by hash, from
    /// the home directory on.
    std::string trust_file;
    /// For `verified`: the name that the certificate must carry, lower case.
    std::string reference_name;
    /// Who asked ("control/tlshosts/mx.example.pem"), for reports; for `none`, who forbids it.
    std::string origin;
    /// TLS from the first byte (port 465): never clear, whatever the kind.
    bool implicit = false;

    /// TLS is not tried; `origin` forbids it, empty where nothing does.
    [[nodiscard]] static Requirement none(std::string origin = {}) {
        return {Kind::none, {}, {}, std::move(origin)};
    }
    [[nodiscard]] static Requirement opportunistic() { return {}; }
    [[nodiscard]] static Requirement encrypted(std::string origin) {
        return {Kind::encrypted, {}, {}, std::move(origin)};
    }
    [[nodiscard]] static Requirement verified(std::string trust_file, std::string reference_name,
                                              std::string origin) {
        return {Kind::verified, std::move(trust_file), std::move(reference_name),
                std::move(origin)};
    }
    /// For the file that is both what is trusted and who asked.
    [[nodiscard]] static Requirement verified(const std::string& trust_file,
                                              std::string reference_name) {
        return verified(trust_file, std::move(reference_name), trust_file);
    }
    /// The same with TLS from the first byte.
    [[nodiscard]] static Requirement from_first_byte(Requirement achieved) {
        achieved.implicit = true;
        return achieved;
    }

    [[nodiscard]] bool is_required() const {
        return implicit || kind == Kind::encrypted || kind == Kind::verified;
    }
    friend bool operator==(const Requirement&, const Requirement&) = default;
};

}  // namespace tern::tls
