// The names of the control files, their defaults and fallbacks.
#pragma once

#include "delivery/settings.hpp"
#include "delivery/world.hpp"

namespace tern::control {

/// Reads what every delivery needs, relative to the working directory (qmail's home). Fails with
/// Cause::control_file; the detail names the file and what is wrong with it.
[[nodiscard]] Result<delivery::Settings> read_settings();

/// control/tlshosts and control/notlshosts, looked at when a server is about to be talked to.
class FileRules final : public delivery::ServerRules {
public:
    Result<tls::Requirement> requirement(const dns::Domain& server) override;
};

}  // namespace tern::control
