// Data that only the two ends of one TLS session share (RFC 5056): tls knows it, sasl proves it.
#pragma once

#include <string>

namespace tern {

struct ChannelBinding {
    std::string type;  ///< "tls-exporter" (RFC 9266 2) or "tls-unique" (RFC 5929 3)
    std::string data;

    friend bool operator==(const ChannelBinding&, const ChannelBinding&) = default;
};

}  // namespace tern
