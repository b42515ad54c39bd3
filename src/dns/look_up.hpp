// One look-up: which server is asked when, with EDNS or without, over UDP or TCP, and when an
// answer is good enough. Transport is a Carrier's, reading messages is dns/message's.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/random.hpp"
#include "dns/resolver.hpp"

namespace tern::dns {

/// One query to one server, and what came back.
struct Request {
    enum class State { idle, waiting, answered, failed };

    State state = State::idle;
    std::size_t server = 0;  ///< index of ServerList::servers
    bool edns = false;       ///< the query has an OPT record
    bool tcp = false;
    std::string query;
    std::string answer;  ///< when answered: the message, with the id of the query
    /// When failed: what happened, a predicate whose subject is the server; where it is local
    /// trouble, a whole sentence.
    std::string why;
    bool is_local_trouble = false;
    bool edns_was_refused = false;  ///< the carrier asked again without EDNS by itself
};

/// Brings requests to name servers and answers back. It waits for answers as long as it is told.
class Carrier {
public:
    Carrier() = default;
    Carrier(const Carrier&) = delete;
    Carrier& operator=(const Carrier&) = delete;
    virtual ~Carrier() = default;

    /// Sends the query. The request must live until it has ended or is cancelled; one that has
    /// ended may be used again. May end it at once.
    virtual void send(Request& request) = 0;
    /// Forgets a request that is waiting; it is idle then.
    virtual void cancel(Request& request) noexcept = 0;
    /// Waits until something has happened to a request, or until `deadline`.
    virtual void wait(Deadline deadline) = 0;
};

/// The name servers, in what order and how patiently they are asked, and what was learnt of them.
struct ServerList {
    std::vector<IpAddress> servers;
    Duration patience = std::chrono::seconds(5);  ///< for an answer, doubled in each further round
    int rounds = 2;                               ///< over all servers
    bool rotate = false;                          ///< begin with any of them
    std::vector<std::size_t> order;               ///< the one to ask first, first
    std::vector<bool> without_edns;               ///< servers that refuse EDNS

    explicit ServerList(std::vector<IpAddress> all);
};

/// When one family's addresses are known, the other family is waited for no longer than this
/// (RFC 8305 3; contract.md#names).
constexpr Duration other_family_patience = std::chrono::milliseconds(50);
/// One look-up takes no longer, all servers and aliases together (contract.md#names).
constexpr Duration longest_look_up = std::chrono::seconds(30);

/// Makes look-ups, one at a time. It never suspends: the carrier waits. A server whose answer is
/// unusable, which is silent or cannot be reached is followed by the next one; one that was silent
/// is asked after the others from then on.
class LookUps {
public:
    /// All must outlive it.
    LookUps(Carrier& carrier, const Clock& clock, Random& random, ServerList& servers)
        : carrier_(carrier), clock_(clock), random_(random), servers_(servers) {}

    [[nodiscard]] Answer<Mx> mx(const Domain& domain, Deadline deadline);
    /// Both families side by side. The one that has no answer other_family_patience after the other
    /// one gave addresses is given up; its answer is late.
    [[nodiscard]] Addresses addresses(const Domain& host, Deadline deadline);
    [[nodiscard]] Answer<IpAddress> addresses(const Domain& host, Family family,
                                              Deadline deadline);

private:
    Carrier& carrier_;
    const Clock& clock_;
    Random& random_;
    ServerList& servers_;
};

}  // namespace tern::dns
