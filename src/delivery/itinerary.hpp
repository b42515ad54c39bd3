// What one delivery tries next, and when it stops: a pure state. It knows addresses, what TLS must
// achieve there and the limits of a delivery; it neither waits nor looks anything up.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "delivery/verdict.hpp"
#include "tls/requirement.hpp"

namespace tern::delivery {

/// Sessions with servers, and attempts to connect, in one delivery (contract.md#connections). A
/// session whose TLS failed before MAIL, and that nothing requires, does not count among the first
/// (contract.md#clear-retry).
constexpr unsigned most_sessions = 5;
constexpr unsigned most_connections = 20;

/// Why an address is tried.
enum class Manner {
    its_turn,  ///< it was not tried in this delivery
    in_clear,  ///< its TLS failed, and nothing requires TLS
    by_data,   ///< it offers CHUNKING and does not know BDAT
    further,   ///< it took some recipients, and others wait
};

/// A connection to make.
struct Step {
    std::string server_name;  ///< in the DNS; empty for an address literal
    /// One endpoint, or a second one of the other family that races it (RFC 8305).
    std::vector<Endpoint> racing;
    tls::Requirement requirement;
    Manner manner = Manner::its_turn;
    bool chunking = true;     ///< the message may go by BDAT
    std::string tls_trouble;  ///< how TLS failed there earlier; empty where it did not
};

/// The order of a delivery's attempts. Its answers depend only on what was reported to it.
class Itinerary {
public:
    /// `time_for_tls`: the time a delivery goes on once TLS has failed (timeoutconnect +
    /// timeoutremote; contract.md#clear-retry).
    explicit Itinerary(Duration time_for_tls) : time_for_tls_(time_for_tls) {}

    /// The addresses of one server, in the order to try. An address and port that was tried in this
    /// delivery is not tried again, whatever name leads to it (contract.md#connections).
    void add(std::string server_name, std::vector<Endpoint> endpoints,
             tls::Requirement requirement);
    /// No further server is known: what is owed in clear comes next.
    void no_more_servers() { all_are_known_ = true; }
    /// Whether another server would be tried at `now`; looking for one is useless otherwise.
    [[nodiscard]] bool wants_servers(Time now) const;
    /// The next connection to make at `now`; nothing when nothing is left to do.
    [[nodiscard]] std::optional<Step> next(Time now);

    /// What came of dialling: the endpoints that were really tried, and whether one of them
    /// answered. None tried means that the time for it is over.
    void note_dialled(const Step& step, std::span<const Endpoint> tried, bool connected);
    /// How the session with `endpoint` failed. `tls_trouble` is the sentence kept for a retry in
    /// clear.
    void note_failed(const Step& step, const Endpoint& endpoint, const Verdict& verdict,
                     std::string tls_trouble, Time now);
    /// The server took some recipients, and others wait for it: it is called again, next.
    void owe_further(const Step& step, const Endpoint& endpoint);
    /// After what is owed no other address is tried: the end of data was written.
    void only_what_is_owed() { only_owed_ = true; }
    /// Nothing is tried any more.
    void settle() { settled_ = true; }

    /// Whether a connection to it was tried in this delivery.
    [[nodiscard]] bool was_tried(const Endpoint& endpoint) const;
    /// Something known was left untried for a limit: then it is not certain that no server
    /// takes the mail.
    [[nodiscard]] bool left_untried() const { return left_untried_; }
    /// No new attempt begins from then on; set once TLS has failed.
    [[nodiscard]] const std::optional<Deadline>& until() const { return until_; }
    /// What STARTTLS and its handshake may take together where nothing requires them: a third of
    /// the time that is left (contract.md#clear-retry).
    [[nodiscard]] Duration tls_patience(Time now) const;
    /// Whether an address waits for its retry in clear.
    [[nodiscard]] bool owes_in_clear() const { return !owed_in_clear_.empty(); }

private:
    struct Server {
        std::string name;
        std::vector<Endpoint> endpoints;
        tls::Requirement requirement;
    };

    [[nodiscard]] bool may_go_on(Time now) const;
    [[nodiscard]] unsigned connections_for(const tls::Requirement& requirement) const;
    bool anyone_is_left();
    std::optional<Step> next_of_servers();
    std::optional<Step> next_in_clear();

    const Duration time_for_tls_;
    std::vector<Server> servers_;
    std::optional<Step> owed_now_;
    std::vector<Step> owed_in_clear_;
    std::vector<Endpoint> tried_;
    unsigned sessions_ = 0;
    unsigned connections_ = 0;
    std::optional<Deadline> until_;
    bool only_requiring_ = false;
    bool all_are_known_ = false;
    bool only_owed_ = false;
    bool settled_ = false;
    bool left_untried_ = false;
};

}  // namespace tern::delivery
