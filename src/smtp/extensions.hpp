// What a server's reply to EHLO offers. Bytes to values only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tern::smtp {

/// What a server takes at most (RFC 9422 4); 0: it does not say.
struct Limits {
    std::uint32_t transactions = 0;  ///< MAILMAX: in one session
    std::uint32_t recipients = 0;    ///< RCPTMAX: in one transaction
    std::uint32_t domains = 0;       ///< RCPTDOMAINMAX: different ones in one session

    friend bool operator==(const Limits&, const Limits&) = default;
};

/// The service extensions of RFC 5321 4.1.1.1 that tern knows.
struct Extensions {
    bool start_tls = false;             ///< RFC 3207
    bool pipelining = false;            ///< RFC 2920
    bool chunking = false;              ///< RFC 3030
    bool eight_bit_mime = false;        ///< RFC 6152
    bool smtputf8 = false;              ///< RFC 6531
    bool enhanced_status_codes = false; ///< RFC 2034
    bool size = false;                  ///< RFC 1870
    std::uint64_t size_limit = 0;       ///< bytes; 0: none was given
    std::string auth_mechanisms;        ///< RFC 4954: as given, blanks between
    Limits limits;                      ///< RFC 9422

    friend bool operator==(const Extensions&, const Extensions&) = default;
};

/// One of them.
enum class Extension : std::uint8_t {
    start_tls,
    pipelining,
    chunking,
    eight_bit_mime,
    smtputf8,
    enhanced_status_codes,
    size,
    auth,
    limits,
};

/// `PIPELINING`.
[[nodiscard]] std::string_view keyword_of(Extension extension);
/// The one that EHLO calls `keyword`, in any case; nothing for those that tern does not use.
[[nodiscard]] std::optional<Extension> extension_of(std::string_view keyword);

class ExtensionSet {
public:
    void add(Extension extension) { bits_ |= bit_of(extension); }
    [[nodiscard]] bool has(Extension extension) const { return (bits_ & bit_of(extension)) != 0; }
    [[nodiscard]] bool empty() const { return bits_ == 0; }
    /// Their keywords, with commas between.
    [[nodiscard]] std::string keywords() const;
    friend bool operator==(const ExtensionSet&, const ExtensionSet&) = default;

private:
    static unsigned bit_of(Extension extension) { return 1U << static_cast<unsigned>(extension); }
    unsigned bits_ = 0;
};

/// What is left of an offer when those of `ignored` count as not offered. STARTTLS always stays:
/// only control/notlshosts says where TLS is not used.
[[nodiscard]] Extensions without(Extensions offered, const ExtensionSet& ignored);

/// Reads the text of a reply to EHLO (lines with codes, as Reply::text). The first line is the
/// greeting and offers nothing; unknown and malformed lines are passed over. Keywords are compared
/// without case.
[[nodiscard]] Extensions parse_extensions(std::string_view reply_text);

}  // namespace tern::smtp
