// This host's own addresses.
#pragma once

#include <optional>
#include <vector>

#include "environment/environment.hpp"

namespace tern::os {

/// Asks the kernel when first asked about an address of a family that is not ours by itself.
class LocalAddresses final : public tern::LocalAddresses {
public:
    Result<bool> is_ourselves(const IpAddress& address) override;

private:
    std::optional<std::vector<IpAddress>> ipv4_, ipv6_;
};

}  // namespace tern::os
