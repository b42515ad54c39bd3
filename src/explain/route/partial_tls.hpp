// Whether TLS is required at only some of the servers that take the same mail, in words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tern::explain {

class PartialTls {
public:
    /// `server`: its name, or its address where it has none.
    void add(std::string server, bool requires_tls);

    [[nodiscard]] bool is_partial() const { return !with_.empty() && !without_.empty(); }
    /// `TLS is required at a but not at b: ...`.
    [[nodiscard]] std::string what() const;
    /// `add control/tlshosts/b.pem`.
    [[nodiscard]] std::string cure() const;

private:
    std::vector<std::string> with_;
    std::vector<std::string> without_;
};

}  // namespace tern::explain
