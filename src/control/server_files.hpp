// Files that are looked at for single servers, when a session with one is about to open.
#pragma once

#include <optional>
#include <string>

#include "control/control_file.hpp"
#include "environment/environment.hpp"

namespace tern::control {

/// control/tlshosts, control/notlshosts, control/tlsdestinations, and the files of access tokens.
class ServerFileReader final : public ServerFiles {
public:
    /// Looks for each file.
    ServerFileReader() = default;
    /// It does not look for tlsdestinations where the listing of control/ surely has none.
    explicit ServerFileReader(const Listing& control);

    Result<tls::Requirement> requirement(const dns::Domain& server) override;
    Result<std::string> tls_destinations() override;
    Result<Secret> token_file(const std::string& path) override;

private:
    bool may_have_tls_destinations_ = true;
    std::optional<Result<std::string>> tls_destinations_;  // once read
};

}  // namespace tern::control
