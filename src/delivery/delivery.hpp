// The state of one delivery while servers are tried. Only deliver.cpp and attempt.cpp know it.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "delivery/deliver.hpp"
#include "delivery/envelope.hpp"
#include "delivery/exchangers.hpp"
#include "delivery/rounds.hpp"
#include "delivery/sources.hpp"
#include "delivery/way.hpp"
#include "session/session.hpp"

namespace tern::delivery {

/// An attempt that failed, as far as its report needs it.
struct Attempt {
    Failure failure;
    Peer peer;
    tls::Requirement requirement;
    /// What the server said of each recipient of the envelope, as far as it did.
    std::vector<std::optional<RecipientReport>> letters;
    bool may_be_duplicate = false;
    std::string certificate_trouble;

    [[nodiscard]] Letter letter() const;
    [[nodiscard]] std::string words() const;
};

class Delivery {
public:
    /// All must outlive it.
    Delivery(World& world, const Settings& settings, const Arguments& arguments,
             const Addressing& addressing, bool& end_of_data_written);

    Task<Report> run();
    /// The report of a failure before any server was reached.
    [[nodiscard]] Report before_any_server(const Failure& failure) const;

private:
    /// An endpoint of an exchanger and what back-off knows of it.
    struct Candidate {
        Endpoint endpoint;
        Backoff::Finding silence;
    };

    // deliver.cpp: from the way out to connections.
    Task<Done> try_hop(NextHop hop);
    Task<Done> try_exchanger(const Exchanger& exchanger);
    Task<Done> try_again_in_clear();
    Task<Done> connect(const Exchanger& exchanger, const tls::Requirement& requirement,
                       std::vector<Candidate>& candidates);
    void note_dialled(const Exchanger& exchanger, const std::vector<Candidate>& racing,
                      const DialResult& dialled, std::vector<Candidate>& candidates);
    Task<Done> connect_again(const Peer& peer, const tls::Requirement& requirement);
    std::vector<Candidate> candidates_of(const Exchanger& exchanger);
    void note_unconnected(const Peer& peer, std::string_view why);
    Result<Done> read_token();
    Result<Done> read_mechanisms();
    const Result<Source>& source_of(Family family);
    Result<std::vector<Target>> targets_of(const std::vector<Candidate>& racing);
    [[nodiscard]] bool may_go_on() const;
    [[nodiscard]] Report final_report() const;

    // attempt.cpp: one session, and what its end means.
    Task<Done> attempt(std::unique_ptr<Stream> connection, Peer peer,
                       tls::Requirement requirement);
    Task<Done> measure_for_qmtp();
    Task<Done> attempt_by_qmtp(std::unique_ptr<Stream> connection, Peer peer);
    Task<Done> judge_end(Attempt ended, bool end_of_data_written);
    Task<Done> transact(session::Session& session, const session::Envelope& envelope,
                        session::Progress& progress);
    Task<Done> note_written(Task<Done> sending, const session::Progress& progress);
    Task<Done> further_rounds(session::Session& session, Peer peer, tls::Requirement requirement);
    Task<Done> finish_rounds(Peer peer, tls::Requirement requirement);
    void note_round(const Result<Done>& outcome, const session::Progress& progress,
                    bool doubtful, const Peer& peer, const tls::Requirement& requirement,
                    bool message_repeats);
    void give_up_rounds(const Peer& peer);
    void note_failure(Attempt failed);
    void keep_secrets(Report& report) const;
    [[nodiscard]] session::Terms terms_of(const Peer& peer,
                                          const tls::Requirement& requirement) const;
    [[nodiscard]] Duration time_for_tls() const;
    [[nodiscard]] Report report_of(const Attempt& attempt) const;
    [[nodiscard]] std::vector<RecipientReport> recipient_reports(
        const std::vector<std::optional<RecipientReport>>& letters) const;

    World& world_;
    const Settings& settings_;
    const Arguments& arguments_;
    const Addressing& addressing_;
    bool& end_of_data_written_;

    Way way_;
    std::array<std::optional<Result<Source>>, 2> sources_;  // by family, once asked for
    std::vector<sasl::Mechanism> mechanisms_;  // of control/authmechanisms; empty: the usual order
    std::string hello_name_;
    std::optional<Report> settled_;
    std::optional<Attempt> furthest_;
    std::string unconnected_;
    std::optional<std::uint64_t> qmtp_size_;  // once measured
    std::optional<Failure> unfound_;  // why the last hop has no server
    unsigned sessions_ = 0;
    unsigned connections_ = 0;
    bool only_where_demanded_ = false;
    bool chunking_ = true;
    std::vector<Exchanger> clear_again_;
    std::optional<Deadline> until_;  // set once a handshake has failed
    std::optional<Rounds> rounds_;   // once the envelope needs several transactions
    std::vector<Secret> said_;       // what AUTH said to any server
    std::string accepted_;           // the words of the first of them that was accepted
    std::string no_further_round_;   // how a server ended a session that was in step, if one did
};

}  // namespace tern::delivery
