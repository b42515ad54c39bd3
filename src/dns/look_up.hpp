// One look-up: which server is asked when, with EDNS or without, over UDP or TCP, and when an
// answer is good enough. Transport is a Carrier's, reading messages is dns/message's.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
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

/// Brings requests to name servers and answers back. It never waits: the caller of the look-up
/// waits until something has happened to a request.
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
};

/// The name servers, in what order and how patiently they are asked, and what was learnt of them.
struct ServerList {
    std::vector<IpAddress> servers;
    Duration timeout = std::chrono::seconds(5);   ///< for an answer, doubled in each further round
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

template <class Record>
class Inquiry;

/// One look-up under way. It never waits: its caller calls advance() until that says true,
/// and waits in between until something has happened to a request or wakes() is there. A server
/// whose answer is unusable, which is silent or cannot be reached is followed by the next one; one
/// that was silent is asked after the others from then on. What is under way when it goes is
/// cancelled.
template <class Record>
class LookUp {
public:
    LookUp(std::unique_ptr<Inquiry<Record>> inquiry, Deadline by);
    LookUp(LookUp&&) noexcept;
    LookUp& operator=(LookUp&&) = delete;
    ~LookUp();

    /// Does what can be done without waiting. True when the answer is there, for take().
    bool advance(Time now);
    /// When advance() has something to do even if nothing happens to a request.
    [[nodiscard]] Deadline wakes() const;
    [[nodiscard]] Answer<Record> take();

private:
    std::unique_ptr<Inquiry<Record>> inquiry_;
    Deadline by_;
};

/// Both families side by side. The one that has no answer other_family_patience after the other
/// one gave addresses is given up; its answer is late.
class AddressLookUp {
public:
    AddressLookUp(std::unique_ptr<Inquiry<IpAddress>> ipv4,
                  std::unique_ptr<Inquiry<IpAddress>> ipv6, Deadline by);
    AddressLookUp(AddressLookUp&&) noexcept;
    AddressLookUp& operator=(AddressLookUp&&) = delete;
    ~AddressLookUp();

    /// See LookUp.
    bool advance(Time now);
    [[nodiscard]] Deadline wakes() const;
    [[nodiscard]] Addresses take();

private:
    std::unique_ptr<Inquiry<IpAddress>> ipv4_;
    std::unique_ptr<Inquiry<IpAddress>> ipv6_;
    Deadline by_;
    std::optional<Deadline> other_by_;
};

/// Begins look-ups. Those that share a server list learn from each other.
class LookUps {
public:
    /// All must outlive it and its look-ups.
    LookUps(Carrier& carrier, Random& random, ServerList& servers)
        : carrier_(carrier), random_(random), servers_(servers) {}

    [[nodiscard]] LookUp<Mx> mx(const Domain& domain, Time now, Deadline deadline);
    [[nodiscard]] AddressLookUp addresses(const Domain& host, Time now, Deadline deadline);
    [[nodiscard]] LookUp<IpAddress> addresses(const Domain& host, Family family, Time now,
                                              Deadline deadline);

private:
    Carrier& carrier_;
    Random& random_;
    ServerList& servers_;
};

}  // namespace tern::dns
