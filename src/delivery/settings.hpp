// Everything the control files say, as values. Reading them is control's work.
#pragma once

#include <chrono>
#include <string>

#include "base/clock.hpp"
#include "tls/tls_stream.hpp"

namespace tern::delivery {

struct Settings {
    /// control/helohost, else control/me.
    std::string hello_name;
    /// control/smtproutes as it stands; next_hop() reads it in one pass.
    std::string smtproutes;
    Duration timeout_connect = std::chrono::seconds(60);
    Duration timeout_remote = std::chrono::seconds(1200);
    tls::ClientSettings tls;
};

}  // namespace tern::delivery
