// What counts as not offered, and which mechanisms may be used; see check_parts.hpp.
#include "control/control_file.hpp"
#include "explain/check/check_parts.hpp"
#include "routing/check.hpp"

namespace tern::explain {

void check_extensions(Checking& checking) {
    take(checking, routing::check_ignoreextensions(
                       read_checked(checking, "control/ignoreextensions", Severity::error)));
    const std::string mechanisms = "control/authmechanisms";
    const std::string content = read_checked(checking, mechanisms, Severity::error);
    // An empty file allows nothing, no file everything.
    if (control::read_file(mechanisms).value_or(std::nullopt))
        take(checking, routing::check_authmechanisms(content));
}

}  // namespace tern::explain
