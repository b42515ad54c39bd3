// All settings of a run of tern-sink, as values. Nothing that parses or acts.
#pragma once

#include <array>
#include <bitset>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tern::sink {

enum class Extension {
    starttls,
    pipelining,
    chunking,
    size,
    eight_bit_mime,
    smtputf8,
    enhanced_status_codes,
    auth,
    limits
};

constexpr std::size_t extension_kinds = 9;

constexpr std::array<std::string_view, extension_kinds> extension_names = {
    "STARTTLS", "PIPELINING",          "CHUNKING", "SIZE",  "8BITMIME",
    "SMTPUTF8", "ENHANCEDSTATUSCODES", "AUTH",     "LIMITS"};

/// Some of the extensions.
class ExtensionSet {
public:
    bool has(Extension which) const { return set_.test(static_cast<std::size_t>(which)); }
    void set(Extension which, bool on = true) { set_.set(static_cast<std::size_t>(which), on); }

private:
    std::bitset<extension_kinds> set_;
};

/// The places of a session where a reply can be scripted.
enum class Stage {
    greeting,
    ehlo,
    helo,
    starttls,
    auth,
    mail,
    rcpt,
    data,
    bdat,
    message,
    rset,
    noop,
    vrfy,
    quit
};

constexpr std::size_t stage_kinds = 14;

constexpr std::array<std::string_view, stage_kinds> stage_names = {
    "greeting", "ehlo", "helo",    "starttls", "auth", "mail", "rcpt",
    "data",     "bdat", "message", "rset",     "noop", "vrfy", "quit"};

/// What to answer at some place instead of the usual.
struct ScriptedReply {
    enum class Kind { usual, words, hang_up };
    Kind kind = Kind::usual;
    unsigned code = 0;
    std::string text;  ///< may have several lines, LF between them
};

/// A recipient that is not taken: an address, `@domain`, or `*` for all.
struct RejectedRecipient {
    std::string address;
    ScriptedReply reply;
};

struct User {
    std::string name;
    std::string password;  ///< or access token, where a mechanism takes one
};

enum class Mechanism {
    plain,
    login,
    cram_md5,
    scram_sha_256,
    scram_sha_256_plus,
    xoauth2,
    oauthbearer
};

constexpr std::size_t mechanism_kinds = 7;

constexpr std::array<std::string_view, mechanism_kinds> mechanism_names = {
    "PLAIN",   "LOGIN",      "CRAM-MD5", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS",
    "XOAUTH2", "OAUTHBEARER"};

/// RFC 9422. Nothing said: no limit of this kind.
struct Limits {
    std::optional<std::uint64_t> messages;
    std::optional<std::uint64_t> recipients;
    std::optional<std::uint64_t> domains;
};

/// What becomes of a message's text.
struct BodySettings {
    std::string maildir;  ///< empty: not kept in files
    bool discard = false;
    bool digest = true;
    std::size_t most_in_log = 65536;
};

struct Settings {
    std::string name = "tern-sink.test";
    ExtensionSet offered;
    Limits limits;
    std::uint64_t largest_message = std::uint64_t(1) << 30;
    std::size_t most_recipients = 1000;
    std::vector<User> users;
    std::vector<Mechanism> mechanisms;
    bool auth_in_clear = false;
    bool auth_required = false;
    bool tls_required = false;
    std::array<std::vector<ScriptedReply>, stage_kinds> script;
    std::vector<RejectedRecipient> rejected;
    std::chrono::milliseconds delay{0};
    std::chrono::seconds idle{300};
    std::size_t most_connections = 10000;
    unsigned threads = 1;
    bool awake = false;  // never sleeps while a client is connected
    BodySettings body;
};

}  // namespace tern::sink
