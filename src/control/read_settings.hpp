// Reads the control files of the catalogue that every delivery needs.
#pragma once

#include "control/control_file.hpp"
#include "routing/settings.hpp"

namespace tern::control {

/// Reads what every delivery needs, and the file of smtproutes.d that is for `host`, relative
/// to the working directory (qmail's home). Fails with Cause::control_file; the detail names the
/// file and what is wrong with it. `names` is the listing of control/: what is surely not in it is
/// not opened.
[[nodiscard]] Result<routing::Settings> read_settings(
    std::string_view host, const Listing& names = Listing("control"));

}  // namespace tern::control
