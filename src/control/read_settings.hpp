// The names of the control files, their defaults and fallbacks.
#pragma once

#include "routing/settings.hpp"
#include "environment/environment.hpp"

namespace tern::control {

/// Reads what every delivery needs, and the file of smtproutes.d that stands for `host`, relative
/// to the working directory (qmail's home). Fails with Cause::control_file; the detail names the
/// file and what is wrong with it.
[[nodiscard]] Result<routing::Settings> read_settings(std::string_view host);

/// control/tlshosts and control/notlshosts, looked at when a server is about to be talked to.
class ServerFileReader final : public ServerFiles {
public:
    Result<tls::Requirement> requirement(const dns::Domain& server) override;
    Result<std::string> tls_destinations() override;
    Result<Secret> token_file(const std::string& path) override;

private:
    std::optional<Result<std::string>> tls_destinations_;  // once read
};

}  // namespace tern::control
