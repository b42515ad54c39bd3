// The state of one delivery while servers are tried. Only the files of its members know it:
// deliver.cpp (the loop, the report), connect.cpp (one connection made), attempt.cpp and
// qmtp_attempt.cpp (one connection used), split.cpp (the envelope over several transactions).
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "delivery/deliver.hpp"
#include "delivery/envelope.hpp"
#include "delivery/exchangers.hpp"
#include "delivery/itinerary.hpp"
#include "delivery/outcome.hpp"
#include "delivery/rounds.hpp"
#include "routing/source.hpp"
#include "routing/route.hpp"
#include "session/session.hpp"

namespace tern::delivery {

/// A connection that was made.
struct Connection {
    std::unique_ptr<Stream> stream;
    Peer peer;
    std::optional<IpAddress> source;  ///< nothing: the system's choice
    std::string hello_name;
};

class Delivery {
public:
    /// All must outlive it.
    Delivery(Environment& environment, const routing::Settings& settings,
             const DeliveryRequest& request, const Addressing& addressing,
             bool& end_of_data_written);

    Task<Report> run(routing::Route route);
    /// The report of a failure before any server was reached.
    [[nodiscard]] Report before_any_server(const Failure& failure) const;

private:
    // deliver.cpp
    Task<Done> try_hop(routing::NextHop hop);
    Task<Done> add_server(const Exchanger& exchanger);
    Task<Done> proceed();
    Task<Done> take(const Step& step);
    void consider(Outcome outcome, const Step& step);
    void note_failure(Outcome failed);
    void settle(Report report);
    void settle_for_trouble(const Failure& trouble);
    Result<Done> read_credentials();
    [[nodiscard]] Report final_report() const;
    [[nodiscard]] Report report_of(const Outcome& outcome) const;
    [[nodiscard]] std::vector<RecipientReport> recipient_reports(
        const std::vector<std::optional<RecipientReport>>& letters) const;
    [[nodiscard]] bool others_may_take_it() const;
    [[nodiscard]] bool anyone_is_untried() const;

    // connect.cpp
    Task<Connection> connect(const Step& step);
    Result<Connection> note_dialled(const Step& step, const std::vector<Target>& targets,
                                    DialResult dialled);
    tl::unexpected<Failure> local_trouble(const DialResult::Each& each, Family family);
    void note_unconnected(const Peer& peer, std::string_view why);
    const Result<routing::Source>& source_of(Family family);
    Result<std::vector<Target>> targets_of(const Step& step);
    Task<std::vector<Endpoint>> not_silent(const Exchanger& exchanger);

    // attempt.cpp
    Task<Outcome> attempt(Connection connection, const Step& step);
    Task<Done> first_transaction(session::Session& session, Outcome& outcome);
    Task<Done> transact(session::Session& session, const session::Envelope& envelope,
                        session::Progress& progress);
    Task<Done> note_written(Task<Done> sending, const session::Progress& progress);
    [[nodiscard]] session::Identity identity_of(Connection&& connection, const Step& step) const;
    [[nodiscard]] session::Options options_of(const Peer& peer, const Step& step) const;

    // qmtp_attempt.cpp
    Task<Done> measure_for_qmtp();
    Task<Outcome> attempt_by_qmtp(Connection connection);

    // split.cpp
    Task<Done> further_transactions(session::Session& session, Outcome& outcome);
    void note_round(const Result<Done>& sent, const session::Progress& progress,
                    const Outcome& outcome, bool message_repeats);
    void consider_split(const Outcome& outcome, const Step& step);
    void begin_at_another_server();
    void go_on_without_connection(const Step& step);
    void give_up_rounds(const Peer& peer);
    [[nodiscard]] bool may_leave_to_others(const Failure& failure, const Outcome& outcome);
    void settle_split();
    void settle_split_for_trouble(const Failure& trouble);

    Environment& environment_;
    const routing::Settings& settings_;
    const DeliveryRequest& request_;
    const Addressing& addressing_;
    bool& end_of_data_written_;

    routing::Route route_;  // of its credentials the values stand in credentials_
    std::shared_ptr<const sasl::Credentials> credentials_;
    std::array<std::optional<Result<routing::Source>>, 2> sources_;  // by family, once asked for
    std::vector<sasl::Mechanism> mechanisms_;  // of control/authmechanisms; empty: the usual order
    std::vector<Endpoint> listed_;             // of which the time-out table has a record
    Itinerary itinerary_;
    std::optional<Report> settled_;
    std::optional<Outcome> furthest_;     // of those that failed temporarily
    std::optional<Outcome> conditional_;  // rejected, unless another exchanger takes the mail
    std::vector<Endpoint> failed_for_now_;  // that said nothing else since
    std::string unconnected_;
    bool reached_ = false;            // a server of the exchanger under way answered the connection
    bool unasked_ = false;            // exchangers that no limit or look-up let us ask
    std::optional<Failure> unfound_;  // why the last hop has no server
    std::optional<std::uint64_t> qmtp_size_;  // once measured
    std::vector<Secret> said_;                // what AUTH said to any server

    Rounds rounds_;
    bool split_ = false;            // the envelope needs several transactions
    Peer split_peer_;               // the server that was last asked to take them
    bool took_recipient_ = false;   // the server of the last session accepted one
    std::size_t waiting_ = 0;       // recipients, when that server was called last
    std::string another_failed_;    // how the last session that accepted no recipient failed
    std::string accepted_;          // the words of the first transaction that was accepted
    std::string no_further_round_;  // how a server ended a session that was in step, if one did
};

}  // namespace tern::delivery
